#include "core/tensor.h"

namespace sinter {

bool TensorView::isLinear() const {
    int64_t expected = 1;
    for (int i = rank - 1; i >= 0; --i) {
        if (dims[i] != 1 && strides[i] != expected) return false;
        expected *= dims[i];
    }
    return true;
}

bool TensorView::isChannelsLast() const {
    if (rank < 3 || (dims[1] != 1 && strides[1] != 1)) return false;
    // The innermost spatial step may exceed the channels (a channel slice); every outer axis must be dense over it.
    int64_t expected = -1;
    for (int i = rank - 1; i >= 0; --i) {
        if (i == 1) continue;
        if (dims[i] != 1) {
            if (expected < 0) {
                if (strides[i] < dims[1]) return false;
                expected = strides[i];
            } else if (strides[i] != expected) {
                return false;
            }
        }
        if (expected >= 0) expected *= dims[i];
    }
    return true;
}

std::array<int64_t, kMaxRank> linearStrides(std::span<const int64_t> dims) {
    std::array<int64_t, kMaxRank> strides{};
    int64_t step = 1;
    for (size_t i = dims.size(); i-- > 0;) {
        strides[i] = step;
        step *= dims[i];
    }
    return strides;
}

std::array<int64_t, kMaxRank> channelsLastStrides(std::span<const int64_t> dims) {
    std::array<int64_t, kMaxRank> strides{};
    strides[1] = 1;
    int64_t step = dims[1];
    for (size_t i = dims.size(); i-- > 2;) {
        strides[i] = step;
        step *= dims[i];
    }
    strides[0] = step;
    return strides;
}

}  // namespace sinter
