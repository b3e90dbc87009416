#pragma once
#include <vector>

#include "cpu/reference/resize_taps.h"

namespace sinter::resize {

/// One output position of a linear or cubic axis, with float weights; no weights of zero at its ends.
struct FloatTap {
    int64_t first;
    std::vector<float> weights;
};

std::vector<FloatTap> tapsOf(const ref::ResizeGeometry& g, size_t axis);

}  // namespace sinter::resize
