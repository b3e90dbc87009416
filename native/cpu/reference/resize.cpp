// Resize: nearest as an index table per axis; linear and cubic axis by axis, in any number of dimensions.
// Coordinates are computed in float32, as ONNX Runtime does: ties of `nearest` fall the same way.
#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

enum class Coordinate : uint8_t { HalfPixel, HalfPixelSymmetric, PytorchHalfPixel, AlignCorners, Asymmetric, CropAndResize, HalfPixelForNearest };
enum class Rounding : uint8_t { PreferFloor, PreferCeil, Floor, Ceil };

template <typename E>
std::optional<E> lookUp(const std::string& name, std::initializer_list<std::pair<const char*, E>> table) {
    for (const auto& [text, value] : table)
        if (name == text) return value;
    return std::nullopt;
}
std::optional<Coordinate> coordinateOf(const std::string& s) {
    return lookUp<Coordinate>(s, {{"half_pixel", Coordinate::HalfPixel}, {"half_pixel_symmetric", Coordinate::HalfPixelSymmetric},
                                  {"pytorch_half_pixel", Coordinate::PytorchHalfPixel}, {"align_corners", Coordinate::AlignCorners},
                                  {"asymmetric", Coordinate::Asymmetric}, {"tf_crop_and_resize", Coordinate::CropAndResize},
                                  {"tf_half_pixel_for_nn", Coordinate::HalfPixelForNearest}});
}
std::optional<Rounding> roundingOf(const std::string& s) {
    return lookUp<Rounding>(s, {{"round_prefer_floor", Rounding::PreferFloor}, {"round_prefer_ceil", Rounding::PreferCeil},
                                {"floor", Rounding::Floor}, {"ceil", Rounding::Ceil}});
}

/// One output position along an axis: source elements from `first` on, and their weights. outside: extrapolated.
struct Tap {
    int64_t first = 0;
    std::vector<double> weights;
    bool outside = false;
};

struct Axis {
    int64_t in = 1, out = 1;
    float scale = 1, roiStart = 0, roiEnd = 1;
};

class Resize final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        const std::string mode = d.stringAttr("mode", "nearest");
        if (mode != "nearest" && mode != "linear" && mode != "cubic") return std::nullopt;
        if (x.dtype != y.dtype || x.dims.size() != y.dims.size() || !isNumeric(x.dtype)) return std::nullopt;
        const auto coordinate = coordinateOf(d.stringAttr("coordinate_mode", "half_pixel"));
        if (!coordinate || !roundingOf(d.stringAttr("nearest_mode", "round_prefer_floor"))) return std::nullopt;
        const auto scales = d.floatsAttr("scales");
        if (!scales.empty() && scales.size() != x.dims.size()) return std::nullopt;
        const auto roi = d.floatsAttr("roi");
        if (*coordinate == Coordinate::CropAndResize && roi.size() != 2 * x.dims.size()) return std::nullopt;
        for (size_t a = 0; a < x.dims.size(); ++a)
            if (x.dims[a] == 0 && y.dims[a] != 0) return std::nullopt;
        return static_cast<double>(y.count()) * (mode == "nearest" ? kMoveNs : 2 * kOperationNs);
    }

    explicit Resize(const LayerDesc& d)
        : mode_(d.stringAttr("mode", "nearest")), coordinate_(*coordinateOf(d.stringAttr("coordinate_mode", "half_pixel"))),
          rounding_(*roundingOf(d.stringAttr("nearest_mode", "round_prefer_floor"))), cubic_(d.floatAttr("cubic_coeff", -0.75)),
          excludeOutside_(d.intAttr("exclude_outside", 0) != 0), antialias_(d.intAttr("antialias", 0) != 0), extrapolation_(d.floatAttr("extrapolation_value", 0)) {
        const auto scales = d.floatsAttr("scales"), roi = d.floatsAttr("roi");
        const auto &x = d.inputs[0].dims, &y = d.outputs[0].dims;
        for (size_t a = 0; a < x.size(); ++a) {
            Axis axis{x[a], y[a], 1, 0, 1};
            axis.scale = a < scales.size() && scales[a] != 0 ? static_cast<float>(scales[a]) : static_cast<float>(y[a]) / static_cast<float>(x[a]);
            if (roi.size() == 2 * x.size()) {
                axis.roiStart = static_cast<float>(roi[a]);
                axis.roiEnd = static_cast<float>(roi[a + x.size()]);
            }
            axes_.push_back(axis);
        }
    }

    void run(const KernelArgs& args) override {
        if (args.outputs[0].count() == 0) return;
        if (mode_ == "nearest") nearest(args);
        else interpolate(args);
    }

private:
    /// Position in the input of output index o. Nothing when it is to be extrapolated.
    std::optional<float> position(const Axis& a, int64_t o) const {
        const auto x = static_cast<float>(o), in = static_cast<float>(a.in);
        const float out = a.scale * in;  // not rounded: the standard's own cases tell the difference
        switch (coordinate_) {
            case Coordinate::HalfPixel: return (x + 0.5f) / a.scale - 0.5f;
            case Coordinate::HalfPixelSymmetric: {
                const float adjustment = static_cast<float>(a.out) / out;
                return in / 2 * (1 - adjustment) + (x + 0.5f) / a.scale - 0.5f;
            }
            case Coordinate::PytorchHalfPixel: return a.out > 1 ? (x + 0.5f) / a.scale - 0.5f : 0.0f;
            case Coordinate::AlignCorners: return a.out == 1 ? 0.0f : x * (in - 1) / (out - 1);
            case Coordinate::Asymmetric: return x / a.scale;
            case Coordinate::HalfPixelForNearest: return (x + 0.5f) / a.scale;
            case Coordinate::CropAndResize: {
                const float p = a.out > 1 ? a.roiStart * (in - 1) + x * (a.roiEnd - a.roiStart) * (in - 1) / (out - 1)
                                          : 0.5f * (a.roiStart + a.roiEnd) * (in - 1);
                if (p < 0 || p > in - 1) return std::nullopt;
                return p;
            }
        }
        return x;
    }

    bool untouched(const Axis& a) const { return a.in == a.out && a.scale == 1 && coordinate_ != Coordinate::CropAndResize; }

    void nearest(const KernelArgs& args) const {
        std::vector<std::vector<int64_t>> maps(axes_.size());
        for (size_t k = 0; k < axes_.size(); ++k)
            for (int64_t o = 0; o < axes_[k].out; ++o) maps[k].push_back(untouched(axes_[k]) ? o : nearestIndex(axes_[k], o));
        uint64_t fill = 0;
        const DType t = args.outputs[0].dtype;
        if (isFloatType(t)) {
            store(t, &fill, 0, 1, 1, &extrapolation_);
        } else {
            const int64_t whole = floatToInt(t, extrapolation_);
            store(t, &fill, 0, 1, 1, &whole);
        }
        copyMapped(args.pool, args.outputs[0], args.inputs[0], maps, &fill);
    }

    int64_t nearestIndex(const Axis& a, int64_t o) const {
        const auto p = position(a, o);
        if (!p) return -1;
        const float below = std::floor(*p);
        float at = below;
        switch (rounding_) {
            case Rounding::Floor: break;
            case Rounding::Ceil: at = std::ceil(*p); break;
            case Rounding::PreferFloor: at = *p == below + 0.5f ? below : std::round(*p); break;
            case Rounding::PreferCeil: at = *p == below + 0.5f ? below + 1 : std::round(*p); break;
        }
        return std::clamp<int64_t>(static_cast<int64_t>(at), 0, a.in - 1);
    }

    double cubicWeight(double x) const {
        x = std::fabs(x);
        const double c = cubic_;
        if (x <= 1) return ((c + 2) * x - (c + 3)) * x * x + 1;
        return x < 2 ? ((c * x - 5 * c) * x + 8 * c) * x - 4 * c : 0;
    }

    /// Weights of one output position, those of elements outside the input moved to the border.
    Tap tapOf(const Axis& a, int64_t o) const {
        Tap tap;
        const auto p = position(a, o);
        if (!p) {
            tap.outside = true;
            return tap;
        }
        const bool cubic = mode_ == "cubic";
        const double base = std::ceil(static_cast<double>(*p)) - 1, ratio = static_cast<double>(*p) - base;  // ratio in (0, 1]
        const double shrink = antialias_ ? std::min(1.0, static_cast<double>(a.scale)) : 1.0;
        const auto start = static_cast<int64_t>(std::floor((cubic ? -2.0 : -1.0) / shrink)) + 1;
        std::vector<double> weights;
        double sum = 0;
        for (int64_t i = start; i < 2 - start; ++i) {
            const double arg = (static_cast<double>(i) - ratio) * shrink;
            double w = cubic ? cubicWeight(arg) : std::max(0.0, 1 - std::fabs(arg));
            const int64_t source = static_cast<int64_t>(base) + i;
            if (excludeOutside_ && (source < 0 || source >= a.in)) w = 0;
            weights.push_back(w);
            sum += w;
        }
        const int64_t first = static_cast<int64_t>(base) + start;
        const auto count = static_cast<int64_t>(weights.size());
        tap.first = std::clamp<int64_t>(first, 0, a.in - 1);
        const int64_t last = std::clamp<int64_t>(first + count - 1, 0, a.in - 1);
        tap.weights.assign(static_cast<size_t>(last - tap.first + 1), 0.0);
        for (int64_t i = 0; i < count; ++i)
            tap.weights[static_cast<size_t>(std::clamp(first + i, tap.first, last) - tap.first)] += weights[static_cast<size_t>(i)] / sum;
        return tap;
    }

    void interpolate(const KernelArgs& args) const {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        std::vector<int64_t> dims(dimsOf(x).begin(), dimsOf(x).end());
        std::vector<double> values(static_cast<size_t>(countOf(dims)));
        if (isFloatType(x.dtype)) {
            loadDense(x, values.data());
        } else {
            std::vector<int64_t> whole(values.size());
            loadDense(x, whole.data());
            std::transform(whole.begin(), whole.end(), values.begin(), [](int64_t v) { return static_cast<double>(v); });
        }
        for (size_t k = 0; k < axes_.size(); ++k)
            if (!untouched(axes_[k])) values = along(args.pool, k, dims, values);
        storeAll(y, values);
    }

    /// One axis of the interpolation over a dense tensor; dims[k] becomes the output's.
    std::vector<double> along(ThreadPool* pool, size_t k, std::vector<int64_t>& dims, const std::vector<double>& from) const {
        const Axis& a = axes_[k];
        std::vector<Tap> taps;
        for (int64_t o = 0; o < a.out; ++o) taps.push_back(tapOf(a, o));
        const auto all = std::span<const int64_t>(dims);
        const int64_t outer = countOf(all.first(k)), inner = countOf(all.subspan(k + 1));
        std::vector<double> to(static_cast<size_t>(outer * a.out * inner), 0.0);
        parallel(pool, outer * a.out, 4096 / std::max<int64_t>(inner, 1) + 1, [&](int64_t begin, int64_t end, int) {
            for (int64_t t = begin; t < end; ++t) {
                const Tap& tap = taps[static_cast<size_t>(t % a.out)];
                double* line = to.data() + t * inner;
                if (tap.outside) {
                    std::fill_n(line, inner, extrapolation_);
                    continue;
                }
                const double* source = from.data() + (t / a.out * a.in + tap.first) * inner;
                for (double w : tap.weights) {
                    for (int64_t i = 0; i < inner; ++i) line[i] += w * source[i];
                    source += inner;
                }
            }
        });
        dims[k] = a.out;
        return to;
    }

    static void storeAll(const TensorView& y, const std::vector<double>& values) {
        if (y.rank == 0) return store(y.dtype, y.data, 0, 1, 1, values.data());
        const auto last = static_cast<size_t>(y.rank - 1);
        const int64_t n = y.dims[last];
        const auto outer = dimsOf(y).first(last);
        Odometer at(outer);
        std::vector<int64_t> whole(static_cast<size_t>(n));
        for (int64_t r = 0; r < countOf(outer); ++r, at.next()) {
            const double* row = values.data() + r * n;
            const int64_t offset = offsetOf(at.at(), y.strides);
            if (isFloatType(y.dtype)) {
                store(y.dtype, y.data, offset, y.strides[last], n, row);
            } else {
                std::transform(row, row + n, whole.begin(), [&](double v) { return floatToInt(y.dtype, v); });
                store(y.dtype, y.data, offset, y.strides[last], n, whole.data());
            }
        }
    }

    std::string mode_;
    Coordinate coordinate_;
    Rounding rounding_;
    double cubic_;
    bool excludeOutside_, antialias_;
    double extrapolation_;
    std::vector<Axis> axes_;
};

SINTER_KERNEL(any_resize){row<Resize>("any_resize__scalar", "Resize")};

}  // namespace
}  // namespace sinter::ref
