#include "cpu/quant/depthwise.h"

#include <algorithm>
#include <stdexcept>

#include "cpu/conv/support.h"
#include "cpu/quant/depthwise_layer.h"
#include "cpu/quant/product.h"

/// Depthwise convolution of 8-bit activations, channels last.
namespace sinter::quant {
namespace {

using conv::Geometry;

using PixelFn = void (*)(const DepthwisePixel&);

/// What the narrow form takes: int8 activations, and weights that are quantized here.
bool isNarrow(const LayerDesc& layer) { return layer.inputs[0].dtype == DType::I8 && layer.inputs[1].dtype == DType::F32; }

PixelFn pixelFor(const LayerDesc& layer) {
    if (isNarrow(layer)) return depthwisePixelAvx2;
    return layer.inputs[0].dtype == DType::U8 ? depthwisePairsU8Avx2 : depthwisePairsI8Avx2;
}

int64_t wholeBlocks(int64_t channels) { return (channels + 15) / 16 * 16; }

class Depthwise final : public Kernel {
public:
    Depthwise(const LayerDesc& layer, const Geometry& g, const gemm::Epilogue& e)
        : name_(layer.name), opInputs_(layer.opInputs), pixel_(pixelFor(layer)), requantizes_(requantizes(layer)), step_(requantizes_ ? static_cast<float>(layer.outputs[0].scale[0]) : 1.0f), g_(g), lo_(e.lo), hi_(e.hi), quantizer_(layer.outputs[0]), store_(storageOf(layer.outputs[0].dtype)),
          zeros_(static_cast<size_t>(g.inChannels), static_cast<std::byte>(layer.inputs[0].zeroPoint)) {
        quantizer_.clamp(lo_, hi_);
        if (requantizes_) quantizer_.scaled();
    }

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const TensorView& y = args.outputs[0];
        wantChannelsLast(name_, g_.inChannels, x, y);
        const auto xs = spatialStrides(x), ys = spatialStrides(y);
        const int64_t padded = wholeBlocks(g_.inChannels);
        auto* const bias = static_cast<float*>(args.workspace);
        std::fill_n(bias, padded, 0.0f);
        const bool biased = opInputs_ > 2 && args.inputs[2].present();
        const bool integerBias = biased && args.inputs[2].dtype == DType::I32;
        if (biased && !integerBias) std::copy_n(args.inputs[2].as<const float>(), g_.inChannels, bias);
        DepthwisePixel shared{};
        shared.tapCount = g_.taps();
        shared.channels = g_.inChannels;
        shared.start = static_cast<const int32_t*>(args.inputs[1].data);
        shared.scale = reinterpret_cast<const float*>(shared.start + padded);
        shared.weights = reinterpret_cast<const int16_t*>(shared.scale + padded);
        if (integerBias) {
            auto* const start = reinterpret_cast<int32_t*>(bias + padded);
            for (int64_t c = 0; c < padded; ++c) start[c] = wrapped(shared.start[c], c < g_.inChannels ? args.inputs[2].as<const int32_t>()[c] : 0);
            shared.start = start;
        }
        if (requantizes_) {
            float* const scale = bias + 2 * padded;
            for (int64_t c = 0; c < padded; ++c) scale[c] = shared.scale[c] / step_;
            shared.scale = scale;
        }
        shared.bias = bias;
        shared.store = store_;
        shared.lo = lo_;
        shared.hi = hi_;
        shared.inverse = quantizer_.inverse;
        shared.storedLo = quantizer_.lo;
        shared.storedHi = quantizer_.hi;
        shared.zeroPoint = quantizer_.zeroPoint;
        const auto body = [&](int64_t begin, int64_t end, int) {
            std::vector<const std::byte*> taps(static_cast<size_t>(g_.taps()));
            DepthwisePixel p = shared;
            p.taps = taps.data();
            for (int64_t row = begin; row < end; ++row) {
                const int64_t oh = row % g_.out[1];
                const int64_t od = row / g_.out[1] % g_.out[0];
                const int64_t n = row / g_.out[1] / g_.out[0];
                const auto* image = static_cast<const std::byte*>(x.data) + n * x.strides[0];
                auto* const out = static_cast<std::byte*>(y.data) + (n * y.strides[0] + od * ys[0] + oh * ys[1]) * sizeOf(store_);
                for (int64_t ow = 0; ow < g_.out[2]; ++ow) {
                    point(image, xs, {od, oh, ow}, taps.data());
                    p.out = out + ow * ys[2] * sizeOf(store_);
                    pixel_(p);
                }
            }
        };
        const int64_t rows = g_.batch * g_.out[0] * g_.out[1];
        if (args.pool) args.pool->parallelFor(rows, 1, body);
        else body(0, rows, 0);
    }

private:
    void point(const std::byte* image, const std::array<int64_t, 3>& strides, const std::array<int64_t, 3>& o, const std::byte** taps) const {
        const int64_t d0 = o[0] * g_.stride[0] - g_.pad[0];
        const int64_t h0 = o[1] * g_.stride[1] - g_.pad[1];
        const int64_t w0 = o[2] * g_.stride[2] - g_.pad[2];
        for (int64_t kd = 0; kd < g_.kernel[0]; ++kd) {
            const int64_t d = d0 + kd * g_.dilation[0];
            for (int64_t kh = 0; kh < g_.kernel[1]; ++kh) {
                const int64_t h = h0 + kh * g_.dilation[1];
                const bool inside = d >= 0 && d < g_.in[0] && h >= 0 && h < g_.in[1];
                const std::byte* line = inside ? image + d * strides[0] + h * strides[1] : nullptr;
                for (int64_t kw = 0; kw < g_.kernel[2]; ++kw) {
                    const int64_t w = w0 + kw * g_.dilation[2];
                    *taps++ = inside && w >= 0 && w < g_.in[2] ? line + w * strides[2] : zeros_.data();
                }
            }
        }
    }

    std::string name_;
    uint32_t opInputs_;
    PixelFn pixel_;
    bool requantizes_;
    float step_;
    Geometry g_;
    float lo_, hi_;
    Quantizer quantizer_;
    Storage store_;
    std::vector<std::byte> zeros_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, int threads) {
    const auto g = depthwiseGeometry(layer);
    if (!g) return std::nullopt;
    const auto epilogue = depthwiseClamp(layer, *g);
    if (!epilogue) return std::nullopt;
    TacticInfo info = conv::layoutsOf(layer, *epilogue);
    const auto padded = static_cast<uint64_t>(wholeBlocks(g->inChannels));
    const bool narrow = isNarrow(layer);
    const auto numbers = static_cast<uint64_t>(narrow ? g->taps() : 2 * tapPairs(g->taps()));
    info.packing[1] = {narrow ? "s8_depthwise_taps_16" : "s8_depthwise_pairs_16", padded * (8 + 2 * numbers)};
    info.workspace = padded * 12;
    const auto pixels = static_cast<double>(g->batch * g->outPixels());
    const double work = pixels * static_cast<double>(padded) * (0.25 + 0.025 * static_cast<double>(g->taps())) + pixels * static_cast<double>(g->taps()) * 2.2;
    info.estimate = work / threads + 1500;
    return info;
}

void pack(const LayerDesc& layer, int input, const void* raw, void* packed) {
    const auto g = depthwiseGeometry(layer);
    if (!g || input != 1) throw std::runtime_error("Layer \"" + layer.name + "\" has no such packed constant.");
    const IntegerWeights w = integerWeights(layer, raw);
    const int64_t padded = wholeBlocks(g->inChannels);
    const int64_t taps = g->taps();
    auto* start = static_cast<int32_t*>(packed);
    auto* scale = reinterpret_cast<float*>(start + padded);
    auto* weights = reinterpret_cast<int16_t*>(scale + padded);
    std::fill_n(weights, padded * (isNarrow(layer) ? taps : 2 * tapPairs(taps)), int16_t{0});
    for (int64_t c = 0; c < padded; ++c) {
        int64_t sum = 0;
        for (int64_t t = 0; t < taps; ++t) {
            const int16_t v = c < g->inChannels ? w.values[static_cast<size_t>(c * taps + t)] : int16_t{0};
            sum += v;
            const int64_t lane = c % 16;
            // Pairs: 8 channels of each half, the two taps side by side; channels 4-7 and 12-15 in the second vector.
            if (isNarrow(layer)) weights[(c / 16 * taps + t) * 16 + lane] = v;
            else weights[((c / 16 * tapPairs(taps) + t / 2) * 2 + lane / 4 % 2) * 16 + lane / 8 * 8 + lane % 4 * 2 + t % 2] = v;
        }
        start[c] = static_cast<int32_t>(-layer.inputs[0].zeroPoint * sum);
        scale[c] = c < g->inChannels ? productScale(layer, w.scales[static_cast<size_t>(c)]) : 0.0f;
    }
}

KernelRow row(const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Conv";
    r.isa = Isa::Avx2;
    r.supports = supports;
    r.make = [](const LayerDesc& l, int) -> std::unique_ptr<Kernel> {
        const Geometry g = *depthwiseGeometry(l);
        return std::make_unique<Depthwise>(l, g, *depthwiseClamp(l, g));
    };
    r.pack = pack;
    return r;
}

}  // namespace

SINTER_KERNEL(s8_depthwise_avx2){row("s8_depthwise2d__avx2_1x16")};

}  // namespace sinter::quant
