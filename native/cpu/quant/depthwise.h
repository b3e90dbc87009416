#pragma once
#include <cstdint>

#include "cpu/quant/tile.h"

namespace sinter::quant {

/// One output pixel of a depthwise convolution: sixteen channels at a time, int8 activations and weights of at most 127,
/// so that two products fit 16 bits. Weights are [block][tap][16] numbers of 16 bits; start, scale and bias hold whole
/// blocks.
struct DepthwisePixel {
    const std::byte* const* taps;
    int64_t tapCount;
    int64_t channels;
    const int16_t* weights;
    const int32_t* start;
    const float* scale;
    const float* bias;
    std::byte* out;
    Storage store;
    float lo, hi, inverse, storedLo, storedHi;
    int zeroPoint;
};

void depthwisePixelAvx2(const DepthwisePixel& p);

}  // namespace sinter::quant
