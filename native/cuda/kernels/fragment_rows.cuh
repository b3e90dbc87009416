#pragma once
// Results of bytes straight from the fragments of a product, without a pass through shared memory. Columns of weights are
// stored so (gemm/pack.cpp) that of every 64 result columns the four threads that share a row hold 16 neighbours each:
// columns 8j + 2t + b of the product (j < 8, t: thread, b < 2) are columns 16t + 2j + b of the result.
#include "tile_rows.cuh"

/// Neighbouring columns of a thread, and columns of the threads that share a row.
constexpr int kFragmentRun = 16, kFragmentGroup = 64;

#if SINTER_EPILOGUE_BYTES
/// The bytes of ROWS rows of a thread, columns `column` to column + 15. sum(row, k): the sum in column k of these as a float;
/// residual(row, operand, q): word q of a residual operand.
template <int ROWS, class Sum, class Residual>
__device__ __forceinline__ void fragment_words(const EpilogueParams& e, int column, const Sum& sum, const Residual& residual, uint32_t (&words)[ROWS][kFragmentRun / 4]) {
#pragma unroll
    for (int q = 0; q < kFragmentRun / 4; ++q) {
        EpilogueColumns columns;
        epilogue_columns(e, column + q * 4, columns);
#pragma unroll
        for (int r = 0; r < ROWS; ++r) {
            const float sums[4] = {sum(r, q * 4), sum(r, q * 4 + 1), sum(r, q * 4 + 2), sum(r, q * 4 + 3)};
            uint32_t bytes[kResiduals];
#pragma unroll
            for (int k = 0; k < kResiduals; ++k) bytes[k] = residual(r, k, q);
            words[r][q] = epilogue_word(columns, sums, bytes);
        }
    }
}
#endif

/// A thread's part of BLOCKS blocks of 64 rows × COLUMNS columns that a warpgroup multiplies, of a result of ALL_ROWS ×
/// ALL_COLUMNS. EARLY: residual operands are requested before the products, for 4 registers per 16 columns of a row.
template <int BLOCKS, int COLUMNS, bool EARLY, int ALL_ROWS, int ALL_COLUMNS> struct FragmentRows {
    static constexpr int GROUPS = COLUMNS / kFragmentGroup;
    static_assert(COLUMNS % kFragmentGroup == 0 && ALL_COLUMNS % kFragmentGroup == 0);
    const EpilogueParams& e;
    const int row, column;  ///< the thread's first; further rows follow 8 below, and from 64 to 64
#if SINTER_EPILOGUE_BYTES
    uint32_t residuals[BLOCKS][2][EARLY ? GROUPS : 1][kResiduals][kFragmentRun / 4];
#endif

    __device__ __forceinline__ FragmentRows(const EpilogueParams& params, int row0, int column0)
        : e(params), row(row0 + (threadIdx.x % 128 / 32) * 16 + (threadIdx.x % 32 >> 2)), column(column0 + (threadIdx.x & 3) * kFragmentRun) {
        if constexpr (EARLY) {
#pragma unroll
            for (int g = 0; g < GROUPS; ++g) request(g);
        }
    }
    __device__ __forceinline__ static constexpr int row_of(int block, int half) { return block * 64 + half * 8; }
    __device__ __forceinline__ bool inside(int r, int c) const { return r < ALL_ROWS && c < ALL_COLUMNS; }

    __device__ __forceinline__ void request(int group) {
#if SINTER_EPILOGUE_BYTES && SINTER_EPILOGUE_RESIDUALS
#pragma unroll
        for (int i = 0; i < BLOCKS; ++i) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int r = row + row_of(i, half), c = column + group * kFragmentGroup;
                if (inside(r, c)) epilogue_residuals<kFragmentRun>(e, r, c, residuals[i][half][EARLY ? group : 0]);
            }
        }
#endif
    }

    template <typename T, int PRODUCTS> __device__ __forceinline__ void store(const T (&acc)[BLOCKS][PRODUCTS]) {
#pragma unroll
        for (int g = 0; g < GROUPS; ++g) {
            const int c = column + g * kFragmentGroup;
            if (c >= ALL_COLUMNS) break;
#if SINTER_EPILOGUE_BYTES
            if constexpr (!EARLY) request(g);
            uint32_t words[BLOCKS * 2][kFragmentRun / 4];
            fragment_words(
                e, c, [&](int r, int k) { return sum_to_float(acc[r / 2][(g * 8 + k / 2) * 4 + r % 2 * 2 + k % 2]); },
                [&](int r, int k, int q) { return residuals[r / 2][r % 2][EARLY ? g : 0][k][q]; }, words);
#pragma unroll
            for (int i = 0; i < BLOCKS * 2; ++i) {
                const int r = row + row_of(i / 2, i % 2);
                if (inside(r, c)) epilogue_store_words<kFragmentRun>(e, r, c, words[i]);
            }
#else
#pragma unroll
            for (int i = 0; i < BLOCKS; ++i) {
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    const int r = row + row_of(i, half);
                    if (!inside(r, c)) continue;
#pragma unroll
                    for (int k = 0; k < kFragmentRun; k += kRun) {
                        float run[kRun];
#pragma unroll
                        for (int l = 0; l < kRun; ++l) run[l] = sum_to_float(acc[i][(g * 8 + (k + l) / 2) * 4 + half * 2 + (k + l) % 2]);
                        epilogue(e, r, c + k, run);
                    }
                }
            }
#endif
        }
    }
};
