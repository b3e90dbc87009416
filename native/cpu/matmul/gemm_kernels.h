#pragma once
#include <cstdint>

namespace sinter::gemm {

/// How a step of K looks in memory. Sums are float32 in all forms.
enum class Form : uint8_t {
    F32,      ///< float32 activations and weights
    WF16,     ///< float32 activations, float16 weights, widened as they are loaded
    WBF16,    ///< float32 activations, bfloat16 weights, widened as they are loaded
    Pairs,    ///< two neighbours of bfloat16 in a 32-bit word on both sides (AVX-512 BF16): a step is two of K
};

/// Numbers in memory that tiles write or add.
enum class Numbers : uint8_t { F32, F16, BF16 };
constexpr int64_t bytesOf(Numbers n) { return n == Numbers::F32 ? 4 : 2; }

/// One register tile of an implicit matrix product: `rows` pixels by one panel of output channels, over
/// K = taps · klen steps. Row i of tap t starts at a[t · rows + i] + aOffset (in 32-bit words); B is the packed panel,
/// [K][vecs · lanes] elements of the kernels' weightBytes.
/// The result is clamp(accumulator · alpha + bias + residual, lo, hi) and is written once.
struct Tile {
    const float* const* a;
    int64_t aOffset;
    int64_t taps;
    int64_t klen;
    const void* b;
    float* const* c;               ///< row pointers, whatever `out` says lies there
    int64_t cOffset;
    int width;                     ///< columns written, at most vecs · lanes
    const float* bias;             ///< `width` floats, or null
    const float* const* residual;  ///< row pointers, whatever `added` says lies there, or null
    int64_t residualOffset;
    float alpha, lo, hi;
    const void* prefetch;          ///< weights wanted soon in the second-level cache: prefetchStep bytes per k
    int64_t prefetchStep;
    Numbers out, added;            ///< what c and residual point at
};

using TileFn = void (*)(const Tile&);

/// The register tiles of an instruction set.
struct Kernels {
    Form form;
    int weightBytes;       ///< of one packed column at one step of K
    int lanes;
    int maxRows;
    const TileFn* wide;    ///< [rows - 1], two vectors of columns
    const TileFn* narrow;  ///< [rows - 1], one vector of columns
};

const Kernels& kernelsAvx2();
const Kernels& kernelsAvx2F16();
const Kernels& kernelsAvx2Bf16();
const Kernels& kernelsAvx512();
const Kernels& kernelsAvx512F16();
const Kernels& kernelsAvx512Bf16();
const Kernels& kernelsPairs();

/// True where the processor multiplies pairs of bfloat16 numbers (AVX-512 BF16).
bool pairsAvailable();

}  // namespace sinter::gemm
