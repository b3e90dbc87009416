// What the card reaches when it is asked for nothing else: matrix products of warpgroups (sm_90a),
// OPERAND as in prelude_mma.cuh.
#include "prelude.cuh"
#include "prelude_wgmma.cuh"

/// Two warpgroups a block, each 64 × 256 results and 128 bytes of the reduction a round, out of the same shared memory.
extern "C" __global__ void __launch_bounds__(256, 1) wgmma_tiles(float* out, int rounds) {
    constexpr Operand op = static_cast<Operand>(OPERAND);
    extern __shared__ __align__(1024) unsigned char tiles[];
    unsigned* words = reinterpret_cast<unsigned*>(tiles);
    for (unsigned i = threadIdx.x; i < 48 * 1024 / 4; i += 256) words[i] = 0x3c013c02u + (i * 2654435761u >> 28);
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    __syncthreads();
    const unsigned base = static_cast<unsigned>(__cvta_generic_to_shared(tiles));
    const unsigned long long b = tile_descriptor<128>(base);
    const unsigned long long a = tile_descriptor<128>(base + 32 * 1024 + threadIdx.x / 128 * 8 * 1024);
    typename OperandTraits<op>::Accumulator d[128] = {};
    for (int r = 0; r < rounds; ++r) {
        warpgroup_arrive();
#pragma unroll
        for (int k = 0; k < 4; ++k) WarpgroupProduct<op, 256>::step(d, a + 2 * k, b + 2 * k, 1);
        warpgroup_commit();
        warpgroup_wait<0>();
    }
    float sum = 0;
    for (int i = 0; i < 128; ++i) sum += static_cast<float>(d[i]);
    if (sum == 12345.0f) out[1] = sum;
}
