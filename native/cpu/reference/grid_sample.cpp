// GridSample: an image read at given places, in any number of spatial dimensions.
#include <cmath>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

enum class Outside { Zeros, Border, Reflection };

/// x folded back into [low, high].
double reflected(double x, double low, double high) {
    const double range = high - low;
    if (range <= 0) return low;
    const double turns = std::floor((x - low) / range);
    const double rest = (x - low) - turns * range;
    return std::fmod(turns, 2.0) == 0 ? low + rest : high - rest;
}

double cubic(double t) {
    constexpr double a = -0.75;
    t = std::abs(t);
    if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    if (t < 2) return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
    return 0;
}

/// Inputs: x[N,C,spatial…], grid[N,places…,S] with coordinates in −1 … 1, the last spatial dimension first.
class GridSample final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &g = d.inputs[1], &y = d.outputs[0];
        const size_t rank = x.dims.size();
        if (rank < 3 || g.dims.size() != rank || y.dims.size() != rank || !isFloatType(x.dtype) || !isFloatType(g.dtype) || x.dtype != y.dtype) return std::nullopt;
        if (g.dims[rank - 1] != static_cast<int64_t>(rank) - 2 || g.dims[0] != x.dims[0]) return std::nullopt;
        if (y.dims[0] != x.dims[0] || y.dims[1] != x.dims[1] || !std::equal(y.dims.begin() + 2, y.dims.end(), g.dims.begin() + 1, g.dims.end() - 1)) return std::nullopt;
        const std::string mode = d.stringAttr("mode", "linear");
        if (mode != "linear" && mode != "nearest" && mode != "cubic") return std::nullopt;
        return static_cast<double>(y.count()) * 10 * kOperationNs;
    }
    explicit GridSample(const LayerDesc& d)
        : mode_(d.stringAttr("mode", "linear")), corners_(d.intAttr("align_corners", 0) != 0) {
        const std::string outside = d.stringAttr("padding_mode", "zeros");
        outside_ = outside == "border" ? Outside::Border : outside == "reflection" ? Outside::Reflection : Outside::Zeros;
    }

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const size_t axes = static_cast<size_t>(x.rank) - 2;
        const auto image = loadAll<double>(x), grid = loadAll<double>(args.inputs[1]);
        const auto spatial = dimsOf(x).subspan(2);
        const int64_t batch = x.dims[0], channels = x.dims[1], plane = countOf(spatial), places = countOf(dimsOf(y).subspan(2));
        std::vector<double> result(static_cast<size_t>(y.count()));
        parallel(args.pool, batch * places, 64, [&](int64_t begin, int64_t end, int) {
            std::vector<Taps> taps(axes);
            for (int64_t p = begin; p < end; ++p) {
                for (size_t a = 0; a < axes; ++a) taps[a] = tapsOf(grid[static_cast<size_t>(p) * axes + (axes - 1 - a)], spatial[a]);
                for (int64_t c = 0; c < channels; ++c) {
                    const double* from = image.data() + ((p / places) * channels + c) * plane;
                    result[static_cast<size_t>(((p / places) * channels + c) * places + p % places)] = sample(from, spatial, taps, 0, 0);
                }
            }
        });
        storeAll(y, result);
    }

private:
    struct Taps {
        std::vector<int64_t> index;  ///< -1 = outside: counts as zero
        std::vector<double> weight;
    };

    int64_t settle(double i, int64_t n) const {
        if (outside_ == Outside::Border) return static_cast<int64_t>(std::clamp(i, 0.0, static_cast<double>(n - 1)));
        if (outside_ == Outside::Reflection) {
            const double r = corners_ ? reflected(i, 0, static_cast<double>(n - 1)) : reflected(i, -0.5, static_cast<double>(n) - 0.5);
            return std::clamp<int64_t>(std::llround(r), 0, n - 1);
        }
        return i < 0 || i > static_cast<double>(n - 1) ? -1 : static_cast<int64_t>(i);
    }

    Taps tapsOf(double g, int64_t n) const {
        double at = corners_ ? (g + 1) / 2 * static_cast<double>(n - 1) : ((g + 1) * static_cast<double>(n) - 1) / 2;
        if (!std::isfinite(at)) at = -1e9;
        // Reflection and border act on the place itself where whole pixels are mixed, and on every tap of the cubic form.
        if (mode_ != "cubic") {
            if (outside_ == Outside::Border) at = std::clamp(at, 0.0, static_cast<double>(n - 1));
            if (outside_ == Outside::Reflection) {
                at = corners_ ? reflected(at, 0, static_cast<double>(n - 1)) : reflected(at, -0.5, static_cast<double>(n) - 0.5);
                at = std::clamp(at, 0.0, static_cast<double>(n - 1));
            }
        }
        Taps t;
        if (mode_ == "nearest") {
            t.index.push_back(settle(std::nearbyint(at), n));
            t.weight.push_back(1);
            return t;
        }
        const double base = std::floor(at);
        const int first = mode_ == "cubic" ? -1 : 0, last = mode_ == "cubic" ? 2 : 1;
        for (int k = first; k <= last; ++k) {
            const double w = mode_ == "cubic" ? cubic(at - (base + k)) : 1 - std::abs(at - (base + k));
            t.index.push_back(settle(base + k, n));
            t.weight.push_back(w);
        }
        return t;
    }

    static double sample(const double* image, std::span<const int64_t> spatial, const std::vector<Taps>& taps, size_t axis, int64_t offset) {
        if (axis == spatial.size()) return image[offset];
        double sum = 0;
        for (size_t k = 0; k < taps[axis].index.size(); ++k) {
            const int64_t i = taps[axis].index[k];
            if (i >= 0 && taps[axis].weight[k] != 0) sum += taps[axis].weight[k] * sample(image, spatial, taps, axis + 1, offset * spatial[axis] + i);
        }
        return sum;
    }

    std::string mode_;
    bool corners_;
    Outside outside_;
};

SINTER_KERNEL(any_gridsample){row<GridSample>("any_gridsample__scalar", "GridSample")};

}  // namespace
}  // namespace sinter::ref
