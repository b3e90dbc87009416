#pragma once
// Results of 16 bits from the fragments of a product: the epilogue works on pairs of columns as the accumulators hold them; rounded
// they pass through 2 KB of a warp's shared memory, half the bytes that float32 takes, and leave as rows of 16-byte runs.
#include "round_pair.cuh"
#include "tile_rows.cuh"

/// Shared memory of 16 rows of 64 results, their runs of eight swizzled over 128 bytes.
constexpr int kRoundedBytes = 16 * 128;

#if __CUDA_ARCH__ >= 900 && SINTER_RESULT_BYTES == 2

/// Stores four 8 × 8 matrices of 16-bit elements; lane l names row l % 8 of matrix l / 8.
__device__ __forceinline__ void store_matrices(unsigned shared, unsigned a, unsigned b, unsigned c, unsigned d) {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(shared), "r"(a), "r"(b), "r"(c), "r"(d) : "memory");
}
__device__ __forceinline__ uint4 load_shared(unsigned shared) {
    uint4 v;
    asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "r"(shared) : "memory");
    return v;
}

__device__ __forceinline__ void load_matrices(unsigned shared, unsigned (&out)[4]) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3]) : "r"(shared) : "memory");
}

#if SINTER_EPILOGUE_ROWS
#define ROW_NUMBERS(rows, r) , rows[r]
#else
#define ROW_NUMBERS(rows, r)
#endif

/// Applies the epilogue to the pair of results v, of row r among `rows`; `given`: two elements of the operand that the kernel has read,
/// where there is one.
__device__ __forceinline__ unsigned finish_pair(const EpilogueParams& e, TileStatistics rows, int r, int row, int column, bool inside, float (&v)[2], unsigned given) {
    if (inside) {
#if GIVEN
        union {
            unsigned pair;
            given_t at[2];
        } g;
        g.pair = given;
        epilogue_apply_given(e, row, column, v, g.at ROW_NUMBERS(rows, r));
#else
        apply_with(rows, r, e, row, column, v);
#endif
    }
    return round_pair(result_t{}, v[0], v[1]);
}

/// Applies the epilogue to a warp's 16 × WIDTH accumulators (WIDTH up to 64; fragments as wgmma leaves them), which are the result at
/// (row0, column0), and stores them through `scratch`. `given`: shared memory of the same rows of the operand that came through the ring, 128
/// swizzled bytes each, from column `from` on. `rows`: the statistics of these rows.
template <int WIDTH, class Region, typename T>
__device__ __forceinline__ void store_rounded(const EpilogueParams& e, TileStatistics rows, const T* acc, unsigned scratch, int row0, int column0, int lane, unsigned given, int from) {
    static_assert(WIDTH % 16 == 0 && WIDTH <= 64);
    constexpr int RUNS = WIDTH / 8;
    // Rows past the end read operands of the last one.
    const int upperRow = Region::clamped(row0 + (lane >> 2)), lowerRow = Region::clamped(row0 + (lane >> 2) + 8);
    const unsigned matrix = ((lane & 7) + (lane & 8)) * 128;  // lane l names row l % 8 of matrix l / 8: upper and lower rows of two runs
    unsigned upper[RUNS], lower[RUNS];
#if SINTER_STATISTICS
    static_assert(WIDTH % 32 == 0);
    float upperValues[8], lowerValues[8];  // of 32 columns: eight of them in each of four lanes
#endif
#pragma unroll
    for (int j = 0; j < RUNS; j += 2) {
        unsigned other[4] = {};
#if GIVEN
        load_matrices(given + matrix + (((from / 8 + j + (lane >> 4)) ^ (lane & 7)) << 4), other);
#endif
#pragma unroll
        for (int k = 0; k < 2; ++k) {
            const T* d = acc + (j + k) * 4;
            const int column = column0 + (j + k) * 8 + (lane & 3) * 2;
            const bool inside = Region::column(column);
            float first[2] = {sum_to_float(d[0]), sum_to_float(d[1])}, second[2] = {sum_to_float(d[2]), sum_to_float(d[3])};
            upper[j + k] = finish_pair(e, rows, lane >> 2, upperRow, column, inside, first, other[k * 2]);
            lower[j + k] = finish_pair(e, rows, (lane >> 2) + 8, lowerRow, column, inside, second, other[k * 2 + 1]);
#if SINTER_STATISTICS
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                upperValues[(j + k) % 4 * 2 + i] = first[i];
                lowerValues[(j + k) % 4 * 2 + i] = second[i];
            }
#endif
        }
#if SINTER_STATISTICS
        if (j % 4 == 2) {
            const int column = column0 + (j - 2) * 8;
            const bool leads = (lane & 3) == 0 && Region::column(column);
            epilogue_statistics(e, upperRow, column, leads && Region::row(row0 + (lane >> 2)), upperValues);
            epilogue_statistics(e, lowerRow, column, leads && Region::row(row0 + (lane >> 2) + 8), lowerValues);
        }
#endif
    }
#pragma unroll
    for (int j = 0; j < RUNS; j += 2) store_matrices(scratch + matrix + (((j + (lane >> 4)) ^ (lane & 7)) << 4), upper[j], lower[j], upper[j + 1], lower[j + 1]);
    __syncwarp();
#pragma unroll
    for (int pass = 0; pass < RUNS / 2; ++pass) {
        const int index = pass * 32 + lane, r = index / RUNS, c = index % RUNS;
        union {
            uint4 whole;
            result_t at[8];
        } run;
        run.whole = load_shared(scratch + r * 128 + ((c ^ (r & 7)) << 4));
        if (Region::row(row0 + r) && Region::column(column0 + c * 8)) epilogue_put(e, row0 + r, column0 + c * 8, run.at);
    }
    __syncwarp();
}

#endif
