// LayerNorm of dense rows: (x − mean) / √(variance + ε), then scale and bias. THREADS (32, or a block) hold a row in registers,
// as vectors. X_T, SCALE_T, BIAS_T, HAS_SCALE, HAS_BIAS.
#include "epilogue.cuh"

/// x: dense rows. Scale and bias: a value per column.
/// FIXED_PARAMETERS: they are constants, read before earlier kernels have ended.
extern "C" __global__ void __launch_bounds__(THREADS < 64 ? 64 : THREADS)
    normalize_rows(const X_T* x, const SCALE_T* scale, const BIAS_T* bias, const float epsilon, const EpilogueParams e) {
    constexpr int V = SINTER_STORE_VECTOR, kVectors = SINTER_COLUMNS / V, kHeld = (kVectors + THREADS - 1) / THREADS;
    constexpr int kRows = (THREADS < 64 ? 64 : THREADS) / THREADS;
    __shared__ acc_t shared[32];
    const int lane = threadIdx.x % THREADS, row = blockIdx.x * kRows + threadIdx.x / THREADS;
    const auto total = [&](acc_t a) {
        if constexpr (THREADS == 32) return warp_reduce(a, Add());
        else return block_reduce(a, acc_t(0), Add(), shared);
    };
    const auto mine = [&](int i) { return kVectors % THREADS == 0 || i * THREADS + lane < kVectors; };
    const auto columnOf = [&](int i) { return (i * THREADS + lane) * V; };
#if HAS_SCALE
    SCALE_T scales[kHeld][V];
#endif
#if HAS_BIAS
    BIAS_T biases[kHeld][V];
#endif
    const auto parameters = [&] {
#pragma unroll
        for (int i = 0; i < kHeld; ++i) {
            if (!mine(i)) continue;
#if HAS_SCALE
            load_vec<V>(scale + columnOf(i), scales[i]);
#endif
#if HAS_BIAS
            load_vec<V>(bias + columnOf(i), biases[i]);
#endif
        }
    };
    start_dependents();
    if (FIXED_PARAMETERS) parameters();
    wait_for_producers();
    if (!FIXED_PARAMETERS) parameters();
    if (row >= SINTER_ROWS) return;  // of whole warps, or whole blocks
    X_T stored[kHeld][V];
#pragma unroll
    for (int i = 0; i < kHeld; ++i) {
        if (mine(i)) load_vec<V>(x + static_cast<int64_t>(row) * SINTER_COLUMNS + columnOf(i), stored[i]);
    }
    acc_t held[kHeld][V], sum = 0, squares = 0;
#pragma unroll
    for (int i = 0; i < kHeld; ++i) {
#pragma unroll
        for (int k = 0; k < V; ++k) {
            held[i][k] = mine(i) ? convert<acc_t>(stored[i][k]) : acc_t(0);
            sum += held[i][k];
        }
    }
    const acc_t mean = total(sum) / acc_t(SINTER_COLUMNS);
#pragma unroll
    for (int i = 0; i < kHeld; ++i) {
#pragma unroll
        for (int k = 0; k < V; ++k) {
            held[i][k] -= mean;
            if (mine(i)) squares += held[i][k] * held[i][k];
        }
    }
    const acc_t factor = acc_t(1) / f_sqrt(total(squares) / acc_t(SINTER_COLUMNS) + acc_t(epsilon));
#pragma unroll
    for (int i = 0; i < kHeld; ++i) {
        if (!mine(i)) continue;
#pragma unroll
        for (int k = 0; k < V; ++k) {
            held[i][k] *= factor;
#if HAS_SCALE
            held[i][k] *= convert<acc_t>(scales[i][k]);
#endif
#if HAS_BIAS
            held[i][k] += convert<acc_t>(biases[i][k]);
#endif
        }
        epilogue<V>(e, row, columnOf(i), held[i]);
    }
}
