// What the card reaches when it is asked for nothing else: copying, and multiplying floats in registers.
#include "prelude.cuh"

struct alignas(16) Chunk { uint32_t words[4]; };
extern "C" __global__ void copy_chunks(const Chunk* from, Chunk* to, unsigned long long count) {
    const unsigned long long step = static_cast<unsigned long long>(gridDim.x) * blockDim.x;
    for (unsigned long long i = static_cast<unsigned long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) to[i] = from[i];
}

/// Eight chains a thread; 16 operations a round.
extern "C" __global__ void fma_floats(float* out, int rounds) {
    float a[8];
#pragma unroll
    for (int i = 0; i < 8; ++i) a[i] = 0.5f + 0.01f * static_cast<float>(i) + 0.001f * static_cast<float>(threadIdx.x);
    const float m = out[0];  // unknown to the compiler; 0.999
    for (int r = 0; r < rounds; ++r) {
#pragma unroll
        for (int i = 0; i < 8; ++i) a[i] = a[i] * m + m;
    }
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 8; ++i) sum += a[i];
    if (sum == 12345.0f) out[1] = sum;  // never: keeps the work
}
