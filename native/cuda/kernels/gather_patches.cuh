#pragma once
// A convolution whose filters tile the image (stride = filter, no padding) is a matrix product on its patches: this kernel
// writes them, [n, p, q] rows of [c, r, s], from planes of any float type. Vision transformers begin with it.
// Macros: X_T, PATCH_C, PATCH_R, PATCH_S, PATCH_P, PATCH_Q, PATCH_ROWS; OPERAND as in the including kernel.
#include "prelude.cuh"
#include "prelude_launch.cuh"

/// x: strides in elements between images, channels and rows; columns are contiguous.
extern "C" __global__ void __launch_bounds__(256) gather_patches(const X_T* __restrict__ x, void* __restrict__ patches, long long imageStride, int channelStride, int rowStride) {
#if OPERAND == 0
    using Element = half_t;
#elif OPERAND == 1
    using Element = bf16_t;
#else
    using Element = float;
#endif
    constexpr int V = PATCH_S % 8 == 0 ? 8 : PATCH_S % 4 == 0 ? 4 : PATCH_S % 2 == 0 ? 2 : 1, PIECES = PATCH_S / V;
    start_dependents();
    wait_for_producers();
    const long long item = blockIdx.x * 256ll + threadIdx.x;
    if (item >= static_cast<long long>(PATCH_ROWS) * PATCH_C * PATCH_R * PIECES) return;
    const int piece = static_cast<int>(item % PIECES), r = static_cast<int>(item / PIECES % PATCH_R), c = static_cast<int>(item / (PIECES * PATCH_R) % PATCH_C);
    const int row = static_cast<int>(item / (PIECES * PATCH_R * PATCH_C)), q = row % PATCH_Q, p = row / PATCH_Q % PATCH_P, n = row / (PATCH_Q * PATCH_P);
    const X_T* source = x + n * imageStride + static_cast<long long>(c) * channelStride + static_cast<long long>(p * PATCH_R + r) * rowStride + q * PATCH_S + piece * V;
    Element v[V];
#pragma unroll
    for (int i = 0; i < V; ++i) v[i] = convert<Element>(source[i]);
    store_vec<V>(static_cast<Element*>(patches) + item * V, v);
}
