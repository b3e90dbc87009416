#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace sinter::sample {

/// Places worked out at a time.
constexpr int64_t kTile = 512;

struct Taps {
    alignas(32) std::array<int32_t, kTile> offset[4];
    alignas(32) std::array<float, kTile> weight[4];
};

/// y[i] = Σ over taps of weight · image[offset]; `taps` is 1 or 4, n at most kTile.
void readPlaneAvx2(const float* image, const Taps& t, int taps, int64_t n, float* y);

}  // namespace sinter::sample
