#pragma once
// Results of bytes of products whose rows are channels and whose columns are pixels. Weights' columns are stored so (gemm/pack.cpp)
// that the two rows of a thread are neighbouring channels: a thread's four numbers of two pixels are a word, whose halves are
// elements of 8 × 8 matrices, transposed on their way to shared memory. A pixel there is 64 channels in runs of 16, swizzled.
#include "tile_rows.cuh"

__device__ __forceinline__ void store_matrices_transposed(unsigned shared, const unsigned (&r)[4]) {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(shared), "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3]) : "memory");
}
__device__ __forceinline__ void store_matrices_transposed(unsigned shared, const unsigned (&r)[2]) {
    asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], {%1, %2};" ::"r"(shared), "r"(r[0]), "r"(r[1]) : "memory");
}
__device__ __forceinline__ void load_matrices_transposed(unsigned shared, unsigned (&r)[4]) { load_matrix_x4_transposed(r, shared); }
__device__ __forceinline__ void load_matrices_transposed(unsigned shared, unsigned (&r)[2]) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(shared) : "memory");
}

/// Bytes of shared memory for PIXELS pixels of 64 channels.
__device__ __forceinline__ constexpr int exchanged_bytes(int pixels) { return pixels * 64; }

/// The epilogue of 64 channels, from `column` on, and PIXELS pixels that a warpgroup has multiplied.
template <int PIXELS> class ExchangedRows {
    const EpilogueParams& e;
    const int column, warp, lane;
    const unsigned scratch;
    EpilogueColumns columns;  ///< of the thread's two channels, twice

    __device__ __forceinline__ unsigned place(int pixel, int run) const { return scratch + pixel * 64 + (run ^ (pixel >> 1 & 3)) * 16; }

    /// MATRICES (2, 4) times eight pixels from 8 · first on.
    template <int MATRICES, typename T> __device__ __forceinline__ void stage(const T* acc, int first) const {
        const unsigned target = place(first * 8 + lane % (8 * MATRICES), warp);
        unsigned residual[MATRICES] = {}, words[MATRICES];
#if SINTER_EPILOGUE_RESIDUALS
        load_matrices_transposed(target, residual);
#endif
#pragma unroll
        for (int m = 0; m < MATRICES; ++m) {
            const T* d = acc + (first + m) * 4;
            const float sums[4] = {sum_to_float(d[0]), sum_to_float(d[2]), sum_to_float(d[1]), sum_to_float(d[3])};
            const uint32_t r[1] = {residual[m]};
            words[m] = epilogue_word(columns, sums, r);
        }
        store_matrices_transposed(target, words);
    }

public:
    /// `shared`: exchanged_bytes(PIXELS) of the warpgroup's own, aligned to 128.
    __device__ __forceinline__ ExchangedRows(const EpilogueParams& params, int firstColumn, unsigned shared)
        : e(params), column(firstColumn), warp(threadIdx.x % 128 / 32), lane(threadIdx.x % 32), scratch(shared) {
        EpilogueColumns four;
        const int own = warp * 16 + (lane >> 2) * 2;
        epilogue_columns(e, column + own / 4 * 4, four);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            columns.factor[i] = own & 2 ? four.factor[2 + i % 2] : four.factor[i % 2];
            columns.start[i] = own & 2 ? four.start[2 + i % 2] : four.start[i % 2];
        }
    }

    /// acc: the accumulators of PIXELS pixels; rowOf(pixel): its row of the result, negative for none; `barrier`: one of the
    /// warpgroup's own.
    template <typename T, class RowOf> __device__ __forceinline__ void store(const T* acc, int barrier, const RowOf& rowOf) const {
        static_assert(PIXELS % 16 == 0 && kResiduals == 1);
        const int thread = threadIdx.x % 128;
#if SINTER_EPILOGUE_RESIDUALS
#pragma unroll 4
        for (int i = thread; i < PIXELS * 4; i += 128) {
            const int row = rowOf(i / 4);
            if (row < 0) continue;
            uint32_t r[1][4];
            epilogue_residuals<16>(e, row, column + i % 4 * 16, r);
            asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(place(i / 4, i % 4)), "r"(r[0][0]), "r"(r[0][1]), "r"(r[0][2]), "r"(r[0][3]) : "memory");
        }
        named_barrier(barrier, 128);
#endif
#pragma unroll
        for (int j = 0; j < PIXELS / 8 / 4 * 4; j += 4) stage<4>(acc, j);
        if constexpr (PIXELS / 8 % 4 != 0) stage<2>(acc, PIXELS / 8 - 2);
        named_barrier(barrier, 128);
#pragma unroll 4
        for (int i = thread; i < PIXELS * 4; i += 128) {
            const int row = rowOf(i / 4);
            if (row < 0) continue;
            uint32_t words[4];
            asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];" : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3]) : "r"(place(i / 4, i % 4)) : "memory");
            epilogue_store_words<16>(e, row, column + i % 4 * 16, words);
        }
        named_barrier(barrier, 128);
    }
};
