#pragma once
#include <cstdint>

#include "cpu/quant/tile.h"

namespace sinter::quant {

/// One output pixel of a depthwise convolution, sixteen channels at a time; start, scale and bias hold whole blocks.
/// Narrow: int8 activations and weights of at most 127, so that two products fit 16 bits; weights are [block][tap][16]
/// numbers of 16 bits. Pairs: any 8-bit activations, weights of -255 to 255, two taps multiplied and summed in 32 bits;
/// weights are [block][pair of taps][2][16], interleaved as _mm256_unpacklo_epi16 and _mm256_unpackhi_epi16 do.
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
void depthwisePairsI8Avx2(const DepthwisePixel& p);
void depthwisePairsU8Avx2(const DepthwisePixel& p);

constexpr int64_t tapPairs(int64_t taps) { return (taps + 1) / 2; }

}  // namespace sinter::quant
