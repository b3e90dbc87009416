// RandomUniform, RandomNormal, their Like forms, and Multinomial. A seed makes the sequence of runs repeatable; the
// standard leaves the numbers themselves open.
#include <bit>
#include <cmath>
#include <random>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

std::mt19937_64 generatorOf(const LayerDesc& d) {
    if (d.attr("seed")) return std::mt19937_64(std::bit_cast<uint64_t>(d.floatAttr("seed", 0)));
    return std::mt19937_64(std::random_device{}());
}

template <bool kNormal, bool kLike>
class Random final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (d.outputs.size() != 1 || !isFloatType(d.outputs[0].dtype) || (kLike && !hasInput(d, 0))) return std::nullopt;
        if (kLike && d.inputs[0].dims != d.outputs[0].dims) return std::nullopt;
        return static_cast<double>(d.outputs[0].count()) * kOperationNs;
    }
    explicit Random(const LayerDesc& d)
        : generator_(generatorOf(d)), a_(kNormal ? d.floatAttr("mean", 0) : d.floatAttr("low", 0)), b_(kNormal ? d.floatAttr("scale", 1) : d.floatAttr("high", 1)) {}

    void run(const KernelArgs& args) override {
        std::vector<double> values(static_cast<size_t>(args.outputs[0].count()));
        if constexpr (kNormal) {
            std::normal_distribution<double> dice(0, 1);
            for (double& v : values) v = a_ + b_ * dice(generator_);
        } else {
            std::uniform_real_distribution<double> dice(0, 1);
            for (double& v : values) v = a_ + (b_ - a_) * dice(generator_);
        }
        storeAll(args.outputs[0], values);
    }

private:
    std::mt19937_64 generator_;
    double a_, b_;
};

/// Input: logarithms of unnormalized probabilities [B, classes]. Result: classes drawn [B, samples].
class Multinomial final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        if (x.dims.size() != 2 || y.dims.size() != 2 || x.dims[0] != y.dims[0] || x.dims[1] < 1 || !isFloatType(x.dtype) || !isIntType(y.dtype)) return std::nullopt;
        return static_cast<double>(x.count() + y.count()) * kOperationNs;
    }
    explicit Multinomial(const LayerDesc& d) : generator_(generatorOf(d)) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const auto logits = loadAll<double>(x);
        std::vector<int64_t> drawn;
        for (int64_t b = 0; b < x.dims[0]; ++b) {
            const double* row = logits.data() + b * x.dims[1];
            const double top = *std::max_element(row, row + x.dims[1]);
            std::vector<double> weights;
            for (int64_t c = 0; c < x.dims[1]; ++c) weights.push_back(std::exp(row[c] - top));
            std::discrete_distribution<int64_t> dice(weights.begin(), weights.end());
            for (int64_t s = 0; s < y.dims[1]; ++s) drawn.push_back(dice(generator_));
        }
        storeAll(y, drawn);
    }

private:
    std::mt19937_64 generator_;
};

using RandomUniform = Random<false, false>;
using RandomUniformLike = Random<false, true>;
using RandomNormal = Random<true, false>;
using RandomNormalLike = Random<true, true>;

SINTER_KERNEL(any_randomuniform){row<RandomUniform>("any_randomuniform__scalar", "RandomUniform")};
SINTER_KERNEL(any_randomuniformlike){row<RandomUniformLike>("any_randomuniformlike__scalar", "RandomUniformLike")};
SINTER_KERNEL(any_randomnormal){row<RandomNormal>("any_randomnormal__scalar", "RandomNormal")};
SINTER_KERNEL(any_randomnormallike){row<RandomNormalLike>("any_randomnormallike__scalar", "RandomNormalLike")};
SINTER_KERNEL(any_multinomial){row<Multinomial>("any_multinomial__scalar", "Multinomial")};

}  // namespace
}  // namespace sinter::ref
