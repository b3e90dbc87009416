#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "cpu/conv/geometry.h"
#include "cpu/conv/pixel_rows.h"
#include "cpu/conv/support.h"
#include "cpu/matmul/gemm.h"

/// Direct convolution as an implicit matrix product over channels-last pixels.
namespace sinter::conv {
namespace {

using gemm::Epilogue;
using gemm::PanelPlan;
using gemm::Form;
using simd::IsaFamily;

/// A kernel's instruction set and the form of its operands.
struct Variant {
    const IsaFamily& family;
    Form form = Form::F32;
    bool halves() const { return form != Form::F32; }
    DType x() const { return form == Form::Pairs ? DType::BF16 : DType::F32; }
    DType w() const { return form == Form::F32 ? DType::F32 : form == Form::WF16 ? DType::F16 : DType::BF16; }
    const gemm::Kernels& kernels() const { return gemm::kernelsOf(family, form); }
    std::optional<Epilogue> epilogue(const LayerDesc& layer, const Geometry& g) const {
        return gemm::compileEpilogue(layer, g.resultDims(), family, halves());
    }
};

/// With few channels a tap is too short a loop: the input is copied once into a padded channels-last buffer (from any
/// layout), where the pixels under a kernel row lie side by side and make one long tap.
bool joinsKernelRows(const Geometry& g, Form form) {
    return form != Form::Pairs && g.groups == 1 && g.inChannels <= 8 && g.dilation[2] == 1 && g.kernel[2] > 1;
}

struct Plan {
    Geometry g;
    Geometry padded;  ///< what the kernel sees: `g`, or `g` over the padded copy
    bool joined = false;
    PanelPlan panels;
    gemm::Shape shape;
};

Plan planFor(const LayerDesc& layer, const Geometry& g, const Variant& v) {
    const IsaFamily& f = v.family;
    const int64_t perWord = v.form == Form::Pairs ? 2 : 1;
    Plan p;
    p.g = p.padded = g;
    p.joined = joinsKernelRows(g, v.form);
    if (p.joined) {
        for (size_t i = 0; i < 3; ++i) {
            // As far as the last window reaches, which may be less than the input or more than its padding.
            p.padded.in[i] = std::max((g.out[i] - 1) * g.stride[i] + (g.kernel[i] - 1) * g.dilation[i] + 1, int64_t{1});
            p.padded.pad[i] = 0;
        }
    }
    p.panels = gemm::planPanels(f.lanes, g.taps() * g.groupChannels() / perWord, g.outChannels, layer.intsAttr("splits"), g.groups);
    p.shape.rows = g.batch * g.outPixels();
    p.shape.taps = p.joined ? g.kernel[0] * g.kernel[1] : g.taps();
    p.shape.klen = p.joined ? g.kernel[2] * g.inChannels : g.groupChannels() / perWord;
    p.shape.groupStep = g.groupChannels() / perWord;
    // The pixel stride of a view is known only at run time; its channel count stands for it.
    p.shape.copyRows = g.groups == 1 && g.taps() == 1 && gemm::crowdsCacheSets(g.inChannels / perWord * g.stride[2], f.tileRows);
    return p;
}

int64_t paddedFloats(const Plan& p) {
    return p.joined ? p.g.batch * p.padded.in[0] * p.padded.in[1] * p.padded.in[2] * p.g.inChannels : 0;
}

uint64_t alignUp(uint64_t n) { return (n + 63) / 64 * 64; }

/// pixel[w · C + c] = from[c · channelStep + w · step]: one pass over the pixels for the usual channel counts.
template <int C>
void interleaveFixed(const float* from, int64_t channelStep, int64_t step, int64_t width, float* pixel) {
    for (int64_t w = 0; w < width; ++w, pixel += C) {
        for (int c = 0; c < C; ++c) pixel[c] = from[c * channelStep + w * step];
    }
}
void interleave(const float* from, int64_t channelStep, int64_t step, int64_t channels, int64_t width, float* pixel) {
    if (channels == 3 && step == 1) {
        const float *r = from, *g = from + channelStep, *b = from + 2 * channelStep;
        for (int64_t w = 0; w < width; ++w) {
            pixel[3 * w] = r[w];
            pixel[3 * w + 1] = g[w];
            pixel[3 * w + 2] = b[w];
        }
        return;
    }
    switch (channels) {
        case 1: return interleaveFixed<1>(from, channelStep, step, width, pixel);
        case 3: return interleaveFixed<3>(from, channelStep, step, width, pixel);
        case 4: return interleaveFixed<4>(from, channelStep, step, width, pixel);
        default:
            for (int64_t w = 0; w < width; ++w, pixel += channels) {
                for (int64_t c = 0; c < channels; ++c) pixel[c] = from[c * channelStep + w * step];
            }
    }
}

class ConvNhwc final : public Kernel {
public:
    ConvNhwc(const LayerDesc& layer, const Geometry& g, const Variant& v)
        : name_(layer.name), opInputs_(layer.opInputs), plan_(planFor(layer, g, v)), kernels_(v.kernels()),
          epilogue_(*v.epilogue(layer, g)), rows_(plan_.padded, plan_.joined),
          zeros_(static_cast<size_t>(g.inChannels), 0.0f) {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const Geometry& g = plan_.g;
        std::array<int64_t, 3> strides{};
        for (int i = 0; i < x.rank - 2; ++i) strides[static_cast<size_t>(5 - x.rank + i)] = x.strides[i + 2];
        auto* workspace = static_cast<std::byte*>(args.workspace);
        if (plan_.joined) {
            auto* copy = reinterpret_cast<float*>(workspace);
            workspace += alignUp(static_cast<uint64_t>(paddedFloats(plan_)) * sizeof(float));
            copyPadded(x, strides, copy, args.pool);
            const auto& in = plan_.padded.in;
            const int64_t pixel = g.inChannels;
            rows_.bind(copy, in[0] * in[1] * in[2] * pixel, {in[1] * in[2] * pixel, in[2] * pixel, pixel}, zeros_.data());
        } else {
            if (x.dims[1] > 1 && x.strides[1] != 1) {
                throw std::runtime_error("Layer \"" + name_ + "\" wants its input channels last.");
            }
            rows_.bind(x.data, x.strides[0], strides, zeros_.data(), kernels_.form == Form::Pairs ? 2 : 4);
        }
        outputs_.clear();
        for (const TensorView& o : args.outputs) outputs_.push_back({o.data, gemm::rowsOf(o, 1), gemm::numbersOf(o.dtype)});
        const std::vector<gemm::Extra> extras =
            gemm::bindExtras(args.inputs.subspan(opInputs_), g.resultDims(), 1);
        gemm::Operands operands;
        operands.a = &rows_;
        operands.weights = args.inputs[1].data;
        operands.bias = opInputs_ > 2 && args.inputs[2].present() ? args.inputs[2].as<const float>() : nullptr;
        operands.outputs = outputs_;
        operands.extras = extras;
        if (epilogue_.residual >= 0) operands.residual = gemm::numbersOf(args.inputs[opInputs_ + static_cast<size_t>(epilogue_.residual)].dtype);
        gemm::run(plan_.shape, kernels_, plan_.panels, epilogue_, operands, args.pool, workspace);
    }

private:
    void copyPadded(const TensorView& x, std::array<int64_t, 3> strides, float* copy, ThreadPool* pool) const {
        const Geometry& g = plan_.g;
        const auto& in = plan_.padded.in;
        const int64_t channels = g.inChannels;
        const int64_t rowFloats = in[2] * channels;
        const auto body = [&](int64_t begin, int64_t end, int) {
            for (int64_t r = begin; r < end; ++r) {
                float* to = copy + r * rowFloats;
                const int64_t h = r % in[1] - g.pad[1];
                const int64_t d = r / in[1] % in[0] - g.pad[0];
                const int64_t n = r / in[1] / in[0];
                if (h < 0 || h >= g.in[1] || d < 0 || d >= g.in[0]) {
                    std::fill_n(to, rowFloats, 0.0f);
                    continue;
                }
                const int64_t left = std::min(g.pad[2], in[2]);
                const int64_t width = std::clamp<int64_t>(in[2] - left, 0, g.in[2]);
                std::fill_n(to, left * channels, 0.0f);
                const float* from = x.as<const float>() + n * x.strides[0] + d * strides[0] + h * strides[1];
                float* pixel = to + left * channels;
                interleave(from, x.strides[1], strides[2], channels, width, pixel);
                std::fill(pixel + width * channels, to + rowFloats, 0.0f);
            }
        };
        const int64_t rows = g.batch * in[0] * in[1];
        if (pool) {
            pool->parallelFor(rows, 8, body);
        } else {
            body(0, rows, 0);
        }
    }

    std::string name_;
    uint32_t opInputs_;
    Plan plan_;
    const gemm::Kernels& kernels_;
    Epilogue epilogue_;
    PixelRows rows_;
    std::vector<float> zeros_;
    std::vector<gemm::Output> outputs_;
};

double weightBytes(const Plan& p, const Variant& v) {
    return static_cast<double>(p.panels.packedFloats) * (v.form == Form::F32 || v.form == Form::Pairs ? 4 : 2);
}

/// Nanoseconds: arithmetic at the sustained rate of full tiles, or the weights' and activations' way from memory.
double estimate(const LayerDesc& layer, const Plan& p, const Epilogue& e, const Variant& v, int threads) {
    const IsaFamily& f = v.family;
    double padded = 0;
    for (const gemm::Panel& panel : p.panels.panels) {
        padded += panel.vecs * f.lanes * (panel.vecs == 1 ? 1.25 : 1.0);  // one vector of columns is bound by loads
    }
    const double k = static_cast<double>(p.shape.taps * p.shape.klen * (v.form == Form::Pairs ? 2 : 1));
    const double rows = static_cast<double>(p.shape.rows);
    // Widening weights takes part of what few rows leave.
    const double widening = v.form == Form::WF16 || v.form == Form::WBF16 ? 1.05 : 1;
    const double compute = 2 * rows * padded * k / f.flopsPerNs * widening;
    const double setup = rows * static_cast<double>(p.shape.taps) * 0.6 + rows * padded * 0.05;
    const double bytes = weightBytes(p, v) + static_cast<double>(layer.inputs[0].count()) * static_cast<double>(dtypeSize(layer.inputs[0].dtype)) +
                         rows * static_cast<double>(p.g.outChannels) * static_cast<double>(dtypeSize(layer.outputs[0].dtype));
    const double extra = (e.general ? e.general->cost() * rows * static_cast<double>(p.g.outChannels) : 0) +
                         (p.joined ? static_cast<double>(paddedFloats(p)) : 0);
    return (std::max(compute + setup, bytes / f.bytesPerNs) + extra) / threads + 1500;
}

std::optional<Geometry> geometryFor(const LayerDesc& layer, const Variant& v) {
    auto g = geometryOf(layer, v.x(), v.w(), v.halves());
    if (v.form == Form::Pairs && (!gemm::pairsAvailable() || (g && g->groupChannels() % 2 != 0))) return std::nullopt;
    return g;
}

std::optional<TacticInfo> supports(const LayerDesc& layer, const Variant& v, int threads) {
    const IsaFamily& f = v.family;
    const auto g = geometryFor(layer, v);
    if (!g) return std::nullopt;
    const auto epilogue = v.epilogue(layer, *g);
    if (!epilogue) return std::nullopt;
    // Groups of one channel belong to the depthwise kernels.
    const Plan p = planFor(layer, *g, v);
    TacticInfo info = layoutsOf(layer, *epilogue);
    if (p.joined) info.inputLayouts[0] = "";
    info.packing[1] = {gemm::panelRecipe("conv2d", v.form, f.lanes), static_cast<uint64_t>(weightBytes(p, v))};
    gemm::Kernels sizes{};
    sizes.maxRows = f.tileRows;
    info.workspace = alignUp(static_cast<uint64_t>(paddedFloats(p)) * sizeof(float)) +
                     gemm::workspaceBytes(p.shape, sizes, *epilogue, threads);
    info.estimate = estimate(layer, p, *epilogue, v, threads);
    return info;
}

void pack(const LayerDesc& layer, const Variant& v, int input, const void* raw, void* packed) {
    const auto g = geometryFor(layer, v);
    if (!g || input != 1) throw std::runtime_error("Layer \"" + layer.name + "\" has no such packed constant.");
    const PanelPlan plan = planFor(layer, *g, v).panels;
    const int64_t channels = g->groupChannels();
    const int64_t taps = g->taps();
    gemm::packForm(v.form, plan, raw, packed, [&](int64_t k, int64_t column) { return (column * channels + k % channels) * taps + k / channels; });
}

KernelRow row(const IsaFamily& f, Form form, const char* name) {
    const Variant v{f, form};
    KernelRow r;
    r.name = name;
    r.op = "Conv";
    r.isa = f.isa;
    r.supports = [v](const LayerDesc& l, int threads) { return supports(l, v, threads); };
    r.make = [v](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<ConvNhwc>(l, *geometryFor(l, v), v); };
    r.pack = [v](const LayerDesc& l, int input, const void* raw, void* packed) { pack(l, v, input, raw, packed); };
    return r;
}

}  // namespace

SINTER_KERNEL(f32_conv_avx2){row(simd::kAvx2, Form::F32, "f32_conv2d__avx2_6x16")};
SINTER_KERNEL(f32_conv_avx512){row(simd::kAvx512, Form::F32, "f32_conv2d__avx512_14x32")};
SINTER_KERNEL(f32_conv_wf16_avx2){row(simd::kAvx2, Form::WF16, "f32_conv2d_wf16__avx2_6x16")};
SINTER_KERNEL(f32_conv_wf16_avx512){row(simd::kAvx512, Form::WF16, "f32_conv2d_wf16__avx512_14x32")};
SINTER_KERNEL(f32_conv_wbf16_avx2){row(simd::kAvx2, Form::WBF16, "f32_conv2d_wbf16__avx2_6x16")};
SINTER_KERNEL(f32_conv_wbf16_avx512){row(simd::kAvx512, Form::WBF16, "f32_conv2d_wbf16__avx512_14x32")};
SINTER_KERNEL(bf16_conv){row(simd::kPairs, Form::Pairs, "bf16_conv2d__bf16_14x32")};

}  // namespace sinter::conv
