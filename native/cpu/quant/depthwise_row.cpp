#include "cpu/quant/depthwise_row.h"

#include <algorithm>
#include <stdexcept>

#include "cpu/conv/support.h"
#include "cpu/quant/depthwise_layer.h"
#include "cpu/quant/product.h"

/// Depthwise 3×3 convolution of 8-bit activations, channels last, a row at a time.
namespace sinter::quant {
namespace {

using conv::Geometry;

/// An instruction set's row, and what its estimate needs.
struct RowFamily {
    Isa isa;
    RowForm form;
    DepthwiseRowFn row;
    const char* recipe;
    double nsPerBlock;  ///< a pixel's 64 channels at stride 1
};
const RowFamily& rowVnni() {
    static const RowFamily f{Isa::Avx512Vnni, RowForm::Bytes, depthwiseRowVnni, "s8_depthwise_rows_bytes", 15};
    return f;
}
const RowFamily& rowAvx512() {
    static const RowFamily f{Isa::Avx512, RowForm::Pairs, depthwiseRowAvx512, "s8_depthwise_rows_pairs", 24};
    return f;
}

int64_t bytesPerWeight(RowForm form) { return form == RowForm::Bytes ? 1 : 2; }

int64_t wholeBlocks(int64_t channels) { return (channels + 31) / 32 * 32; }

std::optional<Geometry> geometryFor(const LayerDesc& layer, const RowFamily& f) {
    const auto g = depthwiseGeometry(layer);
    if (!g || g->kernel != std::array<int64_t, 3>{1, 3, 3} || g->dilation[1] != 1 || g->dilation[2] != 1) return std::nullopt;
    if (g->in[0] != 1 || g->out[0] != 1 || g->pad[0] != 0 || g->stride[2] > 2) return std::nullopt;
    if (f.form == RowForm::Bytes && !formTakes(layer, familyVnni())) return std::nullopt;
    return g;
}

/// to[rowPosition] = value(channel) for whole blocks; 0 beyond the channels.
template <typename T, typename Value>
void inRowOrder(T* to, int64_t channels, const Value& value) {
    for (int64_t c = 0; c < channels;) {
        const int64_t block = rowBlock(channels, c);
        for (int64_t i = 0; i < block; ++i) to[c + rowPosition(block, i)] = c + i < channels ? value(c + i) : T{0};
        c += block;
    }
}

class DepthwiseRows final : public Kernel {
public:
    DepthwiseRows(const LayerDesc& layer, const Geometry& g, const gemm::Epilogue& e, const RowFamily& f)
        : name_(layer.name), opInputs_(layer.opInputs), family_(f), requantizes_(requantizes(layer)),
          step_(requantizes_ ? static_cast<float>(layer.outputs[0].scale[0]) : 1.0f), g_(g), isUnsigned_(layer.inputs[0].dtype == DType::U8), lo_(e.lo), hi_(e.hi),
          quantizer_(layer.outputs[0]), store_(storageOf(layer.outputs[0].dtype)), zeros_(static_cast<size_t>(g.inChannels), static_cast<std::byte>(layer.inputs[0].zeroPoint)) {
        quantizer_.clamp(lo_, hi_);
        if (requantizes_) quantizer_.scaled();
    }

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const TensorView& y = args.outputs[0];
        wantChannelsLast(name_, g_.inChannels, x, y);
        const auto xs = spatialStrides(x), ys = spatialStrides(y);
        const DepthwiseRow shared = prepared(args, ys[2]);
        const auto body = [&](int64_t begin, int64_t end, int) {
            DepthwiseRow r = shared;
            for (int64_t row = begin; row < end; ++row) {
                const int64_t n = row / g_.out[1];
                const int64_t h = row % g_.out[1] * g_.stride[1] - g_.pad[1];
                const auto* image = static_cast<const std::byte*>(x.data) + n * x.strides[0];
                for (int64_t k = 0; k < 3; ++k) {
                    const bool inside = h + k >= 0 && h + k < g_.in[1];
                    r.rows[k] = inside ? image + (h + k) * xs[1] : zeros_.data();
                    r.steps[k] = inside ? xs[2] : 0;
                }
                r.out = static_cast<std::byte*>(y.data) + (n * y.strides[0] + row % g_.out[1] * ys[1]) * sizeOf(store_);
                family_.row(r);
            }
        };
        const int64_t rows = g_.batch * g_.out[1];
        if (args.pool) args.pool->parallelFor(rows, 1, body);
        else body(0, rows, 0);
    }

private:
    /// Everything that the rows have in common; bias, and what depends on the tensors' scales, go into the workspace.
    DepthwiseRow prepared(const KernelArgs& args, int64_t yStep) const {
        const int64_t channels = g_.inChannels;
        const int64_t padded = wholeBlocks(channels);
        const bool biased = opInputs_ > 2 && args.inputs[2].present();
        const bool integerBias = biased && args.inputs[2].dtype == DType::I32;
        DepthwiseRow r{};
        r.zeros = zeros_.data();
        r.inWidth = g_.in[2];
        r.outWidth = g_.out[2];
        r.stride = g_.stride[2];
        r.pad = g_.pad[2];
        r.channels = channels;
        r.isUnsigned = isUnsigned_;
        r.start = static_cast<const int32_t*>(args.inputs[1].data);
        r.scale = reinterpret_cast<const float*>(r.start + padded);
        r.weights = reinterpret_cast<const std::byte*>(r.scale + padded);
        auto* const bias = static_cast<float*>(args.workspace);
        if (biased && !integerBias) inRowOrder(bias, channels, [from = args.inputs[2].as<const float>()](int64_t c) { return from[c]; });
        else std::fill_n(bias, padded, 0.0f);
        r.bias = bias;
        if (integerBias) {
            auto* const start = reinterpret_cast<int32_t*>(bias + padded);
            inRowOrder(start, channels, [from = args.inputs[2].as<const int32_t>()](int64_t c) { return from[c]; });
            for (int64_t c = 0; c < padded; ++c) start[c] = wrapped(start[c], r.start[c]);
            r.start = start;
        }
        if (requantizes_) {
            float* const scale = bias + 2 * padded;
            for (int64_t c = 0; c < padded; ++c) scale[c] = r.scale[c] / step_;
            r.scale = scale;
        }
        r.outStep = yStep * sizeOf(store_);
        r.store = store_;
        r.lo = lo_;
        r.hi = hi_;
        r.inverse = quantizer_.inverse;
        r.storedLo = quantizer_.lo;
        r.storedHi = quantizer_.hi;
        r.zeroPoint = quantizer_.zeroPoint;
        return r;
    }

    std::string name_;
    uint32_t opInputs_;
    const RowFamily& family_;
    bool requantizes_;
    float step_;
    Geometry g_;
    bool isUnsigned_;
    float lo_, hi_;
    Quantizer quantizer_;
    Storage store_;
    std::vector<std::byte> zeros_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const RowFamily& f, int threads) {
    const auto g = geometryFor(layer, f);
    if (!g) return std::nullopt;
    const auto epilogue = depthwiseClamp(layer, *g);
    if (!epilogue) return std::nullopt;
    TacticInfo info = conv::layoutsOf(layer, *epilogue);
    const auto padded = static_cast<uint64_t>(wholeBlocks(g->inChannels));
    info.packing[1] = {f.recipe, padded * (8 + 12 * static_cast<uint64_t>(bytesPerWeight(f.form)))};
    info.workspace = padded * 12;
    const double blocks = static_cast<double>(g->batch * g->outPixels()) * static_cast<double>(padded) / 64;
    info.estimate = blocks * f.nsPerBlock * (g->stride[2] == 1 ? 1 : 1.1) / threads + 1500;
    return info;
}

void pack(const LayerDesc& layer, const RowFamily& f, int input, const void* raw, void* packed) {
    const auto g = geometryFor(layer, f);
    if (!g || input != 1) throw std::runtime_error("Layer \"" + layer.name + "\" has no such packed constant.");
    const IntegerWeights w = integerWeights(layer, raw);
    const int64_t channels = g->inChannels;
    const int64_t padded = wholeBlocks(channels);
    auto* const start = static_cast<int32_t*>(packed);
    auto* const scale = reinterpret_cast<float*>(start + padded);
    const auto at = [&](int64_t c, int64_t row, int64_t column) { return w.values[static_cast<size_t>(c * 9 + row * 3 + column)]; };
    const int64_t zero = layer.inputs[0].zeroPoint + (layer.inputs[0].dtype == DType::U8 ? 0 : 128);
    inRowOrder(start, channels, [&](int64_t c) {
        int64_t sum = 0;
        for (int64_t t = 0; t < 9; ++t) sum += at(c, t / 3, t % 3);
        return static_cast<int32_t>(-zero * sum);
    });
    inRowOrder(scale, channels, [&](int64_t c) { return productScale(layer, w.scales[static_cast<size_t>(c)]); });
    auto* const bytes = reinterpret_cast<std::byte*>(scale + padded);
    std::fill_n(bytes, padded * 12 * bytesPerWeight(f.form), std::byte{0});
    auto* const small = reinterpret_cast<int8_t*>(bytes);
    auto* const wide = reinterpret_cast<int16_t*>(bytes);
    for (int64_t c = 0; c < channels;) {
        const int64_t block = rowBlock(channels, c);
        const int64_t quarter = block / 4;
        for (int64_t i = 0; i < std::min(block, channels - c); ++i) {
            for (int64_t column = 0; column < 3; ++column) {
                // The block's words, [column][quarter][channel of the quarter].
                const int64_t word = column * block + rowPosition(block, i);
                for (int64_t row = 0; row < 3; ++row) {
                    if (f.form == RowForm::Bytes) small[12 * c + 4 * word + row] = static_cast<int8_t>(at(c + i, row, column));
                    else wide[12 * c + 2 * (2 * (word / quarter) * quarter + row % 2 * quarter + word % quarter) + row / 2] = at(c + i, row, column);
                }
            }
        }
        c += block;
    }
}

KernelRow row(const RowFamily& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Conv";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return supports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> {
        const Geometry g = *geometryFor(l, f);
        return std::make_unique<DepthwiseRows>(l, g, *depthwiseClamp(l, g), f);
    };
    r.pack = [&f](const LayerDesc& l, int input, const void* raw, void* packed) { pack(l, f, input, raw, packed); };
    return r;
}

}  // namespace

SINTER_KERNEL(s8_depthwise_avx512){row(rowAvx512(), "s8_depthwise2d__avx512_row64")};
SINTER_KERNEL(s8_depthwise_vnni){row(rowVnni(), "s8_depthwise2d__vnni_row64")};

}  // namespace sinter::quant
