#pragma once
#include <cstdint>

namespace sinter::gemm {

/// float32 products on the matrix units of the CPU (AMX): every factor is split into two bfloat16 numbers, a = hi + lo
/// with hi the nearest bfloat16, and a·b ≈ hi·hi + hi·lo + lo·hi, summed in float32. What is left out is below 2^-16 of
/// each product; over a sum it averages to about 3·10^-6 of the result's magnitude.
struct SplitTile {
    const uint16_t* a;         ///< row 0, high parts; row i is i · aStride bytes further, low parts are aLow bytes further
    int64_t aStride, aLow;
    const int64_t* taps;       ///< bytes from `a` for each tap
    int64_t tapCount;
    int64_t blocks;            ///< K of a tap in blocks of 32
    const uint16_t* b;         ///< [tap][block]{hi of 16 columns [, hi of the next 16], lo [, lo]}, 1 KiB each
    bool tall, wide;           ///< 32 rows or 16; 32 columns or 16
    float* out;                ///< [32][32]
    const char* prefetch;      ///< weights wanted soon, prefetchStep bytes per block; or null
    int64_t prefetchStep;
};

struct SplitStore {
    const float* tile;             ///< [32][32]
    float* const* rows;            ///< null where a row is no result
    const float* const* residual;  ///< or null
    const float* bias;             ///< or null
    int rowCount, width;
    float alpha, lo, hi;
};

struct SplitKernels {
    void (*begin)();  ///< before the first tile on a thread, and
    void (*end)();    ///< after the last
    void (*tile)(const SplitTile&);
    void (*store)(const SplitStore&);
    /// n floats as bfloat16 high and low parts, zeros up to `padded` (a multiple of 32).
    void (*split)(const float* x, int64_t n, int64_t padded, uint16_t* hi, uint16_t* lo);
};

/// Asks the operating system once for the use of the matrix units; false where CPU or system lack them.
bool splitAvailable();
const SplitKernels& splitKernels();

}  // namespace sinter::gemm
