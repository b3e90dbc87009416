#pragma once
#include "core/resize_geometry.h"

namespace sinter::cuda {

/// ResizeAxis in resize_position.cuh.
struct DeviceResizeAxis {
    int32_t in = 1, out = 1;
    float scale = 1, roiStart = 0, roiEnd = 1;
    int32_t untouched = 0;
};
inline DeviceResizeAxis resizeAxis(const ResizeGeometry& g, size_t axis) {
    const ResizeGeometry::Axis& a = g.axes()[axis];
    return {static_cast<int32_t>(a.in), static_cast<int32_t>(a.out), a.scale, a.roiStart, a.roiEnd, g.untouched(a) ? 1 : 0};
}
/// COORDINATE in resize_position.cuh.
inline int coordinateCode(ResizeGeometry::Coordinate c) {
    using C = ResizeGeometry::Coordinate;
    switch (c) {
        case C::HalfPixel: return 0;
        case C::HalfPixelSymmetric: return 1;
        case C::PytorchHalfPixel: return 2;
        case C::AlignCorners: return 3;
        case C::Asymmetric: return 4;
        case C::CropAndResize: return 5;
        case C::HalfPixelForNearest: return 6;
    }
    return 0;
}

}  // namespace sinter::cuda
