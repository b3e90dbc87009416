#include <algorithm>
#include <stdexcept>

#include "cpu/matmul/gemm.h"
#include "cpu/matmul/matmul_shape.h"

/// Matrix product with numpy's batch broadcasting over strided operands.
namespace sinter::gemm {
namespace {

using simd::IsaFamily;

/// A kernel's instruction set and the form of its operands.
struct Variant {
    const IsaFamily& family;
    Form form = Form::F32;
    bool halves() const { return form != Form::F32; }
    DType a() const { return form == Form::Pairs ? DType::BF16 : DType::F32; }
    DType b() const { return form == Form::F32 ? DType::F32 : form == Form::WF16 ? DType::F16 : DType::BF16; }
    int64_t perWord() const { return form == Form::Pairs ? 2 : 1; }
    const Kernels& kernels() const { return kernelsOf(family, form); }
    std::optional<Epilogue> epilogue(const LayerDesc& layer, const MatMulShape& s) const {
        return compileEpilogue(layer, s.result, family, halves());
    }
};

/// One axis of a batch, or of the two matrix axes, as stride; 0 where broadcast.
int64_t batchStride(const TensorView& v, size_t axis, size_t batchRank) {
    const int own = static_cast<int>(axis) + v.rank - 2 - static_cast<int>(batchRank);
    return own < 0 || v.dims[own] == 1 ? 0 : v.strides[own];
}

int64_t roundUp(int64_t n) { return (n + 15) / 16 * 16; }

struct Plan {
    MatMulShape s;
    PanelPlan panels;
    Shape shape;
    int64_t bBatches = 1;  ///< distinct matrices b
};

Plan planFor(const LayerDesc& layer, const MatMulShape& s, const Variant& v) {
    const IsaFamily& f = v.family;
    Plan p;
    p.s = s;
    p.panels = planPanels(f.lanes, s.k / v.perWord(), s.n, layer.intsAttr("splits"), 1);
    p.shape.rows = s.sharedB ? s.m * s.batches() : s.m;
    p.shape.klen = s.k / v.perWord();
    p.shape.copyRows = p.shape.rows > 1 && crowdsCacheSets(p.shape.klen, f.tileRows);
    const TensorInfo& b = layer.inputs[1];
    for (size_t i = 0; i + 2 < b.dims.size(); ++i) p.bBatches *= b.dims[i];
    return p;
}

class MatMul final : public Kernel {
public:
    MatMul(const LayerDesc& layer, const MatMulShape& s, const Variant& v)
        : opInputs_(layer.opInputs), constantB_(layer.inputs[1].constant), alpha_(static_cast<float>(layer.floatAttr("alpha", 1))),
          plan_(planFor(layer, s, v)), kernels_(v.kernels()), epilogue_(*v.epilogue(layer, s)) {}

    void run(const KernelArgs& args) override {
        const MatMulShape& s = plan_.s;
        TensorView a = args.inputs[0];
        if (a.rank == 1) {
            a.rank = 2;
            a.dims[1] = a.dims[0];
            a.strides[1] = a.strides[0];
            a.dims[0] = 1;
        } else if (s.transA) {
            std::swap(a.dims[a.rank - 1], a.dims[a.rank - 2]);
            std::swap(a.strides[a.rank - 1], a.strides[a.rank - 2]);
        }
        if (s.k > 1 && a.strides[a.rank - 1] != 1) a = denseRows(a, args.pool);
        const int column = static_cast<int>(s.result.size()) - 1;
        if (s.sharedB) {
            std::vector<Output> outputs;
            for (const TensorView& o : args.outputs) outputs.push_back({o.data, rowsOf(o, column), numbersOf(o.dtype)});
            const std::vector<Extra> extras = bindExtras(args.inputs.subspan(opInputs_), s.result, column);
            auto* workspace = static_cast<float*>(args.workspace);
            const void* weights = args.inputs[1].data;
            if (!constantB_) {
                packB(args.inputs[1], 0, workspace, args.pool);
                weights = workspace;
                workspace += roundUp(plan_.panels.packedFloats);
            }
            const StridedRows rows(a.data, rowsOf(a, a.rank - 1), kernels_.form == Form::Pairs ? 2 : 4);
            multiply(args, rows, weights, outputs, extras, args.pool, workspace);
            return;
        }
        batched(args, a, column);
    }

    /// Workspace in floats: what each worker, or the one product, needs besides gemm::run's own.
    static int64_t workspaceFloats(const Plan& p, bool constantB, int threads) {
        if (constantB) return 0;
        return roundUp(p.panels.packedFloats) * (p.s.sharedB ? 1 : threads);
    }

private:
    void multiply(const KernelArgs& args, const RowSource& rows, const void* weights, std::span<const Output> outputs,
                  std::span<const Extra> extras, ThreadPool* pool, float* workspace) const {
        Operands operands;
        operands.a = &rows;
        operands.weights = weights;
        operands.bias = opInputs_ > 2 && args.inputs[2].present() ? args.inputs[2].as<const float>() : nullptr;
        operands.alpha = alpha_;
        operands.outputs = outputs;
        operands.extras = extras;
        if (epilogue_.residual >= 0) operands.residual = numbersOf(args.inputs[opInputs_ + static_cast<size_t>(epilogue_.residual)].dtype);
        gemm::run(plan_.shape, kernels_, plan_.panels, epilogue_, operands, pool, workspace);
    }

    void batched(const KernelArgs& args, const TensorView& a, int column) const {
        const MatMulShape& s = plan_.s;
        const size_t batchRank = s.batch.size();
        const std::vector<Extra> whole = bindExtras(args.inputs.subspan(opInputs_), s.result, column);
        const TensorView& b = args.inputs[1];
        const int64_t packed = roundUp(plan_.panels.packedFloats);
        const int threads = args.pool ? args.pool->threads() : 1;
        auto* const own = static_cast<float*>(args.workspace);
        float* const shared = own + (constantB_ ? 0 : packed * threads);
        const auto body = [&](int64_t begin, int64_t end, int worker) {
            for (int64_t i = begin; i < end; ++i) {
                int64_t aAt = 0, bAt = 0, bIndex = 0, bScale = 1;
                std::vector<int64_t> at(batchRank);
                int64_t rest = i;
                for (size_t d = batchRank; d-- > 0;) {
                    at[d] = rest % s.batch[d];
                    rest /= s.batch[d];
                    aAt += at[d] * batchStride(a, d, batchRank);
                    const int ownAxis = static_cast<int>(d) + b.rank - 2 - static_cast<int>(batchRank);
                    if (ownAxis >= 0 && b.dims[ownAxis] != 1) {
                        bAt += at[d] * b.strides[ownAxis];
                        bIndex += at[d] * bScale;
                        bScale *= b.dims[ownAxis];
                    }
                }
                const float* weights = b.as<const float>() + bIndex * plan_.panels.packedFloats;
                if (!constantB_) {
                    packB(b, bAt, own + worker * packed, nullptr);
                    weights = own + worker * packed;
                }
                // The rows of one matrix: the last row axis alone. Batch axes go into the base addresses.
                std::vector<Output> outputs;
                for (const TensorView& o : args.outputs) {
                    Output out;
                    float* base = o.as<float>();
                    for (size_t d = 0; d < batchRank; ++d) base += at[d] * o.strides[d];
                    out.base = base;
                    if (s.result.size() > batchRank + 1) out.rows.push(s.m, o.strides[batchRank]);
                    outputs.push_back(out);
                }
                std::vector<Extra> extras = bindMatrixExtras(args.inputs.subspan(opInputs_), at, whole);
                RowMap rowMap;
                rowMap.push(s.m, a.strides[a.rank - 2]);
                const StridedRows rows(a.as<const float>() + aAt, rowMap);
                multiply(args, rows, weights, outputs, extras, args.pool, shared);
            }
        };
        if (args.pool && s.batches() >= args.pool->threads()) {
            args.pool->parallelFor(s.batches(), 1, body);
        } else {
            body(0, s.batches(), 0);
        }
    }

    std::vector<Extra> bindMatrixExtras(std::span<const TensorView> views, std::span<const int64_t> at,
                                        const std::vector<Extra>& whole) const {
        const size_t rank = plan_.s.result.size();
        std::vector<Extra> extras = whole;
        for (size_t e = 0; e < views.size(); ++e) {
            const TensorView& v = views[e];
            extras[e].rows = RowMap{};
            for (size_t d = 0; d + 1 < rank; ++d) {
                const int own = static_cast<int>(d) - (static_cast<int>(rank) - v.rank);
                const int64_t stride = own < 0 || v.dims[own] == 1 ? 0 : v.strides[own];
                if (d < at.size()) {
                    extras[e].base += at[d] * stride;
                } else {
                    extras[e].rows.push(plan_.s.m, stride);
                }
            }
        }
        return extras;
    }

    void packB(const TensorView& b, int64_t offset, float* packed, ThreadPool* pool) const {
        const MatMulShape& s = plan_.s;
        const int64_t kStride = s.transB ? b.strides[b.rank - 1] : b.strides[b.rank - 2];
        const int64_t nStride = s.transB ? b.strides[b.rank - 2] : b.strides[b.rank - 1];
        const float* base = b.as<const float>() + offset;
        const auto body = [&](int64_t begin, int64_t end, int) {
            for (int64_t i = begin; i < end; ++i) {
                const Panel& p = plan_.panels.panels[static_cast<size_t>(i)];
                const int stride = p.vecs * plan_.panels.lanes;
                float* out = packed + p.packed;
                for (int64_t k = 0; k < s.k; ++k, out += stride) {
                    const float* from = base + k * kStride + p.column * nStride;
                    for (int j = 0; j < p.width; ++j) out[j] = from[j * nStride];
                    for (int j = p.width; j < stride; ++j) out[j] = 0;
                }
            }
        };
        const auto panels = static_cast<int64_t>(plan_.panels.panels.size());
        if (pool) {
            pool->parallelFor(panels, 1, body);
        } else {
            body(0, panels, 0);
        }
    }

    /// `a` copied so that K is contiguous: operands stored the other way round are rare, and small where they occur.
    TensorView denseRows(const TensorView& a, ThreadPool* pool) {
        dense_.resize(static_cast<size_t>(a.count()));
        TensorView out = a;
        out.data = dense_.data();
        out.strides = linearStrides(std::span(a.dims.data(), static_cast<size_t>(a.rank)));
        const RowMap rows = rowsOf(a, a.rank - 1);
        const int64_t k = a.dims[a.rank - 1];
        const int64_t step = a.strides[a.rank - 1];
        const auto body = [&](int64_t begin, int64_t end, int) {
            for (int64_t r = begin; r < end; ++r) {
                int64_t offset = 0;
                rows.offsets(r, 1, &offset);
                const float* from = a.as<const float>() + offset;
                for (int64_t i = 0; i < k; ++i) dense_[static_cast<size_t>(r * k + i)] = from[i * step];
            }
        };
        if (pool) {
            pool->parallelFor(a.count() / k, 16, body);
        } else {
            body(0, a.count() / k, 0);
        }
        return out;
    }

    uint32_t opInputs_;
    bool constantB_;
    float alpha_;
    Plan plan_;
    const Kernels& kernels_;
    Epilogue epilogue_;
    std::vector<float> dense_;
};

std::optional<MatMulShape> shapeFor(const LayerDesc& layer, const Variant& v) {
    auto s = matMulShapeOf(layer, v.a(), v.b(), v.halves());
    if (!s || v.form == Form::F32) return s;
    // Weights of 16 bits are packed once, for one product; pairs lie side by side along K.
    if (!s->sharedB || !layer.inputs[1].constant) return std::nullopt;
    if (v.form == Form::Pairs && (!pairsAvailable() || s->transA || s->k % 2 != 0)) return std::nullopt;
    return s;
}

std::optional<TacticInfo> supports(const LayerDesc& layer, const Variant& v, int threads) {
    const IsaFamily& f = v.family;
    const auto s = shapeFor(layer, v);
    if (!s) return std::nullopt;
    const auto epilogue = v.epilogue(layer, *s);
    if (!epilogue) return std::nullopt;
    const Plan p = planFor(layer, *s, v);
    const double weightBytes = static_cast<double>(p.panels.packedFloats) * (v.form == Form::F32 || v.form == Form::Pairs ? 4 : 2);
    const bool constantB = layer.inputs[1].constant;
    TacticInfo info;
    const size_t inputs = layer.inputs.size();
    info.inputLayouts.assign(inputs, "linear");
    info.inputLayouts[0] = info.inputLayouts[1] = "";  // permuted views come as strides
    if (v.form == Form::Pairs) info.inputLayouts[0] = "linear";
    info.outputLayouts.assign(layer.outputs.size(), "linear");
    info.packing.resize(inputs);
    info.inputViews.assign(inputs, 1);
    info.outputViews.assign(layer.outputs.size(), 1);
    if (layer.opInputs > 2) info.inputViews[2] = 0;
    if (constantB) {
        info.packing[1] = {panelRecipe("matmul", v.form, f.lanes), static_cast<uint64_t>(weightBytes) * static_cast<uint64_t>(p.bBatches)};
        info.inputViews[1] = 0;
    }
    Kernels sizes{};
    sizes.maxRows = f.tileRows;
    info.workspace = static_cast<uint64_t>(MatMul::workspaceFloats(p, constantB, threads)) * sizeof(float) +
                     workspaceBytes(p.shape, sizes, *epilogue, threads);
    const double products = static_cast<double>(s->sharedB ? 1 : s->batches());
    const double rows = static_cast<double>(p.shape.rows);
    // Few rows leave the arithmetic units waiting for each other.
    const double fill = rows < 4 ? rows / 4 : 1;
    const double widening = v.form == Form::WF16 || v.form == Form::WBF16 ? 1.05 : 1;
    const double compute = 2 * rows * static_cast<double>(p.panels.packedFloats) * static_cast<double>(v.perWord()) / (f.flopsPerNs * fill) * widening;
    const double bytes = weightBytes + rows * (static_cast<double>(s->k) * static_cast<double>(dtypeSize(layer.inputs[0].dtype)) +
                                               static_cast<double>(s->n) * static_cast<double>(dtypeSize(layer.outputs[0].dtype)));
    const double packing = constantB ? 0 : static_cast<double>(p.panels.packedFloats) * 0.5;
    const double program = epilogue->general ? epilogue->general->cost() * rows * static_cast<double>(s->n) : 0;
    info.estimate = products * (std::max(compute, bytes / f.bytesPerNs) + packing + program) / threads + 1500;
    return info;
}

void pack(const LayerDesc& layer, const Variant& v, int input, const void* raw, void* packed) {
    const auto s = shapeFor(layer, v);
    if (!s || input != 1) throw std::runtime_error("Layer \"" + layer.name + "\" has no such packed constant.");
    const Plan p = planFor(layer, *s, v);
    // Only float32 has batches.
    for (int64_t i = 0; i < p.bBatches; ++i) {
        packForm(v.form, p.panels, static_cast<const float*>(raw) + i * s->k * s->n, static_cast<float*>(packed) + i * p.panels.packedFloats,
                 [&](int64_t k, int64_t n) { return s->transB ? n * s->k + k : k * s->n + n; });
    }
}

KernelRow row(const IsaFamily& f, Form form, const char* name) {
    const Variant v{f, form};
    KernelRow r;
    r.name = name;
    r.op = "MatMul";
    r.isa = f.isa;
    r.supports = [v](const LayerDesc& l, int threads) { return supports(l, v, threads); };
    r.make = [v](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<MatMul>(l, *shapeFor(l, v), v); };
    r.pack = [v](const LayerDesc& l, int input, const void* raw, void* packed) { pack(l, v, input, raw, packed); };
    return r;
}

}  // namespace

SINTER_KERNEL(f32_matmul_avx2){row(simd::kAvx2, Form::F32, "f32_matmul__avx2_6x16")};
SINTER_KERNEL(f32_matmul_avx512){row(simd::kAvx512, Form::F32, "f32_matmul__avx512_14x32")};
SINTER_KERNEL(f32_matmul_wf16_avx2){row(simd::kAvx2, Form::WF16, "f32_matmul_wf16__avx2_6x16")};
SINTER_KERNEL(f32_matmul_wf16_avx512){row(simd::kAvx512, Form::WF16, "f32_matmul_wf16__avx512_14x32")};
SINTER_KERNEL(f32_matmul_wbf16_avx2){row(simd::kAvx2, Form::WBF16, "f32_matmul_wbf16__avx2_6x16")};
SINTER_KERNEL(f32_matmul_wbf16_avx512){row(simd::kAvx512, Form::WBF16, "f32_matmul_wbf16__avx512_14x32")};
SINTER_KERNEL(bf16_matmul){row(simd::kPairs, Form::Pairs, "bf16_matmul__bf16_14x32")};

}  // namespace sinter::gemm
