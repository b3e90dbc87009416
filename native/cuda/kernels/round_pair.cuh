#pragma once
// Two float32 rounded to 16 bits in one instruction, the first in the low half; the first argument names the type.
#include "prelude.cuh"

__device__ __forceinline__ unsigned round_pair(half_t, float first, float second) {
    unsigned pair;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
    return pair;
}
__device__ __forceinline__ unsigned round_pair(bf16_t, float first, float second) {
    unsigned pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
    return pair;
}
