#pragma once
#include <cstdint>

namespace sinter::quant {

/// Where a tile's result goes, or what is added to it: rows of float32, int8 or uint8.
enum class Storage : uint8_t { F32, I8, U8 };

/// One register tile of an implicit product of 8-bit matrices: `rows` pixels by one panel of output channels. A tap is
/// `groups` groups of one 32-bit word: 4 bytes (VNNI: unsigned activations) or two 16-bit numbers (their zero point
/// taken off). Row i of tap t starts at a[i] + tapOffsets[t]. B is the packed panel, [taps · groups][vecs · lanes] words.
/// Sums begin at `start` (the zero point's share) and are exact; then clamp(sum · scale + bias + residual, lo, hi), stored
/// as float32 or times `inverse`, rounded half to even, saturated.
struct Tile {
    const std::byte* const* a;
    const int64_t* tapOffsets;
    int64_t taps;
    int64_t groups;
    const std::byte* b;
    const int32_t* start;  ///< these three hold whole vectors
    const float* scale;
    const float* bias;
    int width;  ///< columns written, at most vecs · lanes
    Storage out;
    std::byte* const* c;            ///< row addresses, already at the first column
    const std::byte* const* residual;  ///< the same, or null
    Storage residualType;
    float residualScale;
    int residualZeroPoint;
    float lo, hi;
    float inverse, storedLo, storedHi;
    int zeroPoint;
};
using TileFn = void (*)(const Tile&);

/// Activation rows made ready for the tiles: n numbers of `from` (int8, or uint8 where `isUnsigned`).
struct Widen {
    std::byte* to;
    const std::byte* from;
    int64_t n;
    bool isUnsigned;
    int zeroPoint;
};

struct Kernels {
    int lanes;
    int maxRows;
    int perWord;           ///< numbers in a 32-bit word: 4 or 2
    const TileFn* wide;    ///< [rows - 1], two vectors of columns
    const TileFn* narrow;  ///< [rows - 1], one vector of columns
    void (*widen)(const Widen&);
};

const Kernels& kernelsAvx2();
const Kernels& kernelsAvx512();
const Kernels& kernelsVnni();

}  // namespace sinter::quant
