// A block's 64×64 tile of a matrix product, 256 threads with 4×4 results each, for element types of any kind. Loader
// classes say where operands come from.
#pragma once
#include "epilogue.cuh"

#define TILE_M 64
#define TILE_N 64
#define TILE_K 16

/// A: prepare(row) once for each of a thread's 4 rows, then next(k) and load(i) → acc; B: load(k, column) → acc.
template <typename SUM, class A, class B>
SINTER_DEVICE void gemm_tile(A& a, const B& b, int k_end, SUM (&sum)[4][4]) {
    __shared__ SUM as[TILE_K][TILE_M + 4];
    __shared__ SUM bs[TILE_K][TILE_N + 4];
    const int t = threadIdx.x;
    const int ak = t % TILE_K, ar = t / TILE_K;   // 16 rows apart
    const int bc = t % TILE_N, bk = t / TILE_N;   // 4 deep
    const int ty = t / 16, tx = t % 16;
    for (int k0 = 0; k0 < k_end; k0 += TILE_K) {
        a.at(k0 + ak);
#pragma unroll
        for (int i = 0; i < 4; ++i) as[ak][ar + 16 * i] = k0 + ak < k_end ? a.load(i) : SUM(0);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int k = bk + 4 * i;
            bs[k][bc] = k0 + k < k_end ? b.load(k0 + k) : SUM(0);
        }
        __syncthreads();
#pragma unroll
        for (int k = 0; k < TILE_K; ++k) {
            SUM x[4], y[4];
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                x[i] = as[k][ty * 4 + i];
                y[i] = bs[k][tx * 4 + i];
            }
#pragma unroll
            for (int i = 0; i < 4; ++i)
#pragma unroll
                for (int j = 0; j < 4; ++j) sum[i][j] += x[i] * y[j];
        }
        __syncthreads();
    }
}

/// Stores a thread's results: rows and columns of the tile at (row0, column0) below `rows` and `columns`, which lie at
/// `first_row` and `first_column` of the layer's result.
template <typename SUM>
SINTER_DEVICE void store_tile(const EpilogueParams& e, const SUM (&sum)[4][4], int row0, int rows, int column0, int columns, int first_row, int first_column, bool whole) {
    const int ty = threadIdx.x / 16, tx = threadIdx.x % 16;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const int row = row0 + ty * 4 + i, column = column0 + tx * 4;
        if (row >= rows || column >= columns) continue;
        if (whole) {
            acc_t v[4];
#pragma unroll
            for (int j = 0; j < 4; ++j) v[j] = static_cast<acc_t>(sum[i][j]);
            epilogue<4>(e, first_row + row, column, v);
        } else {
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                acc_t v[1] = {static_cast<acc_t>(sum[i][j])};
                if (column + j < columns) epilogue<1>(e, first_row + row, first_column + column + j, v);
            }
        }
    }
}
