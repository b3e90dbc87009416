#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "cpu/quant/product.h"

/// Matrix product of quantized activations with constant weights that have no batch of their own.
namespace sinter::quant {
namespace {

struct MatMulShape {
    int64_t rows = 1, k = 0, n = 0;
    bool transB = false;
    std::vector<int64_t> result;
};

std::optional<MatMulShape> shapeOf(const LayerDesc& layer) {
    if (layer.op != "MatMul" || layer.opInputs < 2 || layer.inputs.size() < 2 || layer.outputs.empty()) return std::nullopt;
    const TensorInfo& a = layer.inputs[0];
    const TensorInfo& b = layer.inputs[1];
    if (!isStored(a) || !hasIntegerWeights(layer) || a.dims.empty() || a.dims.size() > static_cast<size_t>(kMaxRank)) return std::nullopt;
    if (layer.intAttr("trans_a", 0) != 0) return std::nullopt;
    MatMulShape s;
    s.transB = layer.intAttr("trans_b", 0) != 0;
    const size_t rb = b.dims.size();
    if (b.count() != b.dims[rb - 1] * b.dims[rb - 2] || rb > std::max<size_t>(a.dims.size(), 2)) return std::nullopt;
    s.k = a.dims.back();
    s.n = s.transB ? b.dims[rb - 2] : b.dims[rb - 1];
    if ((s.transB ? b.dims[rb - 1] : b.dims[rb - 2]) != s.k || !fitsInt32(layer, s.k)) return std::nullopt;
    s.result.assign(a.dims.begin(), a.dims.end() - 1);
    for (const int64_t d : s.result) {
        if (d < 1) return std::nullopt;
        s.rows *= d;
    }
    s.result.push_back(s.n);
    if (layer.opInputs > 2 && layer.inputs[2].present() && ((layer.inputs[2].dtype != DType::F32 && !hasIntegerBias(layer)) || layer.inputs[2].count() != s.n)) return std::nullopt;
    const auto splits = layer.intsAttr("splits");
    if (splits.empty() ? layer.outputs.size() != 1 : splits.size() != layer.outputs.size()) return std::nullopt;
    int64_t columns = 0;
    for (const TensorInfo& o : layer.outputs) {
        if (!readableRow(o) || o.dims.size() != s.result.size() || !std::equal(o.dims.begin(), o.dims.end() - 1, s.result.begin())) return std::nullopt;
        columns += o.dims.back();
    }
    if (columns != s.n) return std::nullopt;
    for (size_t i = 0; i < splits.size(); ++i) {
        if (splits[i] != layer.outputs[i].dims.back() || splits[i] < 1) return std::nullopt;
    }
    return s;
}

Plan planFor(const LayerDesc& layer, const MatMulShape& s, const Kernels& k) {
    return planProduct(k, s.rows, 1, s.k, s.n, layer.intsAttr("splits"), 1);
}

/// Bytes from one row's numbers to the next; never a multiple of half a page.
int64_t rowBytes(const MatMulShape& s, const Kernels& k) {
    const int64_t bytes = (s.k * (k.perWord == 4 ? 1 : 2) + 63) / 64 * 64;
    return bytes % 2048 == 0 ? bytes + 64 : bytes;
}

class MatMul final : public Kernel {
public:
    MatMul(const LayerDesc& layer, const MatMulShape& s, const Family& f)
        : opInputs_(layer.opInputs), a_(layer.inputs[0]), s_(s), kernels_(f.kernels()), product_(layer, planFor(layer, s, kernels_), s.result, f) {}

    void run(const KernelArgs& args) override {
        const TensorView& a = args.inputs[0];
        auto* copy = static_cast<std::byte*>(args.workspace);
        const int64_t pitch = rowBytes(s_, kernels_);
        const gemm::RowMap rows = gemm::rowsOf(a, a.rank - 1);
        const int64_t step = a.strides[static_cast<size_t>(a.rank - 1)];
        std::atomic<bool> negative = false;
        const auto body = [&](int64_t begin, int64_t end, int) {
            std::vector<std::byte> line;
            for (int64_t r = begin; r < end; ++r) {
                int64_t offset = 0;
                rows.offsets(r, 1, &offset);
                const auto* from = static_cast<const std::byte*>(a.data) + offset;
                if (s_.k > 1 && step != 1) {
                    line.resize(static_cast<size_t>(s_.k));
                    for (int64_t i = 0; i < s_.k; ++i) line[static_cast<size_t>(i)] = from[i * step];
                    from = line.data();
                }
                if (kernels_.widen({copy + r * pitch, from, s_.k, a_.dtype == DType::U8, static_cast<int>(a_.zeroPoint)})) negative = true;
            }
        };
        if (args.pool) args.pool->parallelFor(s_.rows, std::max<int64_t>(1, 16384 / pitch), body);
        else body(0, s_.rows, 0);
        const int64_t noOffset = 0;
        Operands o;
        o.a = copy;
        o.aRows.push(s_.rows, pitch);
        o.tapOffsets = std::span(&noOffset, 1);
        o.packed = args.inputs[1].data;
        if (opInputs_ > 2 && args.inputs[2].present()) {
            if (args.inputs[2].dtype == DType::I32) o.integerBias = args.inputs[2].as<const int32_t>();
            else o.bias = args.inputs[2].as<const float>();
        }
        o.extras = args.inputs.subspan(opInputs_);
        o.outputs = args.outputs;
        o.columnAxis = static_cast<int>(s_.result.size()) - 1;
        o.negative = negative;
        product_.run(o, args.pool, copy + s_.rows * pitch + 64);
    }

private:
    uint32_t opInputs_;
    TensorInfo a_;
    MatMulShape s_;
    const Kernels& kernels_;
    Product product_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const Family& f, int threads) {
    const auto s = shapeOf(layer);
    if (!s || !formTakes(layer, f)) return std::nullopt;
    const auto epilogue = compileEpilogue(layer, s->result, f);
    if (!epilogue) return std::nullopt;
    const Kernels& k = f.kernels();
    const Plan p = planFor(layer, *s, k);
    TacticInfo info;
    const size_t inputs = layer.inputs.size();
    info.inputLayouts.assign(inputs, "linear");
    info.inputLayouts[0] = info.inputLayouts[1] = "";
    info.outputLayouts.assign(layer.outputs.size(), "linear");
    info.packing.resize(inputs);
    info.inputViews.assign(inputs, 1);
    info.outputViews.assign(layer.outputs.size(), 1);
    for (size_t i = 1; i < layer.opInputs; ++i) info.inputViews[i] = 0;
    info.packing[1] = {std::string(k.form == Form::Unsigned ? "u8" : "s8") + "_matmul_panels_" + std::to_string(k.perWord) + "x" + std::to_string(2 * k.lanes), p.packedBytes()};
    const int64_t copied = s->rows * rowBytes(*s, k) + 64;
    info.workspace = static_cast<uint64_t>(copied) + Product::workspaceBytes(layer, p, *epilogue, k, threads);
    const auto rows = static_cast<double>(p.rows);
    // Few rows leave the arithmetic units waiting for each other.
    const double fill = rows < 4 ? rows / 4 : 1;
    const double macs = rows * static_cast<double>(p.paddedColumns * p.wordsPerTap * k.perWord) / (f.macsPerNs * fill);
    const double program = epilogue->general ? epilogue->general->cost() * rows * static_cast<double>(p.columns) : 0;
    const double store = rows * static_cast<double>(p.paddedColumns) * 2.2 / k.lanes + program;
    const double memory = static_cast<double>(p.weightBytes) / f.floats.bytesPerNs;
    info.estimate = (std::max(macs, memory) + store + static_cast<double>(copied) * 0.03) / threads + 2000;
    return info;
}

void pack(const LayerDesc& layer, const Family& f, int input, const void* raw, void* packed) {
    const auto s = shapeOf(layer);
    if (!s || input != 1) throw std::runtime_error("Layer \"" + layer.name + "\" has no such packed constant.");
    const Kernels& k = f.kernels();
    const IntegerWeights w = integerWeights(layer, raw);
    packProduct(planFor(layer, *s, k), k, layer, w.scales, packed, [&](int64_t, int64_t at, int64_t column) {
        return w.values[static_cast<size_t>(s->transB ? column * s->k + at : at * s->n + column)];
    });
}

KernelRow row(const Family& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "MatMul";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return supports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<MatMul>(l, *shapeOf(l), f); };
    r.pack = [&f](const LayerDesc& l, int input, const void* raw, void* packed) { pack(l, f, input, raw, packed); };
    return r;
}

}  // namespace

SINTER_KERNEL(s8_matmul_avx2){row(familyAvx2(), "s8_matmul__avx2_6x16")};
SINTER_KERNEL(s8_matmul_avx2_bytes){row(familyAvx2Bytes(), "s8_matmul__avx2_bytes_6x16")};
SINTER_KERNEL(s8_matmul_avx512){row(familyAvx512(), "s8_matmul__avx512_14x32")};
SINTER_KERNEL(s8_matmul_vnni){row(familyVnni(), "s8_matmul__vnni_14x32")};

}  // namespace sinter::quant
