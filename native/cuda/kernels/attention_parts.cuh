#pragma once
// What the attention kernels share: operands, element type, mask, exponent.
// Macros: OPERAND (0 float16, 1 bfloat16, 4 float32), MASK (0 none, 1 float32, 2 float16, 3 bfloat16)
#include "prelude.cuh"
#include "prelude_mma.cuh"

/// A rank-4 operand: [batch, head, row, column], strides in elements.
struct AttentionOperand {
    void* data;
    int batch, head, row, column;
};

namespace {

constexpr Operand kType = static_cast<Operand>(OPERAND);
constexpr float kLog2e = 1.4426950408889634f;
#if OPERAND == 0
using Element = half_t;
#elif OPERAND == 1
using Element = bf16_t;
#else
using Element = float;
#endif

__device__ __forceinline__ float minus_infinity() { return __uint_as_float(0xff800000u); }
__device__ __forceinline__ float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
__device__ __forceinline__ unsigned pack_pair(float low, float high) {
    unsigned r;
    if constexpr (kType == Operand::F16) asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    else asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
}

#if MASK == 1
using MaskElement = float;
#elif MASK == 3
using MaskElement = bf16_t;
#else
using MaskElement = half_t;
#endif

/// What is added to the score of a query and a key; `start`: of this batch and head.
__device__ __forceinline__ float mask_at(const AttentionOperand& mask, long long start, int query, int key) {
    return to_float(static_cast<const MaskElement*>(mask.data)[start + static_cast<long long>(query) * mask.row + static_cast<long long>(key) * mask.column]);
}

/// Stores the chunk-th 16 bytes of a result row.
template <bool ALIGNED, int N>
__device__ __forceinline__ void store_piece(Element* target, const AttentionOperand& out, int row, int chunk, const Element (&e)[N]) {
    if constexpr (ALIGNED) {
        store_vec<N>(target + static_cast<long long>(row) * out.row + chunk * N, e);
    } else {
#pragma unroll
        for (int j = 0; j < N; ++j) target[static_cast<long long>(row) * out.row + static_cast<long long>(chunk * N + j) * out.column] = e[j];
    }
}

}  // namespace
