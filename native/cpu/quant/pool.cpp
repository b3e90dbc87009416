#include <algorithm>
#include <span>
#include <stdexcept>

#include "cpu/pool/window.h"
#include "cpu/quant/fold.h"
#include "cpu/quant/product.h"

/// MaxPool, AveragePool and the mean over all spatial axes, channels last, on 8-bit values.
namespace sinter::quant {
namespace {

using pool::Window;

/// A mean over the spatial axes as one window.
std::optional<Window> meanOf(const LayerDesc& layer) {
    if (layer.opInputs != 1 || layer.inputs.size() != 1 || layer.outputs.size() != 1 || !layer.program.empty()) return std::nullopt;
    const auto& dims = layer.inputs[0].dims;
    if (dims.size() < 3 || dims.size() > 5 || layer.stringAttr("kind", "") != "Mean" || layer.outputs[0].count() != dims[0] * dims[1]) return std::nullopt;
    std::vector<int64_t> axes = layer.intsAttr("axes");
    for (int64_t& a : axes) a += a < 0 ? static_cast<int64_t>(dims.size()) : 0;
    std::sort(axes.begin(), axes.end());
    if (axes.size() != dims.size() - 2) return std::nullopt;
    Window w;
    w.batch = dims[0];
    w.channels = dims[1];
    w.average = true;
    for (size_t i = 0; i < axes.size(); ++i) {
        if (axes[i] != static_cast<int64_t>(i + 2) || dims[i + 2] < 1) return std::nullopt;
        w.in[3 - axes.size() + i] = w.kernel[3 - axes.size() + i] = dims[i + 2];
    }
    if (w.batch < 1 || w.channels < 1 || w.taps() > 65536) return std::nullopt;
    return w;
}

std::optional<Window> windowFor(const LayerDesc& layer) {
    if (layer.inputs.empty() || layer.outputs.size() != 1 || !isStored(layer.inputs[0]) || !readableRow(layer.outputs[0])) return std::nullopt;
    if (layer.op == "Reduce") return meanOf(layer);
    const auto w = pool::windowOf(layer);
    if (!w || w->taps() > 65536) return std::nullopt;
    if (!w->average && !sameQuantization(layer.inputs[0], layer.outputs[0])) return std::nullopt;
    return w;
}

class Pool final : public Kernel {
public:
    Pool(const LayerDesc& layer, const Window& w, const Family& f)
        : name_(layer.name), w_(w), x_(layer.inputs[0]), store_(moveBetween(layer.inputs[0], layer.outputs[0])),
          folds_(f.isa == Isa::Avx2 ? foldsAvx2() : foldsAvx512()), reduced_(layer.op == "Reduce") {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const TensorView& y = args.outputs[0];
        if (w_.channels > 1 && (x.strides[1] != 1 || y.strides[1] != 1)) {
            throw std::runtime_error("Layer \"" + name_ + "\" wants its tensors channels last.");
        }
        std::array<int64_t, 3> xs{}, ys{};
        for (int i = 0; i < x.rank - 2; ++i) {
            xs[static_cast<size_t>(5 - x.rank + i)] = x.strides[static_cast<size_t>(i + 2)];
            if (!reduced_) ys[static_cast<size_t>(5 - x.rank + i)] = y.strides[static_cast<size_t>(i + 2)];
        }
        const int64_t size = sizeOf(store_.toType);
        const auto body = [&](int64_t begin, int64_t end, int) {
            std::vector<const std::byte*> taps(static_cast<size_t>(w_.taps()));
            std::vector<const std::byte*> lines(static_cast<size_t>(w_.kernel[0] * w_.kernel[1]));
            Fold f{};
            f.taps = taps.data();
            f.channels = w_.channels;
            f.isUnsigned = x_.dtype == DType::U8;
            f.store = store_;
            for (int64_t row = begin; row < end; ++row) {
                std::array<int64_t, 3> o{row / w_.out[1] % w_.out[0], row % w_.out[1], 0};
                const int64_t n = row / w_.out[1] / w_.out[0];
                const size_t inside = linesOf(static_cast<const std::byte*>(x.data) + n * x.strides[0], xs, o, lines.data());
                auto* out = static_cast<std::byte*>(y.data) + (n * y.strides[0] + o[0] * ys[0] + o[1] * ys[1]) * size;
                for (; o[2] < w_.out[2]; ++o[2], out += ys[2] * size) {
                    f.count = gather({lines.data(), inside}, xs[2], o[2], taps.data());
                    f.out = out;
                    if (!w_.average) {
                        folds_.largest(f);
                        continue;
                    }
                    f.zeros = static_cast<int>(f.count * x_.zeroPoint);
                    f.factor = static_cast<float>(x_.scale[0] / static_cast<double>(w_.countPadding ? counted(o) : f.count));
                    folds_.mean(f);
                }
            }
        };
        const int64_t rows = w_.batch * w_.out[0] * w_.out[1];
        if (args.pool) args.pool->parallelFor(rows, std::max<int64_t>(1, 8 / w_.out[2]), body);
        else body(0, rows, 0);
    }

private:
    /// The rows of the input under the windows of an output row; returns how many lie inside.
    size_t linesOf(const std::byte* image, const std::array<int64_t, 3>& strides, const std::array<int64_t, 3>& o, const std::byte** lines) const {
        size_t count = 0;
        const auto at = [&](size_t i, int64_t k) { return o[i] * w_.stride[i] - w_.pad[i] + k * w_.dilation[i]; };
        for (int64_t d = 0; d < w_.kernel[0]; ++d) {
            for (int64_t h = 0; h < w_.kernel[1]; ++h) {
                const int64_t depth = at(0, d), height = at(1, h);
                if (depth >= 0 && depth < w_.in[0] && height >= 0 && height < w_.in[1]) lines[count++] = image + depth * strides[0] + height * strides[1];
            }
        }
        return count;
    }

    int64_t gather(std::span<const std::byte* const> lines, int64_t stride, int64_t ow, const std::byte** taps) const {
        const std::byte** to = taps;
        const int64_t first = ow * w_.stride[2] - w_.pad[2];
        for (const std::byte* line : lines) {
            for (int64_t k = 0, at = first; k < w_.kernel[2]; ++k, at += w_.dilation[2]) {
                if (at >= 0 && at < w_.in[2]) *to++ = line + at * stride;
            }
        }
        return to - taps;
    }

    /// Window positions on the input or its padding.
    int64_t counted(const std::array<int64_t, 3>& o) const {
        int64_t count = 1;
        for (size_t i = 0; i < 3; ++i) {
            int64_t inside = 0;
            for (int64_t k = 0; k < w_.kernel[i]; ++k) inside += o[i] * w_.stride[i] - w_.pad[i] + k * w_.dilation[i] < w_.in[i] + w_.padEnd[i];
            count *= inside;
        }
        return count;
    }

    std::string name_;
    Window w_;
    TensorInfo x_;
    RowMove store_;
    const Folds& folds_;
    bool reduced_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const Family& f, int threads) {
    const auto w = windowFor(layer);
    if (!w) return std::nullopt;
    TacticInfo info;
    info.inputLayouts = {"nhwc"};
    // Without its spatial axes a result is the same in every layout.
    info.outputLayouts = {layer.outputs[0].dims.size() >= 3 ? "nhwc" : "linear"};
    info.packing.resize(1);
    info.inputViews = {1};
    info.outputViews = {1};
    const auto out = static_cast<double>(layer.outputs[0].count());
    const double lane = w->average ? (f.isa == Isa::Avx2 ? 0.05 : 0.03) : 0.01;
    const double bytes = static_cast<double>(layer.inputs[0].count()) + out;
    info.estimate = std::max(out * static_cast<double>(w->taps()) * lane + out / static_cast<double>(w->channels) * 15, bytes / (2 * f.floats.bytesPerNs)) / threads + 1200;
    return info;
}

KernelRow row(const Family& f, const char* op, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = op;
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return supports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<Pool>(l, *windowFor(l), f); };
    return r;
}

}  // namespace

SINTER_KERNEL(s8_maxpool_avx2){row(familyAvx2(), "MaxPool", "s8_maxpool__avx2")};
SINTER_KERNEL(s8_averagepool_avx2){row(familyAvx2(), "AveragePool", "s8_averagepool__avx2")};
SINTER_KERNEL(s8_averagepool_avx512){row(familyAvx512(), "AveragePool", "s8_averagepool__avx512")};
SINTER_KERNEL(s8_mean_avx2){row(familyAvx2(), "Reduce", "s8_reduce_mean__avx2")};
SINTER_KERNEL(s8_mean_avx512){row(familyAvx512(), "Reduce", "s8_reduce_mean__avx512")};

}  // namespace sinter::quant
