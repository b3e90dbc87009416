#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "core/layer.h"

namespace sinter::pool {

/// MaxPool or AveragePool over 1 to 3 spatial dims with the missing outer ones filled in as 1.
struct Window {
    std::array<int64_t, 3> in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, dilation{1, 1, 1}, pad{}, padEnd{};
    int64_t batch = 0, channels = 0;
    bool average = false, countPadding = false;
    int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
};

/// Nothing when the layer is something else, has an epilogue or indices, or a window that misses the input. Element
/// types are the caller's to check.
std::optional<Window> windowOf(const LayerDesc& layer);

}  // namespace sinter::pool
