#pragma once
#include <vector>

#include "core/resize_geometry.h"

namespace sinter::resize {

/// One output position of a linear or cubic axis, with float weights; no weights of zero at its ends.
struct FloatTap {
    int64_t first;
    std::vector<float> weights;
};

std::vector<FloatTap> tapsOf(const ResizeGeometry& g, size_t axis);

}  // namespace sinter::resize
