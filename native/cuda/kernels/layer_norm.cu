// LayerNorm over the last axis: (x − mean) / √(variance + ε), scale and bias. A row's elements stay in the registers of THREADS
// threads; they are read once, 16 bytes at a time, and the variance is summed around the mean.
//
// Macros: X_T, HAS_SCALE, SCALE_T, HAS_BIAS, BIAS_T, ROWS, COLUMNS, VECTOR (elements of one access), THREADS (of a row: 32 or more), BLOCK_ROWS
//         (rows of a block; 1 when THREADS is not 32)
#include "prelude.cuh"
#include "prelude_launch.cuh"
#include "epilogue.cuh"

namespace {

constexpr int V = VECTOR, PIECES = COLUMNS / V, HELD = (PIECES + THREADS - 1) / THREADS;
static_assert(COLUMNS % V == 0 && (THREADS == 32 || BLOCK_ROWS == 1));

/// The sum over a row's threads; all get it.
__device__ __forceinline__ float row_sum(float x) {
#if THREADS == 32
    return warp_reduce(x, Add());
#else
    __shared__ float shared[32];
    return block_reduce(x, 0.0f, Add(), shared);
#endif
}

template <typename T> __device__ __forceinline__ void load_parameters(const T* p, float (&out)[V]) {
    T stored[V];
    load_vec<V>(p, stored);
#pragma unroll
    for (int k = 0; k < V; ++k) out[k] = to_float(stored[k]);
}

}  // namespace

/// x: `pitch` elements between rows.
extern "C" __global__ void __launch_bounds__(THREADS* BLOCK_ROWS) layer_norm(const X_T* __restrict__ x, int pitch, const void* __restrict__ scale, const void* __restrict__ bias, float epsilon,
                                                                             const EpilogueParams e) {
    const int lane = threadIdx.x % THREADS, row = blockIdx.x * BLOCK_ROWS + threadIdx.x / THREADS;
    start_dependents();
    wait_for_producers();
    if (BLOCK_ROWS > 1 && row >= ROWS) return;
    X_T stored[HELD][V];
#pragma unroll
    for (int i = 0; i < HELD; ++i) {
        const int piece = lane + i * THREADS;
        if (PIECES % THREADS == 0 || piece < PIECES) load_vec<V>(x + static_cast<int64_t>(row) * pitch + piece * V, stored[i]);
    }
    float held[HELD][V], sum = 0;
#pragma unroll
    for (int i = 0; i < HELD; ++i) {
        const bool present = PIECES % THREADS == 0 || lane + i * THREADS < PIECES;
#pragma unroll
        for (int k = 0; k < V; ++k) {
            held[i][k] = present ? to_float(stored[i][k]) : 0.0f;
            sum += held[i][k];
        }
    }
    const float mean = row_sum(sum) * (1.0f / COLUMNS);
    float squares = 0;
#pragma unroll
    for (int i = 0; i < HELD; ++i) {
        const bool present = PIECES % THREADS == 0 || lane + i * THREADS < PIECES;
#pragma unroll
        for (int k = 0; k < V; ++k) {
            held[i][k] -= mean;
            squares += present ? held[i][k] * held[i][k] : 0.0f;
        }
    }
    const float factor = 1.0f / f_sqrt(row_sum(squares) * (1.0f / COLUMNS) + epsilon);
#pragma unroll
    for (int i = 0; i < HELD; ++i) {
        const int piece = lane + i * THREADS;
        if (PIECES % THREADS != 0 && piece >= PIECES) break;
        float v[V], parameters[V];
#pragma unroll
        for (int k = 0; k < V; ++k) v[k] = held[i][k] * factor;
#if HAS_SCALE
        load_parameters(static_cast<const SCALE_T*>(scale) + piece * V, parameters);
#pragma unroll
        for (int k = 0; k < V; ++k) v[k] *= parameters[k];
#endif
#if HAS_BIAS
        load_parameters(static_cast<const BIAS_T*>(bias) + piece * V, parameters);
#pragma unroll
        for (int k = 0; k < V; ++k) v[k] += parameters[k];
#endif
        epilogue(e, row, piece * V, v);
    }
}
