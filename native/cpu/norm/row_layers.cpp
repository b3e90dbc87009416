#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "core/thread_pool.h"
#include "cpu/matmul/epilogue.h"
#include "cpu/matmul/epilogue_tail.h"
#include "cpu/norm/kernels.h"
#include "cpu/norm/row.h"

/// Softmax, LayerNorm and LRN: one row of contiguous floats at a time, whatever the order of the axes around it.
namespace sinter::norm {
namespace {

using simd::IsaFamily;

enum class Kind { Softmax, LayerNorm, Lrn };

struct Plan {
    Kind kind = Kind::Softmax;
    int firstAxis = 0;   ///< the row is axes firstAxis … lastAxis
    int lastAxis = 0;
    int64_t length = 0;
    bool log = false, bias = false;
    float epsilon = 0, factor = 0, offset = 0, beta = 0;
    int64_t before = 0, after = 0;
};

std::optional<Plan> planOf(const LayerDesc& layer) {
    if (layer.opInputs < 1 || layer.outputs.size() != 1) return std::nullopt;
    const TensorInfo& x = layer.inputs[0];
    if (x.dtype != DType::F32 || layer.outputs[0].dtype != DType::F32 || layer.outputs[0].dims != x.dims) return std::nullopt;
    if (x.dims.empty() || x.count() == 0) return std::nullopt;
    const int rank = static_cast<int>(x.dims.size());
    Plan p;
    const auto axis = [&] {
        const int64_t a = layer.intAttr("axis", -1);
        return static_cast<int>(a < 0 ? a + rank : a);
    };
    if (layer.op == "Softmax") {
        if (layer.opInputs != 1) return std::nullopt;
        p.kind = Kind::Softmax;
        p.firstAxis = p.lastAxis = axis();
        p.log = layer.intAttr("log", 0) != 0;
    } else if (layer.op == "LayerNorm") {
        if (layer.opInputs < 2) return std::nullopt;
        p.kind = Kind::LayerNorm;
        p.firstAxis = axis();
        p.lastAxis = rank - 1;
        p.epsilon = static_cast<float>(layer.floatAttr("epsilon", 1e-5));
        p.bias = layer.opInputs > 2 && layer.inputs[2].present();
    } else if (layer.op == "LRN") {
        if (rank < 3 || !layer.program.empty() || layer.opInputs != 1) return std::nullopt;
        p.kind = Kind::Lrn;
        p.firstAxis = p.lastAxis = 1;
        const int64_t size = layer.intAttr("size", 0);
        if (size < 1) return std::nullopt;
        // What reaches beyond all channels reaches nothing more.
        p.before = std::min((size - 1) / 2, x.dims[1] - 1);
        p.after = std::min(size / 2, x.dims[1] - 1);
        p.factor = static_cast<float>(layer.floatAttr("alpha", 1e-4) / static_cast<double>(size));
        p.beta = static_cast<float>(layer.floatAttr("beta", 0.75));
        p.offset = static_cast<float>(layer.floatAttr("bias", 1));
    } else {
        return std::nullopt;
    }
    if (p.firstAxis < 0 || p.firstAxis >= rank) return std::nullopt;
    p.length = 1;
    for (int a = p.firstAxis; a <= p.lastAxis; ++a) p.length *= x.dims[static_cast<size_t>(a)];
    if (p.kind == Kind::LayerNorm) {
        for (size_t i = 1; i < layer.opInputs; ++i) {
            const TensorInfo& t = layer.inputs[i];
            if (t.present() && (t.dtype != DType::F32 || t.count() != p.length)) return std::nullopt;
        }
    }
    // A program sees the row as its columns: with several axes in a row, operands would have to be split likewise.
    if (!layer.program.empty() && p.firstAxis != p.lastAxis) return std::nullopt;
    return p;
}

int64_t scratchFloats(const Plan& p, const pointwise::Program* program) {
    const int64_t row = p.length + (p.kind == Kind::Lrn ? p.length + p.before + p.after : 0);
    return (row + gemm::EpilogueTail::scratchFloats(program) + 15) / 16 * 16;
}

class RowLayer final : public Kernel {
public:
    RowLayer(const LayerDesc& layer, const Plan& p, const IsaFamily& f)
        : p_(p), opInputs_(layer.opInputs), kernels_(f.isa == Isa::Avx2 ? kernelsAvx2() : kernelsAvx512()),
          program_(programOf(layer, f)), dims_(layer.inputs[0].dims) {}

    void run(const KernelArgs& args) override {
        const TensorView x = joined(args.inputs[0]);
        const TensorView y = joined(args.outputs[0]);
        const int axis = p_.firstAxis;
        const gemm::RowMap from = gemm::rowsOf(x, axis);
        const gemm::RowMap to = gemm::rowsOf(y, axis);
        const std::vector<gemm::Extra> extras =
            program_ ? gemm::bindExtras(args.inputs.subspan(opInputs_), dims_, axis) : std::vector<gemm::Extra>{};
        const float* const scale = p_.kind == Kind::LayerNorm ? args.inputs[1].as<const float>() : nullptr;
        const float* const bias = p_.bias ? args.inputs[2].as<const float>() : nullptr;
        const int64_t n = p_.length;
        const int64_t scratch = scratchFloats(p_, program_.get());
        const auto body = [&](int64_t begin, int64_t end, int worker) {
            float* const held = static_cast<float*>(args.workspace) + worker * scratch;
            float* const squares = held + n;
            if (p_.kind == Kind::Lrn) std::fill_n(squares, n + p_.before + p_.after, 0.0f);
            std::optional<gemm::EpilogueTail> tail;
            if (program_) tail.emplace(*program_, extras, held + n);
            for (int64_t r = begin; r < end; ++r) {
                int64_t in = 0, out = 0;
                from.offsets(r, 1, &in);
                to.offsets(r, 1, &out);
                const float* source = x.as<const float>() + in;
                float* const result = y.as<float>() + out;
                float* const target = y.strides[axis] == 1 || n == 1 ? result : held;
                const bool prologue = tail && p_.kind == Kind::Softmax;
                if (prologue || (x.strides[axis] != 1 && n > 1)) {
                    for (int64_t i = 0; i < n; ++i) held[i] = source[i * x.strides[axis]];
                    source = held;
                }
                if (prologue) tail->apply(r, 0, n, held);
                switch (p_.kind) {
                    case Kind::Softmax: kernels_.softmax(source, target, n, p_.log); break;
                    case Kind::LayerNorm: kernels_.layerNorm(source, scale, bias, target, n, p_.epsilon); break;
                    case Kind::Lrn:
                        kernels_.lrn(source, target, n, p_.before, p_.after, p_.factor, p_.offset, p_.beta, squares);
                        break;
                }
                if (tail && !prologue) tail->apply(r, 0, n, target);
                if (target == held) {
                    for (int64_t i = 0; i < n; ++i) result[i * y.strides[axis]] = held[i];
                }
            }
        };
        const int64_t rows = args.inputs[0].count() / n;
        const int64_t grain = std::max<int64_t>(1, 2048 / n);
        if (args.pool) {
            args.pool->parallelFor(rows, grain, body);
        } else {
            body(0, rows, 0);
        }
    }

private:
    /// The axes of a row made one; the tactic asks for dense rows where there are several.
    TensorView joined(const TensorView& v) const {
        TensorView out = v;
        out.dims[p_.firstAxis] = p_.length;
        if (p_.lastAxis > p_.firstAxis) {
            out.strides[p_.firstAxis] = 1;
            out.rank = p_.firstAxis + 1;
        }
        return out;
    }

    Plan p_;
    uint32_t opInputs_;
    const Kernels& kernels_;
    std::shared_ptr<const pointwise::Program> program_;
    std::vector<int64_t> dims_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const IsaFamily& f, int threads) {
    const auto p = planOf(layer);
    if (!p) return std::nullopt;
    const auto program = programOf(layer, f);
    if (!layer.program.empty()) {
        if (!program || program->outputs() != 1) return std::nullopt;
        for (size_t i = layer.opInputs; i < layer.inputs.size(); ++i) {
            if (layer.inputs[i].dtype != DType::F32 || layer.inputs[i].dims.size() > layer.outputs[0].dims.size()) return std::nullopt;
        }
    }
    TacticInfo info;
    const size_t inputs = layer.inputs.size();
    const bool several = p->lastAxis > p->firstAxis;
    info.inputLayouts.assign(inputs, several ? "linear" : "");
    info.outputLayouts.assign(1, several ? "linear" : "");
    if (p->kind == Kind::Lrn) info.inputLayouts[0] = info.outputLayouts[0] = "nhwc";
    info.packing.resize(inputs);
    info.inputViews.assign(inputs, several ? 0 : 1);
    info.outputViews.assign(1, several ? 0 : 1);
    for (size_t i = 1; i < layer.opInputs; ++i) info.inputViews[i] = 0;
    info.workspace = static_cast<uint64_t>(scratchFloats(*p, program.get()) * std::max(1, threads)) * sizeof(float);
    const double elements = static_cast<double>(layer.inputs[0].count());
    const double each = (p->kind == Kind::Softmax ? 0.5 : p->kind == Kind::LayerNorm ? 0.3 : 0.6) * (f.isa == Isa::Avx2 ? 1.7 : 1);
    info.estimate = elements * (each + (program ? program->cost() : 0)) / threads + 1200;
    return info;
}

}  // namespace

SINTER_KERNEL(f32_softmax_avx2){row<RowLayer, supports, planOf>(simd::kAvx2, "Softmax", "f32_softmax__avx2")};
SINTER_KERNEL(f32_softmax_avx512){row<RowLayer, supports, planOf>(simd::kAvx512, "Softmax", "f32_softmax__avx512")};
SINTER_KERNEL(f32_layernorm_avx2){row<RowLayer, supports, planOf>(simd::kAvx2, "LayerNorm", "f32_layernorm__avx2")};
SINTER_KERNEL(f32_layernorm_avx512){row<RowLayer, supports, planOf>(simd::kAvx512, "LayerNorm", "f32_layernorm__avx512")};
SINTER_KERNEL(f32_lrn_avx2){row<RowLayer, supports, planOf>(simd::kAvx2, "LRN", "f32_lrn__avx2")};
SINTER_KERNEL(f32_lrn_avx512){row<RowLayer, supports, planOf>(simd::kAvx512, "LRN", "f32_lrn__avx512")};

}  // namespace sinter::norm
