// Reduce.
#include <algorithm>
#include <array>

#include "cuda/codegen/types.h"
#include "cuda/layers/axes.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

using Dims = std::vector<int64_t>;
constexpr std::array kKinds{"Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"};

/// As in reduce.cu.
struct DeviceShape {
    const void* x = nullptr;
    int64_t keptStrides[8] = {}, reducedStrides[8] = {};
    int32_t kept[8] = {1, 1, 1, 1, 1, 1, 1, 1}, reduced[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    int32_t keptRank = 0, reducedRank = 0, results = 0, count = 0, columns = 0;
    float scale = 1, zero = 0;
};

std::vector<bool> reducedAxes(const LayerDesc& d) {
    const size_t rank = d.inputs[0].dims.size();
    std::vector<bool> reduced(rank, false);  // no axes: nothing is reduced
    for (const int64_t a : d.intsAttr("axes")) reduced[static_cast<size_t>(a < 0 ? a + static_cast<int64_t>(rank) : a)] = true;
    return reduced;
}

/// The result as rows × columns: its last axis of more than one element is the columns, so results are numbered in
/// row-major order. A scalar result counts as one element of rank 1.
ResultShape resultShape(const LayerDesc& d) {
    ResultShape s{d.outputs[0].dims, 0};
    if (s.dims.empty()) s.dims.push_back(1);
    s.columnAxis = s.dims.size() - 1;
    return s;
}

/// Elements of a 16-byte load, at most 8.
int64_t vectorOf(const LayerDesc& d) { return std::min<int64_t>(8, 16 / static_cast<int64_t>(dtypeSize(d.inputs[0].dtype))); }

std::optional<Epilogue> epilogueOf(const LayerDesc& d) { return Epilogue::of(d, resultShape(d), {.constantShape = false}); }

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!storable(d) || !wellFormed(d) || d.inputs[0].scale.size() > 1 || d.inputs[0].count() == 0) return std::nullopt;
    const std::string kind = d.stringAttr("kind", "");
    if (std::find(kKinds.begin(), kKinds.end(), kind) == kKinds.end()) return std::nullopt;
    if ((kind == "LogSum" || kind == "LogSumExp") && !isFloat(valueType(d.inputs[0]))) return std::nullopt;
    if (!epilogueOf(d)) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 2);
    return info;
}

LaunchSpec launchOf(const LayerDesc& d, const Epilogue& epilogue, const KernelArgs& args, const DeviceProperties& device) {
    const TensorView& x = args.inputs[0];
    const std::vector<bool> reduced = reducedAxes(d);
    DeviceShape s;
    s.x = x.data;
    s.results = 1;
    Axes inner{{}, {{}}};
    int64_t keptStep = 0;
    for (size_t a = 0; a < static_cast<size_t>(x.rank); ++a) {
        if (reduced[a]) {
            inner.dims.push_back(x.dims[a]);
            inner.strides[0].push_back(x.strides[a]);
        } else if (x.dims[a] != 1) {
            s.kept[s.keptRank] = static_cast<int32_t>(x.dims[a]);
            s.keptStrides[s.keptRank++] = x.strides[a];
            s.results *= static_cast<int32_t>(x.dims[a]);
            keptStep = x.strides[a];
        }
    }
    inner.simplify();
    s.reducedRank = static_cast<int32_t>(inner.dims.size());
    s.count = static_cast<int32_t>(inner.count());
    for (size_t a = 0; a < inner.dims.size(); ++a) {
        s.reduced[a] = static_cast<int32_t>(inner.dims[a]);
        s.reducedStrides[a] = inner.strides[0][a];
    }
    s.columns = static_cast<int32_t>(resultShape(d).columns());
    if (d.inputs[0].quantized()) {
        s.scale = static_cast<float>(d.inputs[0].scale[0]);
        s.zero = static_cast<float>(d.inputs[0].zeroPoint);
    }
    LaunchSpec spec;
    spec.dependent = true;
    const int64_t vector = vectorOf(d);
    bool vectors = keptStep == 1 && vector > 1 && d.stringAttr("kind", "") != "LogSumExp" && s.kept[s.keptRank - 1] % vector == 0 &&
                   reinterpret_cast<uint64_t>(x.data) % (static_cast<uint64_t>(vector) * dtypeSize(x.dtype)) == 0;
    for (int a = 0; a + 1 < s.keptRank; ++a) vectors = vectors && s.keptStrides[a] % vector == 0;
    for (int a = 0; a < s.reducedRank; ++a) vectors = vectors && s.reducedStrides[a] % vector == 0;
    if (vectors) {
        const auto width = static_cast<int32_t>(vector * 8);  // results of a block
        spec.entry = "reduce_vectors";
        spec.block = {256, 1, 1};
        spec.grid = {static_cast<uint32_t>((s.results + width - 1) / width), 1, 1};
    } else if (keptStep == 1) {
        spec.entry = "reduce_columns";
        spec.block = {32, 8, 1};
        spec.grid = {static_cast<uint32_t>((s.results + 31) / 32), 1, 1};
    } else {
        spec.entry = "reduce_warp";
        spec.block = {256, 1, 1};
        spec.grid = gridFor(static_cast<int64_t>(s.results) * 32, 256, device);
    }
    spec.params.add(s);
    epilogue.addParams(spec.params, args);
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const Epilogue epilogue = *epilogueOf(d);
    Source source;
    source.file = "reduce.cu";
    const DType t = valueType(d.inputs[0]);
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"ACC_T", computeType(t)}, {"KIND", d.stringAttr("kind", "")}};
    source.define("IS_FLOAT", isFloat(t));
    source.define("VECTOR", vectorOf(d));
    source.define("QUANTIZED", d.inputs[0].quantized());
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [d, epilogue, device](const KernelArgs& args) { return std::vector{launchOf(d, epilogue, args, device)}; }};
}

SINTER_CUDA_KERNEL(reduce)({.name = "any_reduce__cuda", .op = "Reduce", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
