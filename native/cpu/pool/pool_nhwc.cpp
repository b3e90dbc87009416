#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/thread_pool.h"
#include "cpu/half/widen.h"
#include "cpu/pool/folds.h"
#include "cpu/pool/window.h"
#include "cpu/simd/isa_family.h"

/// MaxPool and AveragePool, channels last.
namespace sinter::pool {
namespace {

using simd::IsaFamily;

class PoolNhwc final : public Kernel {
public:
    PoolNhwc(const LayerDesc& layer, const Window& w, const IsaFamily& f)
        : name_(layer.name), w_(w), bytes_(static_cast<int64_t>(dtypeSize(layer.inputs[0].dtype))),
          fold_(foldOf(f.isa == Isa::Avx2 ? foldsAvx2() : foldsAvx512(), layer.inputs[0].dtype, w.average ? Fold::Sum : Fold::Max)) {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const TensorView& y = args.outputs[0];
        if (w_.channels > 1 && (x.strides[1] != 1 || y.strides[1] != 1)) {
            throw std::runtime_error("Layer \"" + name_ + "\" wants its tensors channels last.");
        }
        std::array<int64_t, 3> xs{}, ys{};
        for (int i = 0; i < x.rank - 2; ++i) {
            xs[static_cast<size_t>(5 - x.rank + i)] = x.strides[i + 2] * bytes_;
            ys[static_cast<size_t>(5 - x.rank + i)] = y.strides[i + 2] * bytes_;
        }
        const auto body = [&](int64_t begin, int64_t end, int) {
            std::vector<const float*> taps(static_cast<size_t>(w_.taps()));
            for (int64_t row = begin; row < end; ++row) {
                const int64_t oh = row % w_.out[1];
                const int64_t od = row / w_.out[1] % w_.out[0];
                const int64_t n = row / w_.out[1] / w_.out[0];
                for (int64_t ow = 0; ow < w_.out[2]; ++ow) {
                    const std::array<int64_t, 3> o{od, oh, ow};
                    Columns c{};
                    c.count = gather(x.as<const std::byte>() + n * x.strides[0] * bytes_, xs, o, taps.data());
                    c.taps = taps.data();
                    c.out = reinterpret_cast<float*>(y.as<std::byte>() + n * y.strides[0] * bytes_ + od * ys[0] + oh * ys[1] + ow * ys[2]);
                    c.channels = w_.channels;
                    c.scale = 1.0f / static_cast<float>(w_.countPadding ? counted(o) : c.count);
                    fold_(c);
                }
            }
        };
        const int64_t rows = w_.batch * w_.out[0] * w_.out[1];
        if (args.pool) {
            args.pool->parallelFor(rows, 1, body);
        } else {
            body(0, rows, 0);
        }
    }

private:
    static ColumnsFn foldOf(const Folds& folds, DType type, Fold fold) {
        const auto at = static_cast<size_t>(fold);
        return type == DType::F16 ? folds.float16[at] : type == DType::BF16 ? folds.bfloat16[at] : folds.columns[at];
    }

    int64_t gather(const std::byte* image, const std::array<int64_t, 3>& strides, const std::array<int64_t, 3>& o, const float** taps) const {
        int64_t count = 0;
        const std::array<int64_t, 3> at{o[0] * w_.stride[0] - w_.pad[0], o[1] * w_.stride[1] - w_.pad[1], o[2] * w_.stride[2] - w_.pad[2]};
        for (int64_t kd = 0; kd < w_.kernel[0]; ++kd) {
            const int64_t d = at[0] + kd * w_.dilation[0];
            if (d < 0 || d >= w_.in[0]) continue;
            for (int64_t kh = 0; kh < w_.kernel[1]; ++kh) {
                const int64_t h = at[1] + kh * w_.dilation[1];
                if (h < 0 || h >= w_.in[1]) continue;
                const std::byte* line = image + d * strides[0] + h * strides[1];
                for (int64_t kw = 0; kw < w_.kernel[2]; ++kw) {
                    const int64_t w = at[2] + kw * w_.dilation[2];
                    if (w >= 0 && w < w_.in[2]) taps[count++] = reinterpret_cast<const float*>(line + w * strides[2]);
                }
            }
        }
        return count;
    }

    /// Window positions on the input or its padding.
    int64_t counted(const std::array<int64_t, 3>& o) const {
        int64_t count = 1;
        for (size_t i = 0; i < 3; ++i) {
            const int64_t from = o[i] * w_.stride[i] - w_.pad[i];
            int64_t inside = 0;
            for (int64_t k = 0; k < w_.kernel[i]; ++k) inside += from + k * w_.dilation[i] < w_.in[i] + w_.padEnd[i];
            count *= inside;
        }
        return count;
    }

    std::string name_;
    Window w_;
    int64_t bytes_;
    ColumnsFn fold_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const IsaFamily& f, bool halves, int threads) {
    const auto w = windowOf(layer);
    if (!w || layer.inputs[0].dtype != layer.outputs[0].dtype) return std::nullopt;
    if (halves ? !half::isHalf(layer.inputs[0]) || layer.outputs[0].quantized() : layer.inputs[0].dtype != DType::F32) return std::nullopt;
    TacticInfo info;
    info.inputLayouts = {"nhwc"};
    info.outputLayouts = {"nhwc"};
    info.packing.resize(1);
    info.inputViews = {1};
    info.outputViews = {1};
    const double in = static_cast<double>(layer.inputs[0].count());
    const double out = static_cast<double>(layer.outputs[0].count());
    const double lane = (f.isa == Isa::Avx2 ? 0.035 : 0.02) * (halves ? 1.3 : 1);
    info.estimate = std::max(out * static_cast<double>(w->taps()) * lane + out / static_cast<double>(w->channels) * 12, (halves ? 2 : 4) * (in + out) / (2 * f.bytesPerNs)) / threads + 1200;
    return info;
}

KernelRow row(const IsaFamily& f, const char* op, std::string name, bool halves = false) {
    KernelRow r;
    r.name = std::move(name);
    r.op = op;
    r.isa = f.isa;
    r.supports = [&f, halves](const LayerDesc& l, int threads) { return supports(l, f, halves, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<PoolNhwc>(l, *windowOf(l), f); };
    return r;
}

}  // namespace

SINTER_KERNEL(f32_maxpool_avx2){row(simd::kAvx2, "MaxPool", "f32_maxpool__avx2")};
SINTER_KERNEL(f32_maxpool_avx512){row(simd::kAvx512, "MaxPool", "f32_maxpool__avx512")};
SINTER_KERNEL(half_maxpool_avx2){row(simd::kAvx2, "MaxPool", "half_maxpool__avx2", true)};
SINTER_KERNEL(half_maxpool_avx512){row(simd::kAvx512, "MaxPool", "half_maxpool__avx512", true)};
SINTER_KERNEL(half_averagepool_avx2){row(simd::kAvx2, "AveragePool", "half_averagepool__avx2", true)};
SINTER_KERNEL(half_averagepool_avx512){row(simd::kAvx512, "AveragePool", "half_averagepool__avx512", true)};
SINTER_KERNEL(f32_averagepool_avx2){row(simd::kAvx2, "AveragePool", "f32_averagepool__avx2")};
SINTER_KERNEL(f32_averagepool_avx512){row(simd::kAvx512, "AveragePool", "f32_averagepool__avx512")};

}  // namespace sinter::pool
