#include <array>
#include <optional>
#include <stdexcept>

#include "core/kernel.h"
#include "core/thread_pool.h"
#include "cpu/matmul/rows.h"

/// Channel shuffle, channels last: each pixel's channels, seen as a matrix, are transposed in place of the whole tensor.
namespace sinter::layout {
namespace {

struct Plan {
    int64_t groups = 0;  ///< the channels are a [groups, each] matrix; the result is [each, groups]
    int64_t each = 0;
};

std::optional<Plan> planOf(const LayerDesc& layer) {
    if (layer.op != "Shuffle" || layer.inputs.size() != 1 || layer.outputs.size() != 1 || !layer.program.empty()) return std::nullopt;
    const auto& x = layer.inputs[0];
    const auto dims = layer.intsAttr("dims");
    const auto perm = layer.intsAttr("perm");
    const size_t rank = x.dims.size();
    if (x.dtype != DType::F32 || layer.outputs[0].dtype != DType::F32 || layer.outputs[0].dims != x.dims || rank != 4) return std::nullopt;
    if (dims.size() != rank + 1 || perm != std::vector<int64_t>{0, 2, 1, 3, 4}) return std::nullopt;
    if (dims[0] != x.dims[0] || dims[1] * dims[2] != x.dims[1] || dims[3] != x.dims[2] || dims[4] != x.dims[3]) return std::nullopt;
    return Plan{dims[1], dims[2]};
}

template <int G>
void shufflePixel(const float* x, float* y, int64_t, int64_t each) {
    for (int64_t j = 0; j < each; ++j) {
        for (int g = 0; g < G; ++g) y[j * G + g] = x[g * each + j];
    }
}
void shufflePixelAny(const float* x, float* y, int64_t groups, int64_t each) {
    for (int64_t j = 0; j < each; ++j) {
        for (int64_t g = 0; g < groups; ++g) y[j * groups + g] = x[g * each + j];
    }
}

class ChannelShuffle final : public Kernel {
public:
    ChannelShuffle(const LayerDesc& layer, const Plan& p) : name_(layer.name), p_(p) {
        static constexpr std::array<void (*)(const float*, float*, int64_t, int64_t), 9> table{
            shufflePixelAny, shufflePixel<1>, shufflePixel<2>, shufflePixel<3>, shufflePixel<4>,
            shufflePixel<5>, shufflePixel<6>, shufflePixelAny, shufflePixel<8>};
        pixel_ = p.groups < static_cast<int64_t>(table.size()) ? table[static_cast<size_t>(p.groups)] : shufflePixelAny;
    }

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const TensorView& y = args.outputs[0];
        if (x.dims[1] > 1 && (x.strides[1] != 1 || y.strides[1] != 1)) {
            throw std::runtime_error("Layer \"" + name_ + "\" wants its tensors channels last.");
        }
        gemm::RowMap from, to;
        for (int a : {0, 2, 3}) {
            from.push(x.dims[a], x.strides[a]);
            to.push(y.dims[a], y.strides[a]);
        }
        constexpr int kBatch = 16;
        const int64_t pixels = x.dims[0] * x.dims[2] * x.dims[3];
        const auto body = [&](int64_t begin, int64_t end, int) {
            int64_t in[kBatch], out[kBatch];
            for (int64_t p = begin; p < end; p += kBatch) {
                const int count = static_cast<int>(end - p < kBatch ? end - p : kBatch);
                from.offsets(p, count, in);
                to.offsets(p, count, out);
                for (int i = 0; i < count; ++i) pixel_(x.as<const float>() + in[i], y.as<float>() + out[i], p_.groups, p_.each);
            }
        };
        if (args.pool) {
            args.pool->parallelFor(pixels, 64, body);
        } else {
            body(0, pixels, 0);
        }
    }

private:
    std::string name_;
    Plan p_;
    void (*pixel_)(const float*, float*, int64_t, int64_t);
};

KernelRow row() {
    KernelRow r;
    r.name = "f32_channel_shuffle__nhwc";
    r.op = "Shuffle";
    r.isa = Isa::Scalar;
    r.supports = [](const LayerDesc& l, int threads) -> std::optional<TacticInfo> {
        if (!planOf(l)) return std::nullopt;
        TacticInfo info;
        info.inputLayouts = {"nhwc"};
        info.outputLayouts = {"nhwc"};
        info.packing.resize(1);
        info.inputViews = {1};
        info.outputViews = {1};
        info.estimate = static_cast<double>(l.inputs[0].count()) * 0.3 / threads + 1000;
        return info;
    };
    r.make = [](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<ChannelShuffle>(l, *planOf(l)); };
    return r;
}

}  // namespace

SINTER_KERNEL(f32_channel_shuffle){row()};

}  // namespace sinter::layout
