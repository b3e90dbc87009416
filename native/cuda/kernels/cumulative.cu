// CumSum and CumProd. X_T, ACC, PRODUCT, EXCLUSIVE, REVERSE. A block of 256 threads takes a line in pieces of 1,024, or a thread
// takes a short line, or a block of 32 × 16 threads 32 lines that lie side by side, in 16 stretches each.
#include "ops.cuh"
#include "loop.cuh"

struct Cumulative {
    Loop loop;  ///< over lines
    View x, y;
    int64_t x_step, y_step;
    int n;
};

SINTER_DEVICE ACC identity() { return ACC(PRODUCT ? 1 : 0); }
SINTER_DEVICE ACC joined(ACC a, ACC b) { return PRODUCT ? a * b : a + b; }

extern "C" __global__ void __launch_bounds__(256) cumulative_thread(const Cumulative c) {
    follow_producers();
    SINTER_FOR_ITEMS(line, c.loop.total) {
        int at[8];
        c.loop.coordinates(line, at);
        const X_T* x = address<const X_T>(c.x) + offset_of(c.x, at, c.loop.rank);
        X_T* y = address<X_T>(c.y) + offset_of(c.y, at, c.loop.rank);
        ACC sum = identity();
        for (int i = 0; i < c.n; ++i) {
            const int k = REVERSE ? c.n - 1 - i : i;
            const ACC next = joined(sum, convert<ACC>(x[k * c.x_step]));
            y[k * c.y_step] = convert<X_T>(EXCLUSIVE ? sum : next);
            sum = next;
        }
    }
}

extern "C" __global__ void __launch_bounds__(256) cumulative_block(const Cumulative c) {
    follow_producers();
    __shared__ ACC warps[8];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    for (int line = blockIdx.x; line < c.loop.total; line += gridDim.x) {
        int at[8];
        c.loop.coordinates(line, at);
        const X_T* x = address<const X_T>(c.x) + offset_of(c.x, at, c.loop.rank);
        X_T* y = address<X_T>(c.y) + offset_of(c.y, at, c.loop.rank);
        ACC carried = identity();
        for (int first = 0; first < c.n; first += 1024) {
            ACC v[4], own = identity();
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                const int i = first + threadIdx.x * 4 + j, k = REVERSE ? c.n - 1 - i : i;
                v[j] = i < c.n ? convert<ACC>(x[k * c.x_step]) : identity();
                own = joined(own, v[j]);
            }
            ACC upto = own;  // of this warp's threads up to this one
#pragma unroll
            for (int offset = 1; offset < 32; offset *= 2) {
                const ACC before = __shfl_sync(kFullWarp, upto, lane >= offset ? lane - offset : lane);
                if (lane >= offset) upto = joined(before, upto);
            }
            if (lane == 31) warps[warp] = upto;
            __syncthreads();
            ACC sum = carried;
            for (int w = 0; w < warp; ++w) sum = joined(sum, warps[w]);
            const ACC previous = __shfl_sync(kFullWarp, upto, lane > 0 ? lane - 1 : 0);
            if (lane > 0) sum = joined(sum, previous);
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                const int i = first + threadIdx.x * 4 + j, k = REVERSE ? c.n - 1 - i : i;
                const ACC next = joined(sum, v[j]);
                if (i < c.n) y[k * c.y_step] = convert<X_T>(EXCLUSIVE ? sum : next);
                sum = next;
            }
            for (int w = 0; w < 8; ++w) carried = joined(carried, warps[w]);
            __syncthreads();
        }
    }
}

extern "C" __global__ void __launch_bounds__(512) cumulative_columns(const Cumulative c) {
    follow_producers();
    __shared__ ACC totals[16][33];
    const int stretch = (c.n + 15) / 16, first = threadIdx.y * stretch, end = first + stretch < c.n ? first + stretch : c.n;
    for (int line0 = blockIdx.x * 32; line0 < c.loop.total; line0 += gridDim.x * 32) {
        const int line = line0 + threadIdx.x;
        const bool mine = line < c.loop.total;
        int at[8];
        c.loop.coordinates(mine ? line : 0, at);
        const X_T* x = address<const X_T>(c.x) + offset_of(c.x, at, c.loop.rank);
        X_T* y = address<X_T>(c.y) + offset_of(c.y, at, c.loop.rank);
        ACC sum = identity();
#pragma unroll 8
        for (int i = first; i < end; ++i) sum = joined(sum, convert<ACC>(x[(REVERSE ? c.n - 1 - i : i) * c.x_step]));
        totals[threadIdx.y][threadIdx.x] = sum;
        __syncthreads();
        sum = identity();
        for (int s = 0; s < static_cast<int>(threadIdx.y); ++s) sum = joined(sum, totals[s][threadIdx.x]);
#pragma unroll 8
        for (int i = first; i < end; ++i) {
            const int k = REVERSE ? c.n - 1 - i : i;
            const ACC next = joined(sum, convert<ACC>(x[k * c.x_step]));
            if (mine) y[k * c.y_step] = convert<X_T>(EXCLUSIVE ? sum : next);
            sum = next;
        }
        __syncthreads();
    }
}
