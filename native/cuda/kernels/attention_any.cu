// softmax(q·kᵀ·scale + mask)·v for operands of any strides and types: a warp per query, keys in tiles of 32 through shared
// memory, sums and maxima kept as the tiles pass (online softmax). HEAD and VALUE: sizes of a query and of a value.
#include "prelude.cuh"

#define WARPS 4

struct Attention {
    const void* q;
    const void* k;
    const void* v;
    const void* mask;
    void* y;
    int64_t q_strides[4], k_strides[4], v_strides[4], mask_strides[4], y_strides[4];
    int batch, heads, queries, keys;
    float scale;
};

extern "C" __global__ void __launch_bounds__(WARPS * 32) attention_any(const Attention s) {
    follow_producers();
    __shared__ float keys[32][HEAD + 1];
    __shared__ float values[32][VALUE + 1];
    __shared__ float query[WARPS][HEAD];
    constexpr int PER_LANE = (VALUE + 31) / 32;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    const int head = blockIdx.y % s.heads, image = blockIdx.y / s.heads;
    const int row = blockIdx.x * WARPS + warp;
    const bool mine = row < s.queries;
    const Q_T* q = static_cast<const Q_T*>(s.q) + image * s.q_strides[0] + head * s.q_strides[1] + (mine ? row : 0) * s.q_strides[2];
    for (int d = lane; d < HEAD; d += 32) query[warp][d] = to_float(q[d * s.q_strides[3]]) * s.scale;
    const K_T* k = static_cast<const K_T*>(s.k) + image * s.k_strides[0] + head * s.k_strides[1];
    const V_T* v = static_cast<const V_T*>(s.v) + image * s.v_strides[0] + head * s.v_strides[1];
    float top = -__uint_as_float(0x7f800000u), sum = 0.0f;
    float result[PER_LANE];
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) result[i] = 0.0f;
    for (int first = 0; first < s.keys; first += 32) {
        __syncthreads();
        for (int i = threadIdx.x; i < 32 * HEAD; i += WARPS * 32) {
            const int key = i / HEAD, d = i % HEAD;
            keys[key][d] = first + key < s.keys ? to_float(k[(first + key) * s.k_strides[2] + d * s.k_strides[3]]) : 0.0f;
        }
        for (int i = threadIdx.x; i < 32 * VALUE; i += WARPS * 32) {
            const int key = i / VALUE, d = i % VALUE;
            values[key][d] = first + key < s.keys ? to_float(v[(first + key) * s.v_strides[2] + d * s.v_strides[3]]) : 0.0f;
        }
        __syncthreads();
        float score = -__uint_as_float(0x7f800000u);
        if (first + lane < s.keys) {
            score = 0.0f;
#pragma unroll 16
            for (int d = 0; d < HEAD; ++d) score += query[warp][d] * keys[lane][d];
#if HAS_MASK
            const MASK_T* m = static_cast<const MASK_T*>(s.mask) + image * s.mask_strides[0] + head * s.mask_strides[1] + (mine ? row : 0) * s.mask_strides[2];
            score += to_float(m[(first + lane) * s.mask_strides[3]]);
#endif
        }
        const float now = fmaxf(top, warp_reduce(score, Largest()));
        const float safe = now == -__uint_as_float(0x7f800000u) ? 0.0f : now;
        const float shrink = expf(top - safe);
        const float weight = expf(score - safe);
        sum = sum * shrink + warp_reduce(weight, Add());
        top = now;
#pragma unroll
        for (int i = 0; i < PER_LANE; ++i) result[i] *= shrink;
        for (int key = 0; key < 32; ++key) {
            const float w = __shfl_sync(kFullWarp, weight, key);
#pragma unroll
            for (int i = 0; i < PER_LANE; ++i) {
                const int d = lane + 32 * i;
                if (d < VALUE) result[i] += w * values[key][d];
            }
        }
    }
    if (!mine) return;
    Y_T* y = static_cast<Y_T*>(s.y) + image * s.y_strides[0] + head * s.y_strides[1] + row * s.y_strides[2];
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
        const int d = lane + 32 * i;
        if (d < VALUE) y[d * s.y_strides[3]] = from_float<Y_T>(result[i] / sum);
    }
}
