#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <stdexcept>

#include "cpu/conv/geometry.h"
#include "cpu/conv/support.h"
#include "cpu/quant/interleave.h"
#include "cpu/quant/product.h"

/// Convolution of quantized activations, channels last, as an implicit product over a padded copy of the input.
namespace sinter::quant {
namespace {

using conv::Geometry;

/// The input as the tiles want it: padded, channels last, in words' numbers; strided 1-wide kernels keep only the pixels
/// they read. With few channels the pixels under a kernel row make one long tap.
struct Source {
    Geometry g;
    bool joined = false;
    std::array<int64_t, 3> in{}, step{1, 1, 1}, stride{1, 1, 1};
    int64_t numberBytes = 1, pixel = 0, row = 0, plane = 0, image = 0;  ///< bytes
    std::vector<int64_t> tapOffsets;
    gemm::RowMap rows;

    int64_t bytes() const { return (g.batch * image + 64 + 63) / 64 * 64; }
};

Source sourceOf(const Geometry& g, const Kernels& k) {
    Source s;
    s.g = g;
    s.joined = g.groups == 1 && g.inChannels <= 8 && g.dilation[2] == 1 && g.kernel[2] > 1;
    for (size_t i = 0; i < 3; ++i) {
        const bool single = g.kernel[i] == 1;
        s.step[i] = single ? g.stride[i] : 1;
        s.stride[i] = single ? 1 : g.stride[i];
        s.in[i] = (g.out[i] - 1) * s.stride[i] + (g.kernel[i] - 1) * g.dilation[i] + 1;
    }
    s.numberBytes = k.perWord == 4 ? 1 : 2;
    s.pixel = g.inChannels * s.numberBytes;
    // Pixels a multiple of half a page apart would fall on the same cache sets.
    if (!s.joined && s.pixel % 2048 == 0) s.pixel += 64;
    s.row = s.in[2] * s.pixel;
    s.plane = s.in[1] * s.row;
    s.image = s.in[0] * s.plane;
    for (int64_t d = 0; d < g.kernel[0]; ++d) {
        for (int64_t h = 0; h < g.kernel[1]; ++h) {
            for (int64_t w = 0; w < (s.joined ? 1 : g.kernel[2]); ++w) {
                s.tapOffsets.push_back(d * g.dilation[0] * s.plane + h * g.dilation[1] * s.row + w * g.dilation[2] * s.pixel);
            }
        }
    }
    s.rows.push(g.batch, s.image);
    s.rows.push(g.out[0], s.stride[0] * s.plane);
    s.rows.push(g.out[1], s.stride[1] * s.row);
    s.rows.push(g.out[2], s.stride[2] * s.pixel);
    return s;
}

std::optional<Geometry> geometryOf(const LayerDesc& layer) {
    if (layer.inputs.size() < 2 || !isStored(layer.inputs[0]) || !hasIntegerWeights(layer)) return std::nullopt;
    LayerDesc plain = withFloatBias(layer);
    plain.inputs[0] = dequantizedInfo(layer.inputs[0]);
    plain.inputs[1] = dequantizedInfo(layer.inputs[1]);
    for (TensorInfo& o : plain.outputs) {
        if (!readableRow(o) || o.dims.size() != layer.inputs[0].dims.size()) return std::nullopt;
        o = dequantizedInfo(o);
    }
    return conv::geometryOf(plain);
}

Plan planFor(const LayerDesc& layer, const Source& s, const Kernels& k) {
    const Geometry& g = s.g;
    const int64_t klen = s.joined ? g.kernel[2] * g.inChannels : g.groupChannels();
    Plan p = planProduct(k, g.batch * g.outPixels(), static_cast<int64_t>(s.tapOffsets.size()), klen, g.outChannels, layer.intsAttr("splits"), g.groups);
    p.groupBytes = g.groupChannels() * s.numberBytes;
    return p;
}

/// to[pixel][channel] of n pixels whose channels lie apart.
void interleave(const std::byte* from, int64_t channelStride, int64_t pixelStride, int64_t channels, int64_t n, std::byte* to) {
    if (channels == 3 && pixelStride == 1) {
        const std::byte* const planes[3] = {from, from + channelStride, from + 2 * channelStride};
        return interleaveThreeAvx2(planes, n, to);
    }
    for (int64_t i = 0; i < n; ++i, from += pixelStride, to += channels) {
        for (int64_t c = 0; c < channels; ++c) to[c] = from[c * channelStride];
    }
}

class Conv final : public Kernel {
public:
    Conv(const LayerDesc& layer, const Geometry& g, const Family& f)
        : name_(layer.name), opInputs_(layer.opInputs), x_(layer.inputs[0]), kernels_(f.kernels()), source_(sourceOf(g, kernels_)),
          product_(layer, planFor(layer, source_, kernels_), g.resultDims(), f) {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        if (!source_.joined && x.dims[1] > 1 && x.strides[1] != 1) {
            throw std::runtime_error("Layer \"" + name_ + "\" wants its input channels last.");
        }
        auto* copy = static_cast<std::byte*>(args.workspace);
        const Geometry& g = source_.g;
        std::atomic<bool> negative = false;
        const auto body = [&](int64_t begin, int64_t end, int) {
            bool any = false;
            for (int64_t r = begin; r < end; ++r) any |= copyRow(x, r, copy);
            if (any) negative = true;
        };
        const int64_t rows = g.batch * source_.in[0] * source_.in[1];
        if (args.pool) args.pool->parallelFor(rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(source_.row, 1)), body);
        else body(0, rows, 0);
        Operands o;
        o.a = copy;
        o.aRows = source_.rows;
        o.tapOffsets = source_.tapOffsets;
        o.packed = args.inputs[1].data;
        if (opInputs_ > 2 && args.inputs[2].present()) {
            if (args.inputs[2].dtype == DType::I32) o.integerBias = args.inputs[2].as<const int32_t>();
            else o.bias = args.inputs[2].as<const float>();
        }
        o.extras = args.inputs.subspan(opInputs_);
        o.outputs = args.outputs;
        o.columnAxis = 1;
        o.negative = negative;
        product_.run(o, args.pool, copy + source_.bytes());
    }

private:
    /// True when some activation is negative.
    bool copyRow(const TensorView& x, int64_t r, std::byte* copy) const {
        const Source& s = source_;
        const Geometry& g = s.g;
        std::array<int64_t, 3> strides{};
        for (int i = 0; i < x.rank - 2; ++i) strides[static_cast<size_t>(5 - x.rank + i)] = x.strides[static_cast<size_t>(i + 2)];
        std::byte* const to = copy + r * s.row;
        const int64_t h = r % s.in[1] * s.step[1] - g.pad[1];
        const int64_t d = r / s.in[1] % s.in[0] * s.step[0] - g.pad[0];
        const int64_t n = r / s.in[1] / s.in[0];
        const bool inside = h >= 0 && h < g.in[1] && d >= 0 && d < g.in[0];
        // Pixels [left, right) of the row come from the input.
        int64_t left = 0, right = 0;
        if (inside) {
            left = std::min(s.in[2], (g.pad[2] + s.step[2] - 1) / s.step[2]);
            right = std::clamp<int64_t>((g.in[2] - 1 + g.pad[2]) / s.step[2] + 1, left, s.in[2]);
        }
        const int padding = kernels_.zeroOf(x_.zeroPoint, x_.dtype == DType::U8);
        std::memset(to, padding, static_cast<size_t>(left * s.pixel));
        std::memset(to + right * s.pixel, padding, static_cast<size_t>((s.in[2] - right) * s.pixel));
        if (left == right) return false;
        const auto* from = static_cast<const std::byte*>(x.data) + n * x.strides[0] + d * strides[0] + h * strides[1] +
                           (left * s.step[2] - g.pad[2]) * strides[2];
        Widen w{to + left * s.pixel, from, g.inChannels, x_.dtype == DType::U8, static_cast<int>(x_.zeroPoint)};
        if (g.inChannels > 1 && x.strides[1] != 1) return gather(w, x.strides[1], strides[2] * s.step[2], right - left);
        if (s.step[2] == 1 && strides[2] == g.inChannels && s.pixel == g.inChannels * s.numberBytes) {
            w.n *= right - left;
            return kernels_.widen(w);
        }
        bool any = false;
        for (int64_t i = left; i < right; ++i, w.to += s.pixel, w.from += strides[2] * s.step[2]) any |= kernels_.widen(w);
        return any;
    }

    bool gather(Widen w, int64_t channelStride, int64_t pixelStride, int64_t pixels) const {
        constexpr int64_t kPixels = 256;
        const int64_t channels = w.n;
        std::array<std::byte, 8 * kPixels> numbers;
        const std::byte* const from = w.from;
        w.from = numbers.data();
        bool any = false;
        for (int64_t i = 0; i < pixels; i += kPixels, w.to += kPixels * source_.pixel) {
            const int64_t n = std::min(kPixels, pixels - i);
            interleave(from + i * pixelStride, channelStride, pixelStride, channels, n, numbers.data());
            w.n = n * channels;
            any |= kernels_.widen(w);
        }
        return any;
    }

    std::string name_;
    uint32_t opInputs_;
    TensorInfo x_;
    const Kernels& kernels_;
    Source source_;
    Product product_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const Family& f, int threads) {
    const auto g = geometryOf(layer);
    if (!g || !formTakes(layer, f) || !fitsInt32(layer, g->taps() * g->groupChannels())) return std::nullopt;
    const auto epilogue = compileEpilogue(layer, g->resultDims(), f);
    if (!epilogue) return std::nullopt;
    const Kernels& k = f.kernels();
    const Source s = sourceOf(*g, k);
    const Plan p = planFor(layer, s, k);
    TacticInfo info = conv::layoutsOf(layer, *epilogue);
    if (s.joined) info.inputLayouts[0] = "";
    info.packing[1] = {std::string(k.form == Form::Unsigned ? "u8" : "s8") + "_conv2d_panels_" + std::to_string(k.perWord) + "x" + std::to_string(2 * k.lanes), p.packedBytes()};
    info.workspace = static_cast<uint64_t>(s.bytes()) + Product::workspaceBytes(layer, p, *epilogue, k, threads);
    const auto rows = static_cast<double>(p.rows);
    const auto padded = static_cast<double>(p.paddedColumns);
    const auto columns = static_cast<double>(p.columns);
    const double macs = rows * padded * static_cast<double>(p.taps * p.wordsPerTap * k.perWord);
    const double copy = static_cast<double>(s.bytes()) * 0.03 + rows * static_cast<double>(p.taps) * 0.1;
    const double store = rows * padded * 2.2 / k.lanes + (epilogue->general ? epilogue->general->cost() * rows * columns : 0);
    const double memory = (static_cast<double>(p.weightBytes) + rows * columns) / f.floats.bytesPerNs;
    info.estimate = (std::max(macs / f.macsPerNs + store, memory) + copy) / threads + 2500;
    return info;
}

void pack(const LayerDesc& layer, const Family& f, int input, const void* raw, void* packed) {
    const auto g = geometryOf(layer);
    if (!g || input != 1) throw std::runtime_error("Layer \"" + layer.name + "\" has no such packed constant.");
    const Kernels& k = f.kernels();
    const Source s = sourceOf(*g, k);
    const IntegerWeights w = integerWeights(layer, raw);
    const int64_t channels = g->groupChannels();
    const int64_t taps = g->taps();
    packProduct(planFor(layer, s, k), k, layer, w.scales, packed, [&](int64_t tap, int64_t at, int64_t column) {
        const int64_t position = s.joined ? tap * g->kernel[2] + at / channels : tap;
        return w.values[static_cast<size_t>((column * channels + at % channels) * taps + position)];
    });
}

KernelRow row(const Family& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Conv";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return supports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<Conv>(l, *geometryOf(l), f); };
    r.pack = [&f](const LayerDesc& l, int input, const void* raw, void* packed) { pack(l, f, input, raw, packed); };
    return r;
}

}  // namespace

SINTER_KERNEL(s8_conv_avx2){row(familyAvx2(), "s8_conv2d__avx2_6x16")};
SINTER_KERNEL(s8_conv_avx2_bytes){row(familyAvx2Bytes(), "s8_conv2d__avx2_bytes_6x16")};
SINTER_KERNEL(s8_conv_avx512){row(familyAvx512(), "s8_conv2d__avx512_14x32")};
SINTER_KERNEL(s8_conv_vnni){row(familyVnni(), "s8_conv2d__vnni_14x32")};

}  // namespace sinter::quant
