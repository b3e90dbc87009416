#pragma once
#include <cstdint>

namespace sinter::gemm {

/// One register tile of an implicit matrix product: `rows` pixels by one panel of output channels, over
/// K = taps · klen. Row i of tap t starts at a[t · rows + i] + aOffset; B is the packed panel, [K][vecs · lanes].
/// The result is clamp(accumulator · alpha + bias + residual, lo, hi) and is written once.
struct Tile {
    const float* const* a;
    int64_t aOffset;
    int64_t taps;
    int64_t klen;
    const float* b;
    float* const* c;               ///< row pointers
    int64_t cOffset;
    int width;                     ///< columns written, at most vecs · lanes
    const float* bias;             ///< `width` floats, or null
    const float* const* residual;  ///< row pointers, or null
    int64_t residualOffset;
    float alpha, lo, hi;
    const float* prefetch;         ///< weights wanted soon in the second-level cache: prefetchStep floats per k
    int64_t prefetchStep;
};

using TileFn = void (*)(const Tile&);

/// The register tiles of an instruction set.
struct Kernels {
    int lanes;
    int maxRows;
    const TileFn* wide;    ///< [rows - 1], two vectors of columns
    const TileFn* narrow;  ///< [rows - 1], one vector of columns
};

const Kernels& kernelsAvx2();
const Kernels& kernelsAvx512();

}  // namespace sinter::gemm
