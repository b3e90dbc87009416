#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>

#include "core/thread_pool.h"
#include "cpu/matmul/epilogue.h"
#include "cpu/matmul/epilogue_tail.h"
#include "cpu/norm/kernels.h"
#include "cpu/norm/row.h"

/// InstanceNorm and GroupNorm over dense float32: a group of channels lies in one piece.
namespace sinter::norm {
namespace {

using simd::IsaFamily;

/// Sums of this many elements are float32, their sum float64.
constexpr int64_t kBlock = 4096;

struct Plan {
    int64_t batch = 0, channels = 0, groups = 0, plane = 1;
    float epsilon = 0;
};

std::optional<Plan> planOf(const LayerDesc& layer) {
    if (layer.opInputs != 3 || layer.inputs.size() != 3 || layer.outputs.size() != 1) return std::nullopt;
    const TensorInfo& x = layer.inputs[0];
    if (x.dims.size() < 3 || x.count() == 0 || layer.outputs[0].dims != x.dims) return std::nullopt;
    for (const TensorInfo* t : {&x, &layer.inputs[1], &layer.inputs[2], &layer.outputs[0]}) {
        if (t->dtype != DType::F32) return std::nullopt;
    }
    Plan p;
    p.batch = x.dims[0];
    p.channels = x.dims[1];
    p.groups = layer.op == "GroupNorm" ? layer.intAttr("num_groups", 0) : p.channels;
    if (p.groups <= 0 || p.channels % p.groups != 0) return std::nullopt;
    for (size_t a = 2; a < x.dims.size(); ++a) p.plane *= x.dims[a];
    for (size_t i = 1; i < 3; ++i) {
        if (layer.inputs[i].dims.size() != 1) return std::nullopt;
        if (layer.inputs[i].count() != p.channels && layer.inputs[i].count() != p.groups) return std::nullopt;
    }
    p.epsilon = static_cast<float>(layer.floatAttr("epsilon", 1e-5));
    return p;
}

int64_t scratchFloats(const pointwise::Program* program) { return (gemm::EpilogueTail::scratchFloats(program) + 15) / 16 * 16; }

class ChannelNorm final : public Kernel {
public:
    ChannelNorm(const LayerDesc& layer, const Plan& p, const IsaFamily& f)
        : p_(p), kernels_(f.isa == Isa::Avx2 ? kernelsAvx2() : kernelsAvx512()), program_(programOf(layer, f)) {}

    void run(const KernelArgs& args) override {
        const auto* const x = args.inputs[0].as<const float>();
        const TensorView &scales = args.inputs[1], &shifts = args.inputs[2];
        auto* const y = args.outputs[0].as<float>();
        const int64_t perGroup = p_.channels / p_.groups, length = perGroup * p_.plane;
        const auto body = [&](int64_t begin, int64_t end, int worker) {
            std::optional<gemm::EpilogueTail> tail;
            if (program_) tail.emplace(*program_, std::span<const gemm::Extra>{}, static_cast<float*>(args.workspace) + worker * scratchFloats(program_.get()));
            for (int64_t t = begin; t < end; ++t) {
                const float* const from = x + t * length;
                const auto [mean, inverse] = momentsOf(from, length);
                for (int64_t c = 0; c < perGroup; ++c) {
                    const int64_t channel = t % p_.groups * perGroup + c;
                    const float factor = inverse * at(scales, channel), shift = at(shifts, channel) - mean * factor;
                    float* const to = y + t * length + c * p_.plane;
                    kernels_.scaleShift(from + c * p_.plane, to, p_.plane, factor, shift);
                    if (tail) tail->apply(t * perGroup + c, 0, p_.plane, to);
                }
            }
        };
        if (args.pool) args.pool->parallelFor(p_.batch * p_.groups, std::max<int64_t>(1, 8192 / length), body);
        else body(0, p_.batch * p_.groups, 0);
    }

private:
    float at(const TensorView& perChannel, int64_t channel) const {
        const int64_t i = perChannel.count() == p_.channels ? channel : channel / (p_.channels / p_.groups);
        return perChannel.as<const float>()[i * perChannel.strides[0]];
    }

    std::pair<float, float> momentsOf(const float* x, int64_t n) const {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < n; i += kBlock) sum += static_cast<double>(kernels_.sum(x + i, std::min(kBlock, n - i)));
        const auto mean = static_cast<float>(sum / static_cast<double>(n));
        for (int64_t i = 0; i < n; i += kBlock) squares += static_cast<double>(kernels_.squares(x + i, std::min(kBlock, n - i), mean));
        return {mean, static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(n) + static_cast<double>(p_.epsilon)))};
    }

    Plan p_;
    const Kernels& kernels_;
    std::shared_ptr<const pointwise::Program> program_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const IsaFamily& f, int threads) {
    const auto p = planOf(layer);
    if (!p) return std::nullopt;
    const auto program = programOf(layer, f);
    if (!layer.program.empty() && (!program || program->outputs() != 1)) return std::nullopt;
    TacticInfo info;
    info.inputLayouts.assign(3, "linear");
    info.outputLayouts.assign(1, "linear");
    info.packing.resize(3);
    info.inputViews = {0, 1, 1};
    info.outputViews.assign(1, 0);
    info.workspace = static_cast<uint64_t>(scratchFloats(program.get()) * std::max(1, threads)) * sizeof(float);
    info.estimate = static_cast<double>(layer.inputs[0].count()) * ((f.isa == Isa::Avx2 ? 0.4 : 0.3) + (program ? program->cost() : 0)) / threads + 1200;
    return info;
}

}  // namespace

SINTER_KERNEL(f32_instancenorm_avx2){row<ChannelNorm, supports, planOf>(simd::kAvx2, "InstanceNorm", "f32_instancenorm__avx2")};
SINTER_KERNEL(f32_instancenorm_avx512){row<ChannelNorm, supports, planOf>(simd::kAvx512, "InstanceNorm", "f32_instancenorm__avx512")};
SINTER_KERNEL(f32_groupnorm_avx2){row<ChannelNorm, supports, planOf>(simd::kAvx2, "GroupNorm", "f32_groupnorm__avx2")};
SINTER_KERNEL(f32_groupnorm_avx512){row<ChannelNorm, supports, planOf>(simd::kAvx512, "GroupNorm", "f32_groupnorm__avx512")};

}  // namespace sinter::norm
