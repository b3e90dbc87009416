// ConvTranspose by its definition: every input element adds its weighted kernel to the output.
#include <array>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/result.h"
#include "cpu/reference/row.h"
#include "cpu/reference/window.h"

namespace sinter::ref {
namespace {

class ConvTranspose final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || !hasInput(d, 1) || d.outputs.empty()) return std::nullopt;
        const auto &x = d.inputs[0], &w = d.inputs[1];
        if (!isFloatType(x.dtype) || w.dtype != x.dtype || w.dims.size() != x.dims.size()) return std::nullopt;
        if (!ResultWriter::supports(d, x.dtype, 1, d.outputs.size())) return std::nullopt;
        const auto full = ResultWriter::fullDims(d, 1, d.outputs.size());
        const auto window = Window::of(d, full, x.dims);  // the convolution that this one transposes
        const int64_t group = d.intAttr("group", 1);
        if (!window || group <= 0 || x.dims[1] != w.dims[0] || x.dims[1] % group != 0 || full[1] != w.dims[1] * group || full[0] != x.dims[0])
            return std::nullopt;
        if (hasInput(d, 2) && (d.inputs[2].dtype != x.dtype || d.inputs[2].count() != full[1])) return std::nullopt;
        for (int a = 3 - window->rank; a < 3; ++a)
            if (window->kernel[a] != w.dims[static_cast<size_t>(a - 1 + window->rank)]) return std::nullopt;
        return static_cast<double>(x.count() * w.dims[1] * window->kernelSize()) * kMultiplyAddNs;
    }

    explicit ConvTranspose(const LayerDesc& d)
        : writer_(d, d.inputs[0].dtype, 1, d.outputs.size()),
          window_(*Window::of(d, {writer_.dims().begin(), writer_.dims().end()}, d.inputs[0].dims)), group_(d.intAttr("group", 1)), own_{d.opInputs} {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &w = args.inputs[1];
        const int64_t batch = x.dims[0], channels = x.dims[1], perGroup = w.dims[1], filters = perGroup * group_;
        const int64_t inSize = window_.outSize(), outSize = window_.inSize();
        std::vector<double> weights(static_cast<size_t>(w.count())), bias(static_cast<size_t>(filters), 0.0);
        loadDense(w, weights.data());
        if (own_(args, 2)) loadDense(args.inputs[2], bias.data());
        std::vector<double> image(static_cast<size_t>(channels * inSize));
        for (int64_t n = 0; n < batch; ++n) {
            parallel(args.pool, channels, 1, [&](int64_t begin, int64_t end, int) {
                for (int64_t c = begin; c < end; ++c) loadDense(inner(x, std::array{n, c}), image.data() + c * inSize);
            });
            parallel(args.pool, filters, 1, [&](int64_t begin, int64_t end, int) {
                ResultWriter::State state(writer_, args);
                std::vector<double> sum(static_cast<size_t>(outSize));
                for (int64_t m = begin; m < end; ++m) {
                    std::fill(sum.begin(), sum.end(), bias[static_cast<size_t>(m)]);
                    const int64_t inGroup = channels / group_, first = m / perGroup * inGroup;
                    for (int64_t c = first; c < first + inGroup; ++c)
                        scatter(image.data() + c * inSize, weights.data() + (c * perGroup + m % perGroup) * window_.kernelSize(), sum.data());
                    writer_.putBlock(state, std::array{n, m}, sum.data());
                }
            });
        }
    }

private:
    void scatter(const double* x, const double* w, double* sum) const {
        const Window& g = window_;  // g.out is this layer's input, g.in its output
        for (int64_t k0 = 0; k0 < g.kernel[0]; ++k0)
            for (int64_t k1 = 0; k1 < g.kernel[1]; ++k1)
                for (int64_t k2 = 0; k2 < g.kernel[2]; ++k2, ++w) {
                    const auto [b0, e0] = g.valid(0, k0);
                    const auto [b1, e1] = g.valid(1, k1);
                    const auto [b2, e2] = g.valid(2, k2);
                    for (int64_t i0 = b0; i0 < e0; ++i0)
                        for (int64_t i1 = b1; i1 < e1; ++i1) {
                            const double* from = x + (i0 * g.out[1] + i1) * g.out[2];
                            double* to = sum + (g.at(0, i0, k0) * g.in[1] + g.at(1, i1, k1)) * g.in[2] + g.at(2, 0, k2);
                            for (int64_t i = b2; i < e2; ++i) to[i * g.stride[2]] += *w * from[i];
                        }
                }
    }

    ResultWriter writer_;
    Window window_;
    int64_t group_;
    OwnInputs own_;
};

SINTER_KERNEL(any_convtranspose){row<ConvTranspose>("any_convtranspose__scalar", "ConvTranspose")};

}  // namespace
}  // namespace sinter::ref
