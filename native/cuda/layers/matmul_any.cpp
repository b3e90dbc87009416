// MatMul of any kind.
#include <algorithm>
#include <cmath>

#include "cuda/codegen/types.h"
#include "cuda/layers/strided.h"
#include "cuda/layers/weights.h"

namespace sinter::cuda {
namespace {

using Dims = std::vector<int64_t>;

/// As in matmul_any.cu.
struct DeviceShape {
    const void* a = nullptr;
    const void* b = nullptr;
    int64_t aRow = 0, aK = 0, bK = 0, bColumn = 0;
    int64_t aBatch[7] = {}, bBatch[7] = {};
    int32_t batch[7] = {1, 1, 1, 1, 1, 1, 1};
    int32_t rank = 0, rows = 0, columns = 0, k = 0, flat = 0;
};

struct Product {
    bool integer = false, transA = false, transB = false;
    int64_t rows = 0, columns = 0, k = 0, batches = 1;
    Dims result;
};

std::optional<Product> productOf(const LayerDesc& d) {
    if (d.inputs.size() < 2 || d.outputs.empty() || d.inputs[0].dims.size() < 2 || d.inputs[1].dims.size() < 2 || d.outputs[0].dims.size() < 2) return std::nullopt;
    Product p;
    p.integer = isIntegerProduct(d);
    p.transA = d.intAttr("trans_a", 0) != 0;
    p.transB = d.intAttr("trans_b", 0) != 0;
    p.result = d.outputs[0].dims;
    for (size_t i = 1; i < d.outputs.size(); ++i) p.result.back() += d.outputs[i].dims.back();
    const Dims& a = d.inputs[0].dims;
    p.rows = p.result[p.result.size() - 2];
    p.columns = p.result.back();
    p.k = a[a.size() - (p.transA ? 2 : 1)];
    for (size_t i = 0; i + 2 < p.result.size(); ++i) p.batches *= p.result[i];
    return p;
}

bool packs(const LayerDesc& d) { return d.inputs[1].constant && d.inputs[1].dims.size() == 2; }
uint64_t factorsAt(const LayerDesc& d) { return (static_cast<uint64_t>(d.inputs[1].count()) + 63) / 64 * 64; }

std::optional<Epilogue> epilogueOf(const LayerDesc& d, const Product& p) {
    Epilogue::Options options{.biasInput = d.opInputs > 2 ? 2 : -1, .alpha = d.floatAttr("alpha", 1), .constantShape = false};
    if (p.integer) {
        options.scaleInput = 1;
        options.scaleOffset = factorsAt(d);
        options.alpha = 1;  // part of the factors
    }
    return Epilogue::of(d, {p.result, p.result.size() - 1}, options);
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!storable(d) || !wellFormed(d)) return std::nullopt;
    const auto p = productOf(d);
    if (!p || p->result.size() > 8) return std::nullopt;
    if (d.inputs[0].quantized() ? (!p->integer || !packs(d)) : d.inputs[1].quantized()) return std::nullopt;
    if (!d.inputs[0].quantized() && isFloat(d.inputs[0].dtype) != isFloat(d.inputs[1].dtype)) return std::nullopt;
    if (!epilogueOf(d, *p)) return std::nullopt;
    TacticInfo info;
    Epilogue::describe(d, info, "");
    if (packs(d)) {
        info.packing[1] = {p->integer ? "cuda_kn_i8" : "cuda_kn",
                           p->integer ? factorsAt(d) + static_cast<uint64_t>(p->columns) * sizeof(float)
                                      : static_cast<uint64_t>(d.inputs[1].count()) * dtypeSize(d.inputs[1].dtype)};
        info.inputViews[1] = 0;
    }
    const bool flat = d.inputs[1].dims.size() == 2;
    const double tiles = flat ? std::ceil(static_cast<double>(p->rows * p->batches) / 64) * std::ceil(static_cast<double>(p->columns) / 64)
                              : std::ceil(static_cast<double>(p->rows) / 64) * std::ceil(static_cast<double>(p->columns) / 64) * static_cast<double>(p->batches);
    info.estimate = std::ceil(tiles / (2.0 * std::max(1, device.multiprocessors))) * static_cast<double>((p->k + 15) / 16) * 600 + moveEstimate(d, device);
    return info;
}

LaunchSpec launchOf(const LayerDesc& d, const Product& p, const Epilogue& epilogue, const KernelArgs& args) {
    const TensorView &a = args.inputs[0], &b = args.inputs[1];
    const auto ar = static_cast<size_t>(a.rank), br = static_cast<size_t>(b.rank), r = p.result.size();
    DeviceShape s;
    s.a = a.data;
    s.b = b.data;
    s.aRow = a.strides[ar - (p.transA ? 1 : 2)];
    s.aK = a.strides[ar - (p.transA ? 2 : 1)];
    if (packs(d)) {
        s.bK = p.columns;
        s.bColumn = 1;
    } else {
        s.bK = b.strides[br - (p.transB ? 1 : 2)];
        s.bColumn = b.strides[br - (p.transB ? 2 : 1)];
    }
    s.rank = static_cast<int32_t>(r - 2);
    s.flat = 1;
    for (size_t i = 0; i + 2 < r; ++i) {
        s.batch[i] = static_cast<int32_t>(p.result[i]);
        const auto stride = [&](const TensorView& v, size_t rank) -> int64_t {
            if (i + rank < r) return 0;
            const size_t axis = i + rank - r;
            return v.dims[axis] == 1 ? 0 : v.strides[axis];
        };
        s.aBatch[i] = stride(a, ar);
        s.bBatch[i] = packs(d) ? 0 : stride(b, br);
        if (s.bBatch[i] != 0) s.flat = 0;
    }
    s.rows = static_cast<int32_t>(p.rows);
    s.columns = static_cast<int32_t>(p.columns);
    s.k = static_cast<int32_t>(p.k);
    const int64_t rows = s.flat ? p.rows * p.batches : p.rows;
    LaunchSpec spec;
    spec.dependent = true;
    spec.entry = "matmul_any";
    spec.block = {256, 1, 1};
    spec.grid = {static_cast<uint32_t>((rows + 63) / 64), static_cast<uint32_t>((p.columns + 63) / 64),
                 s.flat ? 1 : static_cast<uint32_t>(std::min<int64_t>(p.batches, 65535))};
    spec.params.add(s);
    epilogue.addParams(spec.params, args);
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties&) {
    const Product p = *productOf(d);
    const Epilogue epilogue = *epilogueOf(d, p);
    Source source;
    source.file = "matmul_any.cu";
    source.defines = {{"A_T", storageType(d.inputs[0].dtype)}, {"B_T", p.integer ? "int8_t" : storageType(d.inputs[1].dtype)}, {"SUM_T", p.integer ? "int" : "acc_t"}};
    source.define("ZERO", p.integer ? d.inputs[0].zeroPoint : 0);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [d, p, epilogue](const KernelArgs& args) { return std::vector{launchOf(d, p, epilogue, args)}; }};
}

void pack(const LayerDesc& d, int, const void* raw, void* packed) {
    const Product p = *productOf(d);
    const int64_t count = d.inputs[1].count();
    const auto place = [&](int64_t i) { return p.transB ? i % p.k * p.columns + i / p.k : i; };
    if (!p.integer) return scatter(raw, packed, count, dtypeSize(d.inputs[1].dtype), place);
    const IntegerWeights w = integerWeights(d, raw, p.columns, [&](int64_t i) { return p.transB ? i / p.k : i % p.columns; });
    scatter(w.values.data(), packed, count, 1, place);
    std::memcpy(static_cast<std::byte*>(packed) + factorsAt(d), w.factors.data(), w.factors.size() * sizeof(float));
}

SINTER_CUDA_KERNEL(matmul_any)({.name = "any_matmul__cuda", .op = "MatMul", .supports = supports, .make = make, .pack = pack});

}  // namespace
}  // namespace sinter::cuda
