#include "core/resize_geometry.h"

#include <algorithm>
#include <cmath>

namespace sinter {
namespace {

using Coordinate = ResizeGeometry::Coordinate;
using Rounding = ResizeGeometry::Rounding;

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

}  // namespace

std::optional<ResizeGeometry> ResizeGeometry::of(const LayerDesc& d) {
    const auto &x = d.inputs[0].dims, &y = d.outputs[0].dims;
    ResizeGeometry g;
    g.mode_ = d.stringAttr("mode", "nearest");
    if ((g.mode_ != "nearest" && g.mode_ != "linear" && g.mode_ != "cubic") || x.size() != y.size()) return std::nullopt;
    const auto coordinate = coordinateOf(d.stringAttr("coordinate_mode", "half_pixel"));
    const auto rounding = roundingOf(d.stringAttr("nearest_mode", "round_prefer_floor"));
    const auto scales = d.floatsAttr("scales"), roi = d.floatsAttr("roi");
    if (!coordinate || !rounding || (!scales.empty() && scales.size() != x.size())) return std::nullopt;
    if (*coordinate == Coordinate::CropAndResize && roi.size() != 2 * x.size()) return std::nullopt;
    g.coordinate_ = *coordinate;
    g.rounding_ = *rounding;
    g.cubic_ = d.floatAttr("cubic_coeff", -0.75);
    g.excludeOutside_ = d.intAttr("exclude_outside", 0) != 0;
    g.antialias_ = d.intAttr("antialias", 0) != 0;
    g.extrapolation_ = d.floatAttr("extrapolation_value", 0);
    for (size_t a = 0; a < x.size(); ++a) {
        if (x[a] == 0 && y[a] != 0) return std::nullopt;
        Axis axis{x[a], y[a], 1, 0, 1};
        axis.scale = a < scales.size() && scales[a] != 0 ? static_cast<float>(scales[a]) : static_cast<float>(y[a]) / static_cast<float>(x[a]);
        if (roi.size() == 2 * x.size()) {
            axis.roiStart = static_cast<float>(roi[a]);
            axis.roiEnd = static_cast<float>(roi[a + x.size()]);
        }
        g.axes_.push_back(axis);
    }
    return g;
}

/// Position in the input of output index o. Nothing when it is to be extrapolated.
std::optional<float> ResizeGeometry::position(const Axis& a, int64_t o) const {
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

int64_t ResizeGeometry::nearestIndex(const Axis& a, int64_t o) const {
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

double ResizeGeometry::cubicWeight(double x) const {
    x = std::fabs(x);
    const double c = cubic_;
    if (x <= 1) return ((c + 2) * x - (c + 3)) * x * x + 1;
    return x < 2 ? ((c * x - 5 * c) * x + 8 * c) * x - 4 * c : 0;
}

/// Weights of one output position, those of elements outside the input moved to the border.
Tap ResizeGeometry::tapOf(const Axis& a, int64_t o) const {
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

}  // namespace sinter
