#pragma once
// Results of 16 bits of products whose rows are channels and whose columns are pixels: the epilogue works on the sums where they lie, a
// channel of a thread at a time; rounded, two pixels of a channel are a word of an 8 × 8 matrix, transposed on its way to shared memory.
// A pixel there is 64 channels in eight runs, swizzled; they leave as such runs.
#include "round_pair.cuh"
#include "tile_rows.cuh"

/// Stores four 8 × 8 matrices of 16-bit elements transposed; lane l names column l % 8 of matrix l / 8.
__device__ __forceinline__ void store_columns(unsigned shared, unsigned a, unsigned b, unsigned c, unsigned d) {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(shared), "r"(a), "r"(b), "r"(c), "r"(d) : "memory");
}

/// Stores 64 channels, from `column` on, of GROUPS × 8 pixels that a warpgroup has multiplied. `sums(group, high, v)` gives a thread's
/// two neighbouring pixels of a group for its channel (lane / 4 of its warp's sixteen; `high`: the one eight further); `row(group, i)` the
/// row of the result of a group's pixel, -1 = none. `shared`: two buffers of TOGETHER groups of 1 KB; they change places, so that one barrier
/// a chunk is enough as long as the warpgroup meets between two calls.
template <int GROUPS, int TOGETHER, typename Sums, typename Row>
__device__ __forceinline__ void store_halves(const EpilogueParams& e, unsigned shared, int barrier, int column, Sums sums, Row row) {
    static_assert(TOGETHER % 2 == 0);
    constexpr int PASSES = TOGETHER * 64 / 128;
    const int thread = threadIdx.x % 128, warp = thread / 32, lane = thread % 32;
    const int low = column + warp * 16 + (lane >> 2), channels[2] = {min(low, SINTER_COLUMNS - 1), min(low + 8, SINTER_COLUMNS - 1)};
#pragma unroll
    for (int first = 0; first < GROUPS; first += TOGETHER) {
        const unsigned buffer = shared + first / TOGETHER % 2 * (TOGETHER * 1024);
#pragma unroll
        for (int g = first; g < first + TOGETHER && g < GROUPS; g += 2) {
            unsigned words[4] = {};
#pragma unroll
            for (int m = 0; m < 4; ++m) {
                const int group = g + m / 2;
                if (group >= GROUPS) continue;
                float v[2];
                sums(group, m % 2, v);
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    float one[1] = {v[i]};
                    epilogue_apply(e, max(row(group, (lane & 3) * 2 + i), 0), channels[m % 2], one);
                    v[i] = one[0];
                }
                words[m] = round_pair(result_t{}, v[0], v[1]);
            }
            const int pixel = (g - first + (lane >> 4)) * 8 + (lane & 7), run = warp * 2 + (lane >> 3 & 1);
            store_columns(buffer + pixel * 128 + ((run ^ (pixel & 7)) << 4), words[0], words[1], words[2], words[3]);
        }
        named_barrier(barrier, 128);
#pragma unroll
        for (int pass = 0; pass < PASSES; ++pass) {
            const int index = pass * 128 + thread, pixel = index / 8, run = index % 8, group = first + pixel / 8, c = column + run * 8;
            if ((GROUPS % TOGETHER != 0 && group >= GROUPS) || (SINTER_COLUMNS % 64 != 0 && c >= SINTER_COLUMNS)) continue;
            const int to = row(group, pixel % 8);
            if (to < 0) continue;
            union {
                uint4 whole;
                result_t at[8];
            } result;
            asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
                         : "=r"(result.whole.x), "=r"(result.whole.y), "=r"(result.whole.z), "=r"(result.whole.w)
                         : "r"(buffer + pixel * 128 + ((run ^ (pixel & 7)) << 4))
                         : "memory");
            epilogue_put(e, to, c, result.at);
        }
    }
}
