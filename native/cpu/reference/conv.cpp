// Conv by its definition: float64 accumulation, one rounding.
#include <array>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/result.h"
#include "cpu/reference/row.h"
#include "cpu/reference/window.h"

namespace sinter::ref {
namespace {

class Conv final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || !hasInput(d, 1) || d.outputs.empty()) return std::nullopt;
        const auto &x = d.inputs[0], &w = d.inputs[1];
        if (!isFloatType(x.dtype) || w.dtype != x.dtype || w.dims.size() != x.dims.size()) return std::nullopt;
        if (!ResultWriter::supports(d, x.dtype, 1, d.outputs.size())) return std::nullopt;
        const auto full = ResultWriter::fullDims(d, 1, d.outputs.size());
        const auto window = Window::of(d, x.dims, full);
        const int64_t group = d.intAttr("group", 1);
        if (!window || group <= 0 || w.dims[0] != full[1] || full[1] % group != 0 || w.dims[1] * group != x.dims[1] || full[0] != x.dims[0])
            return std::nullopt;
        if (hasInput(d, 2) && (d.inputs[2].dtype != x.dtype || d.inputs[2].count() != full[1])) return std::nullopt;
        for (int a = 0; a < 3; ++a)
            if (window->kernel[a] != (a < 3 - window->rank ? 1 : w.dims[static_cast<size_t>(a - 1 + window->rank)])) return std::nullopt;
        return static_cast<double>(countOf(full) * w.dims[1] * window->kernelSize()) * kMultiplyAddNs;
    }

    explicit Conv(const LayerDesc& d)
        : writer_(d, d.inputs[0].dtype, 1, d.outputs.size()),
          window_(*Window::of(d, d.inputs[0].dims, {writer_.dims().begin(), writer_.dims().end()})),
          group_(d.intAttr("group", 1)), hasBias_(hasInput(d, 2)) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &w = args.inputs[1];
        const int64_t batch = x.dims[0], channels = x.dims[1], filters = w.dims[0], perGroup = w.dims[1];
        std::vector<double> weights(static_cast<size_t>(w.count())), bias(static_cast<size_t>(filters), 0.0);
        loadDense(w, weights.data());
        if (hasBias_) loadDense(args.inputs[2], bias.data());
        std::vector<double> image(static_cast<size_t>(channels * window_.inSize()));
        for (int64_t n = 0; n < batch; ++n) {
            parallel(args.pool, channels, 1, [&](int64_t begin, int64_t end, int) {
                for (int64_t c = begin; c < end; ++c) loadDense(inner(x, std::array{n, c}), image.data() + c * window_.inSize());
            });
            parallel(args.pool, filters, 1, [&](int64_t begin, int64_t end, int) {
                ResultWriter::State state(writer_, args);
                std::vector<double> sum(static_cast<size_t>(window_.outSize()));
                for (int64_t m = begin; m < end; ++m) {
                    std::fill(sum.begin(), sum.end(), bias[static_cast<size_t>(m)]);
                    const int64_t first = m / (filters / group_) * perGroup;
                    for (int64_t c = 0; c < perGroup; ++c)
                        accumulate(image.data() + (first + c) * window_.inSize(),
                                   weights.data() + (m * perGroup + c) * window_.kernelSize(), sum.data());
                    writer_.putBlock(state, std::array{n, m}, sum.data());
                }
            });
        }
    }

private:
    void accumulate(const double* x, const double* w, double* sum) const {
        const Window& g = window_;
        if (g.kernelSize() == 1 && g.outSize() == g.inSize() && g.stride[0] * g.stride[1] * g.stride[2] == 1) {
            for (int64_t i = 0; i < g.outSize(); ++i) sum[i] += *w * x[i];
            return;
        }
        for (int64_t k0 = 0; k0 < g.kernel[0]; ++k0)
            for (int64_t k1 = 0; k1 < g.kernel[1]; ++k1)
                for (int64_t k2 = 0; k2 < g.kernel[2]; ++k2, ++w) {
                    const auto [b0, e0] = g.valid(0, k0);
                    const auto [b1, e1] = g.valid(1, k1);
                    const auto [b2, e2] = g.valid(2, k2);
                    for (int64_t o0 = b0; o0 < e0; ++o0)
                        for (int64_t o1 = b1; o1 < e1; ++o1) {
                            double* to = sum + (o0 * g.out[1] + o1) * g.out[2];
                            const double* from = x + (g.at(0, o0, k0) * g.in[1] + g.at(1, o1, k1)) * g.in[2] + g.at(2, 0, k2);
                            const double tap = *w;
                            if (g.stride[2] == 1)
                                for (int64_t o = b2; o < e2; ++o) to[o] += tap * from[o];
                            else
                                for (int64_t o = b2; o < e2; ++o) to[o] += tap * from[o * g.stride[2]];
                        }
                }
    }

    ResultWriter writer_;
    Window window_;
    int64_t group_;
    bool hasBias_;
};

SINTER_KERNEL(any_conv){row<Conv>("any_conv__scalar", "Conv")};

}  // namespace
}  // namespace sinter::ref
