#pragma once
#include <cstdint>

#include "cpu/quant/tile.h"

namespace sinter::quant {

/// One output row of a depthwise 3×3 convolution, 64 channels at a time (32 where at most so many are left): the three
/// bytes of a column and channel meet in a 32-bit word, once for all the pixels that see the column.
/// start, scale, bias and weights are in the order in which _mm512_unpacklo_epi8 and its relatives leave the channels
/// (`rowPosition`), whole blocks of them, zero beyond `channels`. Weights: [block][column of the kernel][quarter] vectors
/// of words, as the row's form says (`RowForm`). Activations meet them as unsigned numbers: int8 ones plus 128.
struct DepthwiseRow {
    const std::byte* rows[3];  ///< of the input; of zeros where the kernel's row lies in the padding
    int64_t steps[3];          ///< bytes from a pixel to the next, 0 for zeros
    const std::byte* zeros;    ///< `channels` stored numbers that stand for zero
    int64_t inWidth, outWidth, stride, pad;  ///< stride 1 or 2
    int64_t channels;
    bool isUnsigned;
    const std::byte* weights;
    const int32_t* start;
    const float* scale;
    const float* bias;
    std::byte* out;
    int64_t outStep;  ///< bytes
    Storage store;    ///< F32, I8 or U8
    float lo, hi, inverse, storedLo, storedHi;
    int zeroPoint;
};
using DepthwiseRowFn = void (*)(const DepthwiseRow&);

/// What a quarter of a block's weights for one column is.
enum class RowForm : uint8_t {
    Bytes,  ///< a vector of words: int8 of the kernel's rows 0, 1, 2, and 0
    Pairs,  ///< two vectors of pairs of 16-bit numbers: rows 0 and 2, then row 1 and 0
};

void depthwiseRowAvx512(const DepthwiseRow& r);  ///< RowForm::Pairs
void depthwiseRowVnni(const DepthwiseRow& r);    ///< RowForm::Bytes

/// Channels of the block that begins at channel c.
constexpr int64_t rowBlock(int64_t channels, int64_t c) { return channels - c > 32 ? 64 : 32; }
/// Where channel i of a block of `block` channels stands: quarter by quarter, 4 channels of every 16 in each.
constexpr int64_t rowPosition(int64_t block, int64_t i) { return i % 16 / 4 * (block / 4) + i / 16 * 4 + i % 4; }

}  // namespace sinter::quant
