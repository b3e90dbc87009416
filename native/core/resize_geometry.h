#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/layer.h"

namespace sinter {

/// One output position along an axis: source elements from `first` on, and their weights. outside: extrapolated.
struct Tap {
    int64_t first = 0;
    std::vector<double> weights;
    bool outside = false;
};

/// What a Resize layer reads along each axis. Coordinates are computed in float32, as ONNX Runtime does: ties of
/// `nearest` fall the same way.
class ResizeGeometry {
public:
    enum class Coordinate : uint8_t { HalfPixel, HalfPixelSymmetric, PytorchHalfPixel, AlignCorners, Asymmetric, CropAndResize, HalfPixelForNearest };
    enum class Rounding : uint8_t { PreferFloor, PreferCeil, Floor, Ceil };
    struct Axis {
        int64_t in = 1, out = 1;
        float scale = 1, roiStart = 0, roiEnd = 1;
    };

    /// Nothing when attributes and shapes do not fit.
    static std::optional<ResizeGeometry> of(const LayerDesc& d);

    const std::string& mode() const { return mode_; }
    Coordinate coordinate() const { return coordinate_; }
    Rounding rounding() const { return rounding_; }
    double cubic() const { return cubic_; }
    bool excludeOutside() const { return excludeOutside_; }
    bool antialias() const { return antialias_; }
    double extrapolation() const { return extrapolation_; }
    const std::vector<Axis>& axes() const { return axes_; }
    bool untouched(const Axis& a) const { return a.in == a.out && a.scale == 1 && coordinate_ != Coordinate::CropAndResize; }

    /// Source index of output index o, or -1 where it is extrapolated.
    int64_t nearestIndex(const Axis& a, int64_t o) const;
    /// Weights of one output position of the linear and cubic modes, those of elements outside the input moved to the border.
    Tap tapOf(const Axis& a, int64_t o) const;

private:
    std::optional<float> position(const Axis& a, int64_t o) const;
    double cubicWeight(double x) const;

    std::string mode_;
    Coordinate coordinate_{};
    Rounding rounding_{};
    double cubic_ = 0;
    bool excludeOutside_ = false, antialias_ = false;
    double extrapolation_ = 0;
    std::vector<Axis> axes_;
};

}  // namespace sinter
