#pragma once
#include <cstdint>

namespace sinter::deconv {

constexpr int kMaxPixels = 6;

/// A few output pixels of one phase times one block of output channels.
struct Tile {
    const float* const* x;  ///< per tap, per pixel: the input pixel's channels
    const float* const* w;  ///< per tap: [channels][block]
    int taps;
    int64_t channels;
    const float* bias;      ///< of the block, or null
    int valid;              ///< channels of the block that exist
    float* const* out;      ///< per pixel
};
using TileFn = void (*)(const Tile&);

struct Kernels {
    TileFn narrow[kMaxPixels];  ///< blocks of one vector, for 1 … kMaxPixels pixels
    TileFn wide[kMaxPixels];    ///< blocks of two vectors
};

const Kernels& kernelsAvx2();
const Kernels& kernelsAvx512();

}  // namespace sinter::deconv
