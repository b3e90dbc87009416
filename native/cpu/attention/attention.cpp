#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "core/thread_pool.h"
#include "cpu/matmul/epilogue_tail.h"
#include "cpu/matmul/gemm.h"
#include "cpu/norm/kernels.h"

/// softmax(q·kᵀ·scale + mask)·v: keys and values packed once per head, then a register tile of query rows at a time,
/// whose scores never leave the second-level cache.
namespace sinter::attention {
namespace {

using gemm::Panel;
using gemm::PanelPlan;
using simd::IsaFamily;

struct Plan {
    int rank = 0;
    int64_t heads = 1;  ///< all axes before the last two
    int64_t queries = 0, keys = 0, depth = 0, width = 0;
    PanelPlan keyPanels, valuePanels;
    float scale = 1;
    bool mask = false;
    std::vector<int64_t> outer, scores;  ///< dims before the matrices; dims of the score tensor

    int64_t scoreRow() const { return (keys + 15) / 16 * 16 + 16; }
    int64_t packedFloats() const { return (keyPanels.packedFloats + valuePanels.packedFloats + 15) / 16 * 16; }
};

std::optional<Plan> planOf(const LayerDesc& layer, const IsaFamily& f) {
    if (layer.op != "Attention" || layer.opInputs < 3 || layer.outputs.size() != 1 || !layer.program.empty()) return std::nullopt;
    for (size_t i = 0; i < 3; ++i) {
        if (layer.inputs[i].dtype != DType::F32) return std::nullopt;
    }
    const auto& q = layer.inputs[0].dims;
    const auto& k = layer.inputs[1].dims;
    const auto& v = layer.inputs[2].dims;
    const auto& y = layer.outputs[0].dims;
    const size_t r = q.size();
    if (layer.outputs[0].dtype != DType::F32 || r < 2 || r > 4 || k.size() != r || v.size() != r || y.size() != r) return std::nullopt;
    Plan p;
    p.rank = static_cast<int>(r);
    for (size_t a = 0; a + 2 < r; ++a) {
        if (y[a] != q[a] || (k[a] != q[a] && k[a] != 1) || (v[a] != q[a] && v[a] != 1)) return std::nullopt;
        p.outer.push_back(q[a]);
        p.heads *= q[a];
    }
    p.queries = q[r - 2];
    p.depth = q[r - 1];
    p.keys = k[r - 2];
    p.width = v[r - 1];
    if (k[r - 1] != p.depth || v[r - 2] != p.keys || y[r - 2] != p.queries || y[r - 1] != p.width) return std::nullopt;
    if (p.heads < 1 || p.queries < 1 || p.depth < 1 || p.keys < 1 || p.width < 1) return std::nullopt;
    p.scores = p.outer;
    p.scores.push_back(p.queries);
    p.scores.push_back(p.keys);
    p.mask = layer.opInputs > 3 && layer.inputs[3].present();
    if (p.mask && (layer.inputs[3].dtype != DType::F32 || layer.inputs[3].dims.size() > p.scores.size())) return std::nullopt;
    p.scale = static_cast<float>(layer.floatAttr("scale", 1));
    p.keyPanels = gemm::planPanels(f.lanes, p.depth, p.keys, {}, 1);
    p.valuePanels = gemm::planPanels(f.lanes, p.keys, p.width, {}, 1);
    return p;
}

/// Floats of one thread: scores, gathered queries, gathered mask rows, results that cannot be written in place.
int64_t threadFloats(const Plan& p, const IsaFamily& f) {
    return f.tileRows * (2 * p.scoreRow() + (p.depth + p.width + 31) / 16 * 16);
}

class Attention final : public Kernel {
public:
    Attention(const Plan& p, const IsaFamily& f)
        : p_(p), f_(f), kernels_(gemm::kernelsOf(f)), norm_(f.isa == Isa::Avx2 ? norm::kernelsAvx2() : norm::kernelsAvx512()) {}

    void run(const KernelArgs& args) override {
        auto* const packed = static_cast<float*>(args.workspace);
        float* const own = packed + p_.heads * p_.packedFloats();
        std::vector<gemm::Extra> mask;
        if (p_.mask) mask = gemm::bindExtras(args.inputs.subspan(3, 1), p_.scores, p_.rank - 1);
        const auto pack = [&](int64_t begin, int64_t end, int) {
            for (int64_t h = begin; h < end; ++h) packHead(args, h, packed + h * p_.packedFloats());
        };
        // Two register tiles of rows an item, shared out by the shape alone.
        const int64_t rows = 2 * kernels_.maxRows;
        const int64_t perHead = (p_.queries + rows - 1) / rows;
        const auto attend = [&](int64_t begin, int64_t end, int worker) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t h = i / perHead;
                const int64_t first = p_.queries * (i % perHead) / perHead;
                const int64_t last = p_.queries * (i % perHead + 1) / perHead;
                const int64_t tiles = (last - first + kernels_.maxRows - 1) / kernels_.maxRows;
                for (int64_t t = 0; t < tiles; ++t) {
                    const int64_t from = first + (last - first) * t / tiles;
                    const int64_t to = first + (last - first) * (t + 1) / tiles;
                    runRows(args, mask, h, from, static_cast<int>(to - from), packed + h * p_.packedFloats(),
                            own + worker * threadFloats(p_, f_));
                }
            }
        };
        if (args.pool) {
            args.pool->parallelFor(p_.heads, 1, pack);
            args.pool->parallelFor(p_.heads * perHead, 1, attend);
        } else {
            pack(0, p_.heads, 0);
            attend(0, p_.heads * perHead, 0);
        }
    }

private:
    int64_t headOffset(const TensorView& v, int64_t head) const {
        int64_t offset = 0;
        for (size_t a = p_.outer.size(); a-- > 0;) {
            if (v.dims[a] != 1) offset += head % p_.outer[a] * v.strides[a];
            head /= p_.outer[a];
        }
        return offset;
    }

    void packHead(const KernelArgs& args, int64_t head, float* packed) const {
        const TensorView& k = args.inputs[1];
        const TensorView& v = args.inputs[2];
        const float* keys = k.as<const float>() + headOffset(k, head);
        const int64_t keyStep = k.strides[p_.rank - 2];
        const int64_t depthStep = k.strides[p_.rank - 1];
        for (const Panel& panel : p_.keyPanels.panels) {
            const int stride = panel.vecs * p_.keyPanels.lanes;
            float* out = packed + panel.packed;
            for (int j = 0; j < stride; ++j) {
                const float* key = keys + (panel.column + j) * keyStep;
                for (int64_t d = 0; d < p_.depth; ++d) out[d * stride + j] = j < panel.width ? key[d * depthStep] : 0.0f;
            }
        }
        const float* values = v.as<const float>() + headOffset(v, head);
        const int64_t rowStep = v.strides[p_.rank - 2];
        const int64_t columnStep = v.strides[p_.rank - 1];
        for (const Panel& panel : p_.valuePanels.panels) {
            const int stride = panel.vecs * p_.valuePanels.lanes;
            float* out = packed + p_.keyPanels.packedFloats + panel.packed;
            for (int64_t t = 0; t < p_.keys; ++t, out += stride) {
                const float* value = values + t * rowStep + panel.column * columnStep;
                for (int j = 0; j < panel.width; ++j) out[j] = value[j * columnStep];
                for (int j = panel.width; j < stride; ++j) out[j] = 0;
            }
        }
    }

    void runRows(const KernelArgs& args, const std::vector<gemm::Extra>& mask, int64_t head, int64_t first, int rows,
                 const float* packed, float* own) const {
        const TensorView& q = args.inputs[0];
        const TensorView& y = args.outputs[0];
        float* const scores = own;
        float* const masks = scores + kernels_.maxRows * p_.scoreRow();
        float* const queries = masks + kernels_.maxRows * p_.scoreRow();
        const float* a[16];
        float* c[16];
        const float* residual[16];
        const float* base = q.as<const float>() + headOffset(q, head) + first * q.strides[p_.rank - 2];
        const int64_t depthStep = q.strides[p_.rank - 1];
        for (int i = 0; i < rows; ++i) {
            a[i] = base + i * q.strides[p_.rank - 2];
            c[i] = scores + i * p_.scoreRow();
            if (depthStep == 1 || p_.depth == 1) continue;
            float* copy = queries + i * p_.depth;
            for (int64_t d = 0; d < p_.depth; ++d) copy[d] = a[i][d * depthStep];
            a[i] = copy;
        }
        gemm::Tile t{};
        t.a = a;
        t.c = c;
        t.taps = 1;
        t.klen = p_.depth;
        t.alpha = p_.scale;
        t.lo = -std::numeric_limits<float>::infinity();
        t.hi = std::numeric_limits<float>::infinity();
        if (p_.mask) {
            const gemm::Extra& e = mask[0];
            for (int i = 0; i < rows; ++i) {
                int64_t offset = 0;
                e.rows.offsets(head * p_.queries + first + i, 1, &offset);
                residual[i] = e.base + offset;
                if (e.columnStride == 1) continue;
                float* copy = masks + i * p_.scoreRow();
                for (int64_t j = 0; j < p_.keys; ++j) copy[j] = residual[i][j * e.columnStride];
                residual[i] = copy;
            }
            t.residual = residual;
        }
        product(t, p_.keyPanels, packed, rows);
        for (int i = 0; i < rows; ++i) {
            norm_.softmax(c[i], c[i], p_.keys, false);
            a[i] = c[i];
        }
        float* const results = queries + kernels_.maxRows * p_.depth;
        const int64_t widthStep = y.strides[p_.rank - 1];
        float* const out = y.as<float>() + headOffset(y, head) + first * y.strides[p_.rank - 2];
        const bool inPlace = widthStep == 1 || p_.width == 1;
        for (int i = 0; i < rows; ++i) c[i] = inPlace ? out + i * y.strides[p_.rank - 2] : results + i * p_.width;
        t.klen = p_.keys;
        t.alpha = 1;
        t.residual = nullptr;
        product(t, p_.valuePanels, packed + p_.keyPanels.packedFloats, rows);
        if (inPlace) return;
        for (int i = 0; i < rows; ++i) {
            for (int64_t j = 0; j < p_.width; ++j) out[i * y.strides[p_.rank - 2] + j * widthStep] = c[i][j];
        }
    }

    void product(gemm::Tile& t, const PanelPlan& plan, const float* weights, int rows) const {
        for (const Panel& panel : plan.panels) {
            t.b = weights + panel.packed;
            t.prefetch = t.b;
            t.cOffset = panel.column;
            t.residualOffset = panel.column;
            t.width = panel.width;
            (panel.vecs == 2 ? kernels_.wide : kernels_.narrow)[rows - 1](t);
        }
    }

    Plan p_;
    const IsaFamily& f_;
    const gemm::Kernels& kernels_;
    const norm::Kernels& norm_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const IsaFamily& f, int threads) {
    const auto p = planOf(layer, f);
    if (!p) return std::nullopt;
    TacticInfo info;
    info.inputLayouts.assign(layer.inputs.size(), "");
    info.outputLayouts = {""};
    info.packing.resize(layer.inputs.size());
    info.inputViews.assign(layer.inputs.size(), 1);
    info.outputViews = {1};
    info.workspace = static_cast<uint64_t>(p->heads * p->packedFloats() + std::max(1, threads) * threadFloats(*p, f)) * sizeof(float);
    const double scores = static_cast<double>(p->heads * p->queries * p->keys);
    const double products = 2 * scores * static_cast<double>(p->depth + p->width) / f.flopsPerNs;
    const double packing = static_cast<double>(p->heads * p->packedFloats()) * 0.5;
    info.estimate = (products * 1.2 + scores * (f.isa == Isa::Avx2 ? 0.8 : 0.5) + packing) / threads + 2500;
    return info;
}

KernelRow row(const IsaFamily& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Attention";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return supports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<Attention>(*planOf(l, f), f); };
    return r;
}

}  // namespace

SINTER_KERNEL(f32_attention_avx2){row(simd::kAvx2, "f32_attention__avx2_6x16")};
SINTER_KERNEL(f32_attention_avx512){row(simd::kAvx512, "f32_attention__avx512_14x32")};

}  // namespace sinter::attention
