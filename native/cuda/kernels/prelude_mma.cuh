#pragma once
// Warp-level matrix instructions of sm_80: fragments through ldmatrix, products through mma.sync. Every operand type moves as
// rows of 16-byte chunks: one step of the reduction is 32 bytes of A and of B, whatever the type.

__device__ __forceinline__ void load_matrix_x4(unsigned (&r)[4], unsigned shared) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared) : "memory");
}
__device__ __forceinline__ void load_matrix_x4_transposed(unsigned (&r)[4], unsigned shared) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared)
                 : "memory");
}

/// Operand types of the matrix kernels, as the macro OPERAND names them. F32: each number as the sum of two TF32 numbers, the
/// product of two as three TF32 products.
enum class Operand { F16 = 0, BF16 = 1, I8 = 2, TF32 = 3, F32 = 4 };

template <Operand OP>
struct OperandTraits {
    static constexpr int bytes = OP == Operand::I8 ? 1 : OP == Operand::TF32 || OP == Operand::F32 ? 4 : 2;
    using Accumulator = float;
};
template <>
struct OperandTraits<Operand::I8> {
    static constexpr int bytes = 1;
    using Accumulator = int;
};

/// Rounds the float32 bits of an operand to TF32 (the instruction itself would truncate them).
__device__ __forceinline__ unsigned round_tf32(unsigned bits) {
    unsigned r;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(__uint_as_float(bits)));
    return r;
}

/// Float32 bits as a TF32 number, rounded to nearest, and what that leaves: exact in float32, its last bit or two lost to the
/// instruction, near 2^-22 of the number (Ootomo and Yokota, Recovering single precision accuracy from Tensor Cores, 2022). An
/// infinity leaves NaN.
__device__ __forceinline__ void split_tf32(unsigned bits, unsigned& high, unsigned& low) {
    high = (bits + 0x1000u) & 0xffffe000u;  // round_tf32 takes twice the instructions
    low = __float_as_uint(__uint_as_float(bits) - __uint_as_float(high));
}
template <int N>
__device__ __forceinline__ void split_tf32(const unsigned (&bits)[N], unsigned (&high)[N], unsigned (&low)[N]) {
#pragma unroll
    for (int i = 0; i < N; ++i) split_tf32(bits[i], high[i], low[i]);
}

/// c += a · b for a 16 × 8 tile and 32 bytes of the reduction.
template <Operand OP, typename Accumulator>
__device__ __forceinline__ void mma_step(Accumulator (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    if constexpr (OP == Operand::F16) {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                     : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    } else if constexpr (OP == Operand::BF16) {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                     : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    } else if constexpr (OP == Operand::TF32) {
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                     : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    } else {
        asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                     : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    }
}

// The instructions truncate their sums to float32. For F32 the products of a stage are summed from zero and added rounded, so that a
// long reduction does not shrink.
template <int N>
__device__ __forceinline__ void clear(float (&sums)[N]) {
#pragma unroll
    for (int i = 0; i < N; ++i) sums[i] = 0;
}
template <int N>
__device__ __forceinline__ void add(float (&total)[N], const float (&sums)[N]) {
#pragma unroll
    for (int i = 0; i < N; ++i) total[i] += sums[i];
}
template <typename T, int M, int N>
__device__ __forceinline__ void clear(T (&sums)[M][N][4]) {
#pragma unroll
    for (int i = 0; i < M * N * 4; ++i) sums[i / (N * 4)][i / 4 % N][i % 4] = 0;
}
template <typename T, int M, int N>
__device__ __forceinline__ void add(T (&total)[M][N][4], const T (&sums)[M][N][4]) {
#pragma unroll
    for (int i = 0; i < M * N * 4; ++i) total[i / (N * 4)][i / 4 % N][i % 4] += sums[i / (N * 4)][i / 4 % N][i % 4];
}
