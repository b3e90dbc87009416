#include <algorithm>
#include <stdexcept>

#include "core/thread_pool.h"
#include "cpu/conv/geometry.h"
#include "cpu/conv/support.h"
#include "cpu/depthwise/kernels.h"
#include "cpu/matmul/epilogue_tail.h"

/// Depthwise convolution, channels last: vectors of channels, a few neighbouring pixels at a time.
namespace sinter::depthwise {
namespace {

using conv::Geometry;
using gemm::Epilogue;
using gemm::Extra;
using simd::IsaFamily;

std::optional<Geometry> depthwiseOf(const LayerDesc& layer) {
    const auto g = conv::geometryOf(layer);
    if (!g || g->groups != g->inChannels || g->outChannels != g->inChannels || layer.outputs.size() != 1) return std::nullopt;
    return g;
}

/// Kernel rows of width 3 or 5 without dilation have register tiles of their own.
const TileFn* fixedTiles(const Geometry& g, const Kernels& k) {
    if (g.dilation[2] != 1 || g.stride[2] > 2) return nullptr;
    if (g.kernel[2] == 3) return g.stride[2] == 1 ? k.k3s1 : k.k3s2;
    if (g.kernel[2] == 5) return g.stride[2] == 1 ? k.k5s1 : k.k5s2;
    return nullptr;
}

class Depthwise final : public Kernel {
public:
    Depthwise(const LayerDesc& layer, const Geometry& g, const IsaFamily& f)
        : name_(layer.name), opInputs_(layer.opInputs), g_(g), kernels_(f.isa == Isa::Avx2 ? kernelsAvx2() : kernelsAvx512()),
          fixed_(fixedTiles(g, kernels_)), epilogue_(*gemm::compileEpilogue(layer, g.resultDims(), f)),
          zeros_(static_cast<size_t>(g.inChannels), 0.0f) {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const TensorView& y = args.outputs[0];
        if (g_.inChannels > 1 && (x.strides[1] != 1 || y.strides[1] != 1)) {
            throw std::runtime_error("Layer \"" + name_ + "\" wants its tensors channels last.");
        }
        for (int i = 0; i < x.rank - 2; ++i) {
            xStrides_[static_cast<size_t>(5 - x.rank + i)] = x.strides[i + 2];
            yStrides_[static_cast<size_t>(5 - x.rank + i)] = y.strides[i + 2];
        }
        const std::vector<Extra> extras = gemm::bindExtras(args.inputs.subspan(opInputs_), g_.resultDims(), 1);
        const int64_t scratch = gemm::EpilogueTail::scratchFloats(epilogue_.general.get());
        const int64_t rows = g_.batch * g_.out[0] * g_.out[1];
        const auto body = [&](int64_t begin, int64_t end, int worker) {
            std::optional<gemm::EpilogueTail> tail;
            if (epilogue_.general) tail.emplace(*epilogue_.general, extras, static_cast<float*>(args.workspace) + worker * scratch);
            std::vector<const float*> columns(pointerCount());
            for (int64_t row = begin; row < end; ++row) runRow(args, row, extras, tail, columns.data());
        };
        if (args.pool) {
            args.pool->parallelFor(rows, 1, body);
        } else {
            body(0, rows, 0);
        }
    }

private:
    size_t pointerCount() const {
        const int64_t wide = (kMaxPixels - 1) * g_.stride[2] + g_.kernel[2];
        return static_cast<size_t>(g_.kernel[0] * g_.kernel[1] * std::max(wide, kMaxPixels * g_.kernel[2]));
    }

    void runRow(const KernelArgs& args, int64_t row, const std::vector<Extra>& extras, std::optional<gemm::EpilogueTail>& tail,
                const float** columns) const {
        const int64_t oh = row % g_.out[1];
        const int64_t od = row / g_.out[1] % g_.out[0];
        const int64_t n = row / g_.out[1] / g_.out[0];
        float* const out = args.outputs[0].as<float>() + n * args.outputs[0].strides[0] + od * yStrides_[0] + oh * yStrides_[1];
        Tile t{};
        t.weights = args.inputs[1].as<const float>();
        t.bias = opInputs_ > 2 && args.inputs[2].present() ? args.inputs[2].as<const float>() : nullptr;
        t.channels = g_.inChannels;
        t.lo = epilogue_.general ? -std::numeric_limits<float>::infinity() : epilogue_.lo;
        t.hi = epilogue_.general ? std::numeric_limits<float>::infinity() : epilogue_.hi;
        t.columns = columns;
        const int64_t tiles = (g_.out[2] + kMaxPixels - 1) / kMaxPixels;
        for (int64_t i = 0; i < tiles; ++i) {
            const int64_t first = g_.out[2] * i / tiles;
            const int pixels = static_cast<int>(g_.out[2] * (i + 1) / tiles - first);
            t.columnCount = fixed_ ? (pixels - 1) * g_.stride[2] + g_.kernel[2] : pixels;
            t.rows = fixed_ ? g_.kernel[0] * g_.kernel[1] : g_.taps();
            pointColumns(args.inputs[0], n, od, oh, first, pixels, columns);
            float* to[kMaxPixels];
            const float* residual[kMaxPixels];
            for (int p = 0; p < pixels; ++p) to[p] = out + (first + p) * yStrides_[2];
            t.out = to;
            if (epilogue_.residual >= 0) {
                const Extra& e = extras[static_cast<size_t>(epilogue_.residual)];
                int64_t offsets[kMaxPixels];
                e.rows.offsets(row * g_.out[2] + first, pixels, offsets);
                for (int p = 0; p < pixels; ++p) residual[p] = e.base + offsets[p];
                t.residual = residual;
            }
            (fixed_ ? fixed_ : kernels_.any)[pixels - 1](t);
            if (tail) {
                for (int p = 0; p < pixels; ++p) tail->apply(row * g_.out[2] + first + p, 0, g_.inChannels, to[p]);
            }
        }
    }

    void pointColumns(const TensorView& x, int64_t n, int64_t od, int64_t oh, int64_t first, int pixels, const float** columns) const {
        const float* const image = x.as<const float>() + n * x.strides[0];
        const int64_t w0 = first * g_.stride[2] - g_.pad[2];
        for (int64_t kd = 0; kd < g_.kernel[0]; ++kd) {
            const int64_t d = od * g_.stride[0] - g_.pad[0] + kd * g_.dilation[0];
            for (int64_t kh = 0; kh < g_.kernel[1]; ++kh) {
                const int64_t h = oh * g_.stride[1] - g_.pad[1] + kh * g_.dilation[1];
                const bool inside = d >= 0 && d < g_.in[0] && h >= 0 && h < g_.in[1];
                const float* line = inside ? image + d * xStrides_[0] + h * xStrides_[1] : nullptr;
                const auto pixel = [&](int64_t w) {
                    return inside && w >= 0 && w < g_.in[2] ? line + w * xStrides_[2] : zeros_.data();
                };
                if (fixed_) {
                    const int64_t count = (pixels - 1) * g_.stride[2] + g_.kernel[2];
                    for (int64_t j = 0; j < count; ++j) *columns++ = pixel(w0 + j);
                } else {
                    for (int64_t kw = 0; kw < g_.kernel[2]; ++kw) {
                        for (int p = 0; p < pixels; ++p) *columns++ = pixel(w0 + p * g_.stride[2] + kw * g_.dilation[2]);
                    }
                }
            }
        }
    }

    std::string name_;
    uint32_t opInputs_;
    Geometry g_;
    const Kernels& kernels_;
    const TileFn* fixed_;
    Epilogue epilogue_;
    std::vector<float> zeros_;
    std::array<int64_t, 3> xStrides_{}, yStrides_{};
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const IsaFamily& f, int threads) {
    const auto g = depthwiseOf(layer);
    if (!g) return std::nullopt;
    const auto epilogue = gemm::compileEpilogue(layer, g->resultDims(), f);
    if (!epilogue) return std::nullopt;
    TacticInfo info = conv::layoutsOf(layer, *epilogue);
    info.packing[1] = {"f32_depthwise_taps", static_cast<uint64_t>(g->taps() * g->inChannels) * sizeof(float)};
    info.workspace = static_cast<uint64_t>(gemm::EpilogueTail::scratchFloats(epilogue->general.get()) * std::max(1, threads)) * sizeof(float);
    const double outputs = static_cast<double>(g->batch * g->outPixels() * g->outChannels);
    const double inputs = static_cast<double>(g->batch * g->inChannels * g->in[0] * g->in[1] * g->in[2]);
    const double program = epilogue->general ? epilogue->general->cost() * outputs : 0;
    info.estimate = (std::max(g->flops() / (0.4 * f.flopsPerNs), 4 * (inputs + outputs) / (2 * f.bytesPerNs)) + program) / threads + 1500;
    return info;
}

void pack(const LayerDesc& layer, int input, const void* raw, void* packed) {
    const auto g = depthwiseOf(layer);
    if (!g || input != 1) throw std::runtime_error("Layer \"" + layer.name + "\" has no such packed constant.");
    for (int64_t c = 0; c < g->inChannels; ++c) {
        for (int64_t t = 0; t < g->taps(); ++t) {
            static_cast<float*>(packed)[t * g->inChannels + c] = static_cast<const float*>(raw)[c * g->taps() + t];
        }
    }
}

KernelRow row(const IsaFamily& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Conv";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return supports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<Depthwise>(l, *depthwiseOf(l), f); };
    r.pack = [](const LayerDesc& l, int input, const void* raw, void* packed) { pack(l, input, raw, packed); };
    return r;
}

}  // namespace

SINTER_KERNEL(f32_depthwise_avx2){row(simd::kAvx2, "f32_depthwise2d__avx2_6x8")};
SINTER_KERNEL(f32_depthwise_avx512){row(simd::kAvx512, "f32_depthwise2d__avx512_6x16")};

}  // namespace sinter::depthwise
