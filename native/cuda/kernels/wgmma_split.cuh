#pragma once
// Float32 products on Hopper's tensor cores: a and b as sums of two TF32 numbers, three TF32 products for each (low · low, near
// 2^-22 of the result, is left out). b's parts come from shared memory, a is split on its way to registers.
#include "prelude_wgmma.cuh"

/// d (+)= a · b for 64 × N results and 8 elements of the reduction, a in registers as ldmatrix loads it: thread of warp w, lane l:
/// rows 16w + l/4 (+ 8), columns l%4 (+ 4).
template <int N>
struct RegisterProduct;

#define SINTER_REGISTER_PRODUCT(N, LIST, INPUTS, A0, A1, A2, A3, B, P)                                                                 \
    template <>                                                                                                                        \
    struct RegisterProduct<N> {                                                                                                        \
        static __device__ __forceinline__ void step(float (&d)[N / 2], const unsigned (&a)[4], unsigned long long b, int accumulate) { \
            asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " P ", 0;\nwgmma.mma_async.sync.aligned.m64n" #N                            \
                         "k8.f32.tf32.tf32 {" LIST "}, {" A0 ", " A1 ", " A2 ", " A3 "}, " B ", p, 1, 1;\n}\n"                         \
                         : INPUTS(SINTER_FLOAT_REGISTER)                                                                               \
                         : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate));                                       \
        }                                                                                                                              \
    };
SINTER_REGISTER_PRODUCT(32, SINTER_LIST_16, SINTER_FIRST_ACCUMULATORS, "%16", "%17", "%18", "%19", "%20", "%21")
SINTER_REGISTER_PRODUCT(64, SINTER_LIST_32, SINTER_ACCUMULATORS_32, "%32", "%33", "%34", "%35", "%36", "%37")
SINTER_REGISTER_PRODUCT(96, SINTER_LIST_48, SINTER_ACCUMULATORS_48, "%48", "%49", "%50", "%51", "%52", "%53")
SINTER_REGISTER_PRODUCT(128, SINTER_LIST_64, SINTER_ACCUMULATORS_64, "%64", "%65", "%66", "%67", "%68", "%69")
SINTER_REGISTER_PRODUCT(160, SINTER_LIST_80, SINTER_ACCUMULATORS_80, "%80", "%81", "%82", "%83", "%84", "%85")

/// The products of one stage: 64 × N results, 32 elements of the reduction. a: address of this warp's 16 rows of 128 bytes, b: of the
/// high and low parts of N such rows, all swizzled. Returns when a, b and the sums are free.
template <int N>
__device__ __forceinline__ void multiply_split(float (&sums)[N / 2], unsigned a, unsigned bHigh, unsigned bLow, int lane) {
    const int row = lane & 15;
    unsigned high[4][4], low[4][4];
#pragma unroll
    for (int step = 0; step < 4; ++step) {
        load_matrix_x4(high[step], a + row * 128 + (((step * 2 + (lane >> 4)) ^ (row & 7)) << 4));
        split_tf32(high[step], high[step], low[step]);
        hold(high[step]);
        hold(low[step]);
    }
    const unsigned long long highs = tile_descriptor<128>(bHigh), lows = tile_descriptor<128>(bLow);
    warpgroup_arrive();
#pragma unroll
    for (int step = 0; step < 4; ++step) {
        RegisterProduct<N>::step(sums, low[step], highs + step * 2, step > 0);
        RegisterProduct<N>::step(sums, high[step], lows + step * 2, 1);
    }
#pragma unroll
    for (int step = 0; step < 4; ++step) RegisterProduct<N>::step(sums, high[step], highs + step * 2, 1);
    warpgroup_commit();
    warpgroup_wait<0>();
    hold(sums);
}
