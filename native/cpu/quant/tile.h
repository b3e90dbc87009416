#pragma once
#include <cstddef>
#include <cstdint>

namespace sinter::quant {

/// How a row of numbers is stored. Tiles write and add float32 and 8-bit rows; row moves know all of them.
enum class Storage : uint8_t { F32, I8, U8, F16, BF16 };

/// How activations and weights meet in a 32-bit word.
enum class Form : uint8_t {
    Pairs,     ///< two 16-bit numbers each, the zero point taken off: exact for everything
    Unsigned,  ///< four bytes each, activations as unsigned numbers (VNNI); the zero point's share is in `start`
    Signed,    ///< four bytes each of at most 127 (activations 128): pairs of products then fit 16 bits exactly
};

/// One register tile of an implicit product of 8-bit matrices: `rows` pixels by one panel of output channels. A tap is
/// `groups` groups of one 32-bit word, as the kernels' form says. Row i of tap t starts at a[i] + tapOffsets[t]. B is the packed panel, [taps · groups][vecs · lanes] words.
/// Sums begin at `start` (the zero point's share) and are exact; then sum · scale + bias + residual, either between lo
/// and hi as float32, or times `inverse`, between storedLo and storedHi (the clamp is in these), rounded half to even.
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
    Form form;
    int lanes;
    int maxRows;
    int perWord;             ///< numbers in a 32-bit word: 4 or 2
    const TileFn* tiles[2];  ///< by vectors of columns less one; [rows - 1]
    /// The same where some activation is negative (Form::Signed needs more work then).
    const TileFn* negative[2];
    bool (*widen)(const Widen&);  ///< true when some activation is negative

    /// What stands for zero in the activations made ready.
    int zeroOf(int64_t zeroPoint, bool isUnsigned) const {
        return form == Form::Unsigned ? static_cast<int>(zeroPoint) + (isUnsigned ? 0 : 128) : 0;
    }
};

const Kernels& kernelsAvx2();
const Kernels& kernelsAvx2Bytes();
const Kernels& kernelsAvx512();
const Kernels& kernelsVnni();

}  // namespace sinter::quant
