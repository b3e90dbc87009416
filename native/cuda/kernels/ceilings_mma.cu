// What the card reaches when it is asked for nothing else: matrix products of warps, OPERAND as in
// prelude_mma.cuh.
#include "prelude.cuh"
#include "prelude_mma.cuh"

/// Eight tiles of 16 × 8 a warp, 32 bytes of the reduction a round.
extern "C" __global__ void mma_tiles(float* out, int rounds) {
    constexpr Operand op = static_cast<Operand>(OPERAND);
    typename OperandTraits<op>::Accumulator c[8][4] = {};
    unsigned a[4], b[2];
    // Small numbers in every type: 0x3c… is near 1 as float16 and near 0.01 as bfloat16.
    for (int i = 0; i < 4; ++i) a[i] = 0x3c013c02u + threadIdx.x + i;
    for (int i = 0; i < 2; ++i) b[i] = 0x3c033c01u + threadIdx.x + i;
    for (int r = 0; r < rounds; ++r) {
#pragma unroll
        for (int t = 0; t < 8; ++t) mma_step<op>(c[t], a, b[0], b[1]);
    }
    float sum = 0;
    for (int t = 0; t < 8; ++t) sum += static_cast<float>(c[t][0] + c[t][1] + c[t][2] + c[t][3]);
    if (sum == 12345.0f) out[1] = sum;
}
