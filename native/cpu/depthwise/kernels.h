#pragma once
#include <cstdint>

namespace sinter::depthwise {

/// Up to kMaxPixels neighbouring output pixels of a depthwise convolution over all channels.
/// Pointers address whole input pixels (zeros where the padding is).
struct Tile {
    /// Fixed kernels: columns[row · columnCount + j], each input column under the tile once.
    /// The any-shape kernel: columns[tap · pixels + p].
    const float* const* columns;
    int64_t columnCount;
    int64_t rows;                  ///< kernel rows, or all taps for the any-shape kernel
    const float* weights;          ///< [tap][channels]
    const float* bias;             ///< or null
    float* const* out;             ///< per pixel
    const float* const* residual;  ///< per pixel, or null
    int64_t channels;
    float lo, hi;
};
using TileFn = void (*)(const Tile&);

constexpr int kMaxPixels = 6;

struct Kernels {
    const TileFn* k3s1;  ///< [pixels - 1], kernel width 3, stride 1
    const TileFn* k3s2;
    const TileFn* k5s1;
    const TileFn* k5s2;
    const TileFn* any;
};

const Kernels& kernelsAvx2();
const Kernels& kernelsAvx512();

}  // namespace sinter::depthwise
