// LRN across channels: y = x / (bias + alpha / size · Σ x²)^beta.
#include <array>
#include <cmath>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/result.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

class Lrn final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto& x = d.inputs[0];
        const int64_t size = d.intAttr("size", 0);
        if (size <= 0 || x.dims.size() < 2 || !isFloatType(x.dtype) || d.outputs[0].dims != x.dims || !ResultWriter::supports(d, x.dtype, 0, 1)) return std::nullopt;
        return static_cast<double>(x.count()) * (static_cast<double>(size) + 10) * kOperationNs;
    }

    explicit Lrn(const LayerDesc& d)
        : writer_(d, d.inputs[0].dtype, 0, 1), size_(d.intAttr("size", 1)), alpha_(d.floatAttr("alpha", 1e-4)), beta_(d.floatAttr("beta", 0.75)),
          bias_(d.floatAttr("bias", 1)) {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const int64_t channels = x.dims[1], plane = countOf(dimsOf(x).subspan(2));
        std::vector<double> image(static_cast<size_t>(channels * plane));
        for (int64_t n = 0; n < x.dims[0]; ++n) {
            loadDense(inner(x, std::array{n}), image.data());
            parallel(args.pool, channels, 1, [&](int64_t begin, int64_t end, int) {
                ResultWriter::State state(writer_, args);
                std::vector<double> line(static_cast<size_t>(plane));
                for (int64_t c = begin; c < end; ++c) {
                    const int64_t first = std::max<int64_t>(0, c - (size_ - 1) / 2), last = std::min(channels - 1, c + size_ / 2);
                    std::fill(line.begin(), line.end(), 0.0);
                    for (int64_t k = first; k <= last; ++k)
                        for (int64_t i = 0; i < plane; ++i) line[static_cast<size_t>(i)] += square(image[static_cast<size_t>(k * plane + i)]);
                    for (int64_t i = 0; i < plane; ++i) {
                        double& v = line[static_cast<size_t>(i)];
                        v = image[static_cast<size_t>(c * plane + i)] / std::pow(bias_ + alpha_ / static_cast<double>(size_) * v, beta_);
                    }
                    if (x.rank > 2) writer_.putBlock(state, std::array{n, c}, line.data());
                    else writer_.put(state, std::array{n, c}, 1, 1, line.data());
                }
            });
        }
    }

private:
    static double square(double v) { return v * v; }

    ResultWriter writer_;
    int64_t size_;
    double alpha_, beta_, bias_;
};

SINTER_KERNEL(any_lrn){row<Lrn>("any_lrn__scalar", "LRN")};

}  // namespace
}  // namespace sinter::ref
