#include <algorithm>
#include <stdexcept>

#include "cpu/matmul/matmul_shape.h"
#include "cpu/matmul/split_gemm.h"

/// Matrix product with a constant right operand on the matrix units.
namespace sinter::gemm {
namespace {

struct Plan {
    MatMulShape s;
    SplitShape shape;
    PanelPlan panels;
};

std::optional<Plan> planOf(const LayerDesc& layer) {
    if (!splitAvailable()) return std::nullopt;
    const auto s = matMulShapeOf(layer);
    if (!s || !s->sharedB || !layer.inputs[1].constant || s->transA || layer.inputs[0].dims.size() < 2) return std::nullopt;
    Plan p;
    p.s = *s;
    const int64_t rows = s->m * s->batches();
    if (rows < 8 || s->k < 16) return std::nullopt;
    p.shape.imageRows = p.shape.pitch = p.shape.width = rows;
    p.shape.lines = 1;
    p.shape.k = s->k;
    p.panels = planSplitPanels(p.shape, s->n, layer.intsAttr("splits"));
    return p;
}

class MatMulSplit final : public Kernel {
public:
    MatMulSplit(const LayerDesc& layer, Plan p)
        : opInputs_(layer.opInputs), alpha_(static_cast<float>(layer.floatAttr("alpha", 1))), p_(std::move(p)),
          epilogue_(*compileEpilogue(layer, p_.s.result, simd::kAvx512)) {}

    void run(const KernelArgs& args) override {
        const TensorView& a = args.inputs[0];
        auto* const split = static_cast<uint16_t*>(args.workspace);
        splitRows(a, split, args.pool);
        const int column = static_cast<int>(p_.s.result.size()) - 1;
        std::vector<Output> outputs;
        for (const TensorView& o : args.outputs) outputs.push_back({o.as<float>(), rowsOf(o, column)});
        const std::vector<Extra> extras = bindExtras(args.inputs.subspan(opInputs_), p_.s.result, column);
        Operands operands;
        operands.weights = args.inputs[1].as<const float>();
        operands.bias = opInputs_ > 2 && args.inputs[2].present() ? args.inputs[2].as<const float>() : nullptr;
        operands.alpha = alpha_;
        operands.outputs = outputs;
        operands.extras = extras;
        const int64_t floats = (p_.shape.halves() * 2 + 63) / 64 * 16;
        runSplit(p_.shape, p_.panels, epilogue_, operands, split, args.pool, static_cast<float*>(args.workspace) + floats);
    }

private:
    void splitRows(const TensorView& a, uint16_t* split, ThreadPool* pool) const {
        const SplitKernels& kernels = splitKernels();
        const RowMap rows = rowsOf(a, a.rank - 1);
        const int64_t step = a.strides[a.rank - 1];
        const int64_t row = p_.shape.rowHalves();
        const int64_t low = p_.shape.paddedK();
        const int64_t count = p_.shape.imageRows;
        const auto body = [&](int64_t begin, int64_t end, int) {
            std::vector<float> line(step == 1 ? 0 : static_cast<size_t>(p_.s.k));
            for (int64_t r = begin; r < end; ++r) {
                int64_t offset = 0;
                rows.offsets(r, 1, &offset);
                const float* from = a.as<const float>() + offset;
                if (!line.empty()) {
                    for (int64_t k = 0; k < p_.s.k; ++k) line[static_cast<size_t>(k)] = from[k * step];
                    from = line.data();
                }
                kernels.split(from, p_.s.k, low, split + r * row, split + r * row + low);
            }
        };
        // Register tiles may read past the last row.
        std::fill_n(split + count * row, 32 * row, uint16_t{0});
        if (pool) {
            pool->parallelFor(count, 8, body);
        } else {
            body(0, count, 0);
        }
    }

    uint32_t opInputs_;
    float alpha_;
    Plan p_;
    Epilogue epilogue_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, int threads) {
    const auto p = planOf(layer);
    if (!p) return std::nullopt;
    const auto epilogue = compileEpilogue(layer, p->s.result, simd::kAvx512);
    if (!epilogue) return std::nullopt;
    TacticInfo info;
    const size_t inputs = layer.inputs.size();
    info.inputLayouts.assign(inputs, "linear");
    info.inputLayouts[0] = "";
    info.outputLayouts.assign(layer.outputs.size(), "linear");
    info.packing.resize(inputs);
    info.inputViews.assign(inputs, 1);
    info.outputViews.assign(layer.outputs.size(), 1);
    for (size_t i = 1; i < layer.opInputs; ++i) info.inputViews[i] = 0;
    info.packing[1] = {"f32_matmul_bf16x3_panels_x32", static_cast<uint64_t>(p->panels.packedFloats) * 2};
    info.workspace = splitWorkspaceBytes(p->shape, *epilogue, threads);
    info.estimate = splitEstimate(p->shape, p->panels, *epilogue) / threads + 3000;
    return info;
}

void pack(const LayerDesc& layer, int input, const void* raw, void* packed) {
    const auto p = planOf(layer);
    if (!p || input != 1) throw std::runtime_error("Layer \"" + layer.name + "\" has no such packed constant.");
    const auto* b = static_cast<const float*>(raw);
    const MatMulShape& s = p->s;
    packSplitPanels(p->shape, p->panels, static_cast<uint16_t*>(packed),
                    [&](int64_t, int64_t k, int64_t n) { return s.transB ? b[n * s.k + k] : b[k * s.n + n]; });
}

KernelRow row() {
    KernelRow r;
    r.name = "f32_matmul_bf16x3__amx_32x32";
    r.op = "MatMul";
    r.isa = Isa::Avx512;
    r.supports = supports;
    r.make = [](const LayerDesc& l, int) -> std::unique_ptr<Kernel> {
        auto p = planOf(l);
        if (!p) throw std::runtime_error("Layer \"" + l.name + "\" was built for a CPU with AMX, which this machine does not offer.");
        return std::make_unique<MatMulSplit>(l, std::move(*p));
    };
    r.pack = pack;
    return r;
}

}  // namespace

SINTER_KERNEL(f32_matmul_bf16x3){row()};

}  // namespace sinter::gemm
