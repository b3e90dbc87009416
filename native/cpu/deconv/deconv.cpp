// Transposed convolution, channels last. Output pixels of one phase (position modulo the stride) read the same kernel taps,
// so each phase is a small dense convolution over register tiles: nothing is scattered, nothing is multiplied by zero.
#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>

#include "core/thread_pool.h"
#include "cpu/conv/support.h"
#include "cpu/deconv/kernels.h"
#include "cpu/matmul/epilogue_tail.h"
#include "cpu/reference/window.h"

namespace sinter::deconv {
namespace {

using gemm::Epilogue;
using gemm::Extra;
using ref::Window;
using simd::IsaFamily;

struct Plan {
    Window window;  // of the convolution that this one transposes: `in` is the output, `out` the input
    int64_t batch = 0, channels = 0, filters = 0;
    std::vector<int64_t> result;
    bool bias = false;

    int block(const IsaFamily& f) const { return filters <= f.lanes ? f.lanes : 2 * f.lanes; }
    int64_t blocks(const IsaFamily& f) const { return (filters + block(f) - 1) / block(f); }
    uint64_t packedFloats(const IsaFamily& f) const { return static_cast<uint64_t>(blocks(f) * window.kernelSize() * channels * block(f)); }
};

std::optional<Plan> planOf(const LayerDesc& d) {
    if (d.opInputs < 2 || d.inputs.size() < d.opInputs || d.outputs.size() != 1 || d.intAttr("group", 1) != 1) return std::nullopt;
    const auto &x = d.inputs[0], &w = d.inputs[1], &y = d.outputs[0];
    if (x.dtype != DType::F32 || w.dtype != DType::F32 || y.dtype != DType::F32 || !w.constant || w.dims.size() != x.dims.size()) return std::nullopt;
    const auto window = Window::of(d, y.dims, x.dims);
    if (!window || x.dims[1] != w.dims[0] || y.dims[1] != w.dims[1] || x.dims[0] != y.dims[0]) return std::nullopt;
    for (int a = 3 - window->rank; a < 3; ++a)
        if (window->kernel[a] != w.dims[static_cast<size_t>(a - 1 + window->rank)]) return std::nullopt;
    Plan p{*window, x.dims[0], x.dims[1], w.dims[1], y.dims, d.opInputs > 2 && d.inputs[2].present()};
    if (p.bias && (d.inputs[2].dtype != DType::F32 || d.inputs[2].count() != p.filters)) return std::nullopt;
    return p;
}

/// A kernel tap that reaches an output index, and the input index it reads there.
struct Tap {
    int64_t k, in;
};

class Deconv final : public Kernel {
public:
    Deconv(const LayerDesc& d, const IsaFamily& f)
        : name_(d.name), opInputs_(d.opInputs), p_(*planOf(d)), block_(p_.block(f)), wide_(block_ > f.lanes), blocks_(p_.blocks(f)),
          kernels_(f.isa == Isa::Avx2 ? kernelsAvx2() : kernelsAvx512()), epilogue_(*gemm::compileEpilogue(d, p_.result, f)),
          zeros_(static_cast<size_t>(p_.channels), 0.0f) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        if ((p_.channels > 1 && x.strides[1] != 1) || (p_.filters > 1 && y.strides[1] != 1))
            throw std::runtime_error("layer \"" + name_ + "\" wants its tensors channels last");
        for (int i = 0; i < x.rank - 2; ++i) {
            xs_[5 - x.rank + i] = x.strides[static_cast<size_t>(i + 2)];
            ys_[5 - x.rank + i] = y.strides[static_cast<size_t>(i + 2)];
        }
        // A single channel: the epilogue runs along the row of pixels instead of along the channels.
        wholeRows_ = p_.filters == 1 && ys_[2] == 1;
        const std::vector<Extra> extras = gemm::bindExtras(args.inputs.subspan(opInputs_), p_.result, wholeRows_ ? y.rank - 1 : 1);
        const int64_t scratch = gemm::EpilogueTail::scratchFloats(epilogue_.general.get());
        const Window& g = p_.window;
        const auto body = [&](int64_t begin, int64_t end, int worker) {
            std::optional<gemm::EpilogueTail> tail;
            if (epilogue_.general) tail.emplace(*epilogue_.general, extras, static_cast<float*>(args.workspace) + worker * scratch);
            Scratch s;
            for (int64_t row = begin; row < end; ++row) {
                runRow(args, row, s);
                finish(args, row, extras, tail);
            }
        };
        const int64_t rows = p_.batch * g.in[0] * g.in[1];
        if (args.pool) args.pool->parallelFor(rows, 1, body);
        else body(0, rows, 0);
    }

private:
    struct Scratch {
        std::vector<Tap> depth, height, width;
        std::vector<const float*> x, w, lines;
        std::vector<int64_t> kernelRows;
    };

    /// Taps of axis a that reach output index o from inside the input.
    void tapsOf(int a, int64_t o, std::vector<Tap>& taps) const {
        const Window& g = p_.window;
        taps.clear();
        for (int64_t k = 0; k < g.kernel[a]; ++k) {
            const int64_t reach = o + g.begin[a] - k * g.dilation[a];
            if (reach < 0 || reach % g.stride[a] != 0) continue;
            const int64_t in = reach / g.stride[a];
            if (in < g.out[a]) taps.push_back({k, in});
        }
    }

    void runRow(const KernelArgs& args, int64_t row, Scratch& s) const {
        const Window& g = p_.window;
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const int64_t oh = row % g.in[1], od = row / g.in[1] % g.in[0], n = row / g.in[1] / g.in[0];
        tapsOf(0, od, s.depth);
        tapsOf(1, oh, s.height);
        s.lines.clear();
        s.kernelRows.clear();
        for (const Tap& d : s.depth)
            for (const Tap& h : s.height) {
                s.lines.push_back(x.as<const float>() + n * x.strides[0] + d.in * xs_[0] + h.in * xs_[1]);
                s.kernelRows.push_back((d.k * g.kernel[1] + h.k) * g.kernel[2]);
            }
        float* out = y.as<float>() + n * y.strides[0] + od * ys_[0] + oh * ys_[1];
        for (int64_t phase = 0; phase < std::min(g.stride[2], g.in[2]); ++phase) {
            s.width.clear();
            for (int64_t k = 0; k < g.kernel[2]; ++k) {
                const int64_t reach = phase + g.begin[2] - k * g.dilation[2];
                if (((reach % g.stride[2]) + g.stride[2]) % g.stride[2] == 0) s.width.push_back({k, floorDiv(reach, g.stride[2])});
            }
            const int64_t count = (g.in[2] - phase + g.stride[2] - 1) / g.stride[2];
            for (int64_t first = 0; first < count; first += kMaxPixels)
                runTile(args, s, out, phase, first, static_cast<int>(std::min<int64_t>(kMaxPixels, count - first)));
        }
    }

    static int64_t floorDiv(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

    void runTile(const KernelArgs& args, Scratch& s, float* out, int64_t phase, int64_t first, int pixels) const {
        const Window& g = p_.window;
        s.x.clear();
        for (const float* line : s.lines)
            for (const Tap& t : s.width)
                for (int p = 0; p < pixels; ++p) {
                    const int64_t in = first + p + t.in;
                    s.x.push_back(in >= 0 && in < g.out[2] ? line + in * xs_[2] : zeros_.data());
                }
        float* to[kMaxPixels];
        Tile t{};
        t.taps = static_cast<int>(s.lines.size() * s.width.size());
        t.channels = p_.channels;
        t.x = s.x.data();
        t.out = to;
        const int64_t tapFloats = p_.channels * block_;
        for (int64_t b = 0; b < blocks_; ++b) {
            const float* packed = args.inputs[1].as<const float>() + b * g.kernelSize() * tapFloats;
            s.w.clear();
            for (int64_t row : s.kernelRows)
                for (const Tap& k : s.width) s.w.push_back(packed + (row + k.k) * tapFloats);
            t.w = s.w.data();
            t.bias = p_.bias ? args.inputs[2].as<const float>() + b * block_ : nullptr;
            t.valid = static_cast<int>(std::min<int64_t>(block_, p_.filters - b * block_));
            for (int p = 0; p < pixels; ++p) to[p] = out + (phase + (first + p) * g.stride[2]) * ys_[2] + b * block_;
            (wide_ ? kernels_.wide : kernels_.narrow)[pixels - 1](t);
        }
    }

    /// The epilogue over one finished row of output pixels.
    void finish(const KernelArgs& args, int64_t row, const std::vector<Extra>& extras, std::optional<gemm::EpilogueTail>& tail) const {
        constexpr float kInf = std::numeric_limits<float>::infinity();
        if (!tail && epilogue_.residual < 0 && epilogue_.lo == -kInf && epilogue_.hi == kInf) return;
        const Window& g = p_.window;
        const TensorView& y = args.outputs[0];
        const int64_t oh = row % g.in[1], od = row / g.in[1] % g.in[0], n = row / g.in[1] / g.in[0];
        float* out = y.as<float>() + n * y.strides[0] + od * ys_[0] + oh * ys_[1];
        const int64_t lines = wholeRows_ ? 1 : g.in[2], columns = wholeRows_ ? g.in[2] : p_.filters;
        for (int64_t o = 0; o < lines; ++o, out += ys_[2]) {
            const int64_t line = row * lines + o;
            if (tail) {
                tail->apply(line, 0, columns, out);
                continue;
            }
            if (epilogue_.residual >= 0) {
                const Extra& e = extras[static_cast<size_t>(epilogue_.residual)];
                int64_t offset = 0;
                e.rows.offsets(line, 1, &offset);
                for (int64_t m = 0; m < columns; ++m) out[m] += e.base[offset + m * e.columnStride];
            }
            for (int64_t m = 0; m < columns; ++m) {
                const float low = out[m] < epilogue_.lo ? epilogue_.lo : out[m];
                out[m] = low > epilogue_.hi ? epilogue_.hi : low;
            }
        }
    }

    std::string name_;
    uint32_t opInputs_;
    Plan p_;
    int64_t block_;
    bool wide_;
    bool wholeRows_ = false;
    int64_t blocks_;
    const Kernels& kernels_;
    Epilogue epilogue_;
    std::vector<float> zeros_;
    int64_t xs_[3] = {0, 0, 0}, ys_[3] = {0, 0, 0};
};

std::optional<TacticInfo> supports(const LayerDesc& d, const IsaFamily& f, int threads) {
    const auto p = planOf(d);
    if (!p) return std::nullopt;
    const auto epilogue = gemm::compileEpilogue(d, p->result, f);
    if (!epilogue) return std::nullopt;
    TacticInfo info = conv::layoutsOf(d, *epilogue);
    info.packing[1] = {"f32_deconv_taps_" + std::to_string(p->block(f)), p->packedFloats(f) * sizeof(float)};
    info.workspace = static_cast<uint64_t>(gemm::EpilogueTail::scratchFloats(epilogue->general.get()) * std::max(1, threads)) * sizeof(float);
    const double padded = static_cast<double>(p->blocks(f) * p->block(f));
    const double flops = 2.0 * static_cast<double>(d.inputs[0].count() * p->window.kernelSize()) * padded;
    const double outputs = static_cast<double>(d.outputs[0].count());
    info.estimate = (flops / (0.4 * f.flopsPerNs) + outputs * (0.3 + (epilogue->general ? epilogue->general->cost() : 0))) / threads + 1500;
    return info;
}

/// [block of filters][tap][channel][filter], zeros past the last filter.
void pack(const LayerDesc& d, const IsaFamily& f, int input, const void* raw, void* packed) {
    const auto p = planOf(d);
    if (!p || input != 1) throw std::runtime_error("layer \"" + d.name + "\" has no such packed constant");
    const int64_t block = p->block(f), taps = p->window.kernelSize();
    const auto* from = static_cast<const float*>(raw);
    auto* to = static_cast<float*>(packed);
    for (int64_t b = 0; b < p->blocks(f); ++b)
        for (int64_t t = 0; t < taps; ++t)
            for (int64_t c = 0; c < p->channels; ++c)
                for (int64_t i = 0; i < block; ++i, ++to) {
                    const int64_t m = b * block + i;
                    *to = m < p->filters ? from[(c * p->filters + m) * taps + t] : 0.0f;
                }
}

KernelRow row(const IsaFamily& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "ConvTranspose";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& d, int threads) { return supports(d, f, threads); };
    r.make = [&f](const LayerDesc& d, int) -> std::unique_ptr<Kernel> { return std::make_unique<Deconv>(d, f); };
    r.pack = [&f](const LayerDesc& d, int input, const void* raw, void* packed) { pack(d, f, input, raw, packed); };
    return r;
}

SINTER_KERNEL(f32_deconv_avx2){row(simd::kAvx2, "f32_convtranspose__avx2_6x16")};
SINTER_KERNEL(f32_deconv_avx512){row(simd::kAvx512, "f32_convtranspose__avx512_6x32")};

}  // namespace
}  // namespace sinter::deconv
