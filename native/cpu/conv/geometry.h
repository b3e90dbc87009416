#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/kernel.h"

namespace sinter::conv {

/// A convolution of 1 to 3 spatial dims with the missing outer ones filled in as 1: always depth, height, width.
struct Geometry {
    int rank = 0;  ///< of the tensors: spatial dims + 2
    int64_t batch = 0, inChannels = 0, outChannels = 0, groups = 1;
    std::array<int64_t, 3> in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, dilation{1, 1, 1}, pad{}, padEnd{};

    int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
    int64_t outPixels() const { return out[0] * out[1] * out[2]; }
    int64_t groupChannels() const { return inChannels / groups; }
    double flops() const {
        return 2.0 * static_cast<double>(batch * outPixels() * outChannels) * static_cast<double>(taps() * groupChannels());
    }
    std::vector<int64_t> resultDims() const {
        std::vector<int64_t> dims{batch, outChannels};
        for (int i = 5 - rank; i < 3; ++i) dims.push_back(out[static_cast<size_t>(i)]);
        return dims;
    }
};

/// The geometry of a Conv layer with constant weights, x and w of the given types; nothing when the layer is something
/// else. Outputs are float32, or of 16 bits where `halves` says so.
std::optional<Geometry> geometryOf(const LayerDesc& layer, DType x = DType::F32, DType w = DType::F32, bool halves = false);

}  // namespace sinter::conv
