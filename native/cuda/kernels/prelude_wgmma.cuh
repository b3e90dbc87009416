#pragma once
// Warpgroup matrix products of sm_90a: A and B both from shared memory, reduction innermost, rows swizzled as the copy engine
// writes them. Accumulator i of a thread (warp w of the group, lane l): row 16w + l/4 + 8·(i/2 % 2), column 8·(i/4) + 2·(l%4) + i%2.
#include "prelude_mma.cuh"

/// Descriptor of a tile whose rows are ROW_BYTES (128 or 64) long and swizzled over as many bytes; the tile starts at a
/// multiple of 1024 bytes (512). Adding 2 to it moves 32 bytes along the rows.
template <int ROW_BYTES>
__device__ __forceinline__ unsigned long long tile_descriptor(unsigned shared) {
    constexpr unsigned long long swizzle = ROW_BYTES == 128 ? 1 : 2;
    constexpr unsigned long long group = ROW_BYTES * 8 >> 4;  // from eight rows to the next eight
    return (swizzle << 62) | (group << 32) | (1ull << 16) | ((shared & 0x3ffff) >> 4);
}

__device__ __forceinline__ void warpgroup_arrive() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void warpgroup_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int PENDING>
__device__ __forceinline__ void warpgroup_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}
/// Keeps the compiler from moving uses of registers across the instructions that hand them to the tensor cores and back.
template <int N>
__device__ __forceinline__ void hold(float (&registers)[N]) {
#pragma unroll
    for (int i = 0; i < N; ++i) asm volatile("" : "+f"(registers[i])::"memory");
}
template <int N>
__device__ __forceinline__ void hold(unsigned (&registers)[N]) {
#pragma unroll
    for (int i = 0; i < N; ++i) asm volatile("" : "+r"(registers[i])::"memory");
}
/// Warpgroups of a kernel with a register cap trade registers: all four warps execute these.
template <int REGISTERS>
__device__ __forceinline__ void give_registers() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}
template <int REGISTERS>
__device__ __forceinline__ void take_registers() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}
/// Barrier among `threads` threads of the block; ids 1 to 15.
__device__ __forceinline__ void named_barrier(int id, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory"); }

#define SINTER_REGISTERS_0 "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
#define SINTER_REGISTERS_1 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define SINTER_REGISTERS_2 "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"
#define SINTER_REGISTERS_3 "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define SINTER_REGISTERS_4 "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79"
#define SINTER_REGISTERS_5 "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define SINTER_REGISTERS_6 "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111"
#define SINTER_REGISTERS_7 "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define SINTER_HALF_0 "%0, %1, %2, %3, %4, %5, %6, %7"
#define SINTER_HALF_1 "%16, %17, %18, %19, %20, %21, %22, %23"
#define SINTER_HALF_2 "%32, %33, %34, %35, %36, %37, %38, %39"
#define SINTER_HALF_3 "%48, %49, %50, %51, %52, %53, %54, %55"
#define SINTER_LIST_8 SINTER_HALF_0
#define SINTER_LIST_24 SINTER_REGISTERS_0 ", " SINTER_HALF_1
#define SINTER_LIST_40 SINTER_REGISTERS_0 ", " SINTER_REGISTERS_1 ", " SINTER_HALF_2
#define SINTER_LIST_56 SINTER_REGISTERS_0 ", " SINTER_REGISTERS_1 ", " SINTER_REGISTERS_2 ", " SINTER_HALF_3
#define SINTER_LIST_16 SINTER_REGISTERS_0
#define SINTER_LIST_32 SINTER_REGISTERS_0 ", " SINTER_REGISTERS_1
#define SINTER_LIST_48 SINTER_REGISTERS_0 ", " SINTER_REGISTERS_1 ", " SINTER_REGISTERS_2
#define SINTER_LIST_64 SINTER_REGISTERS_0 ", " SINTER_REGISTERS_1 ", " SINTER_REGISTERS_2 ", " SINTER_REGISTERS_3
#define SINTER_LIST_80 SINTER_REGISTERS_0 ", " SINTER_REGISTERS_1 ", " SINTER_REGISTERS_2 ", " SINTER_REGISTERS_3 ", " SINTER_REGISTERS_4
#define SINTER_LIST_96 SINTER_REGISTERS_0 ", " SINTER_REGISTERS_1 ", " SINTER_REGISTERS_2 ", " SINTER_REGISTERS_3 ", " SINTER_REGISTERS_4 ", " SINTER_REGISTERS_5
#define SINTER_LIST_112 SINTER_REGISTERS_0 ", " SINTER_REGISTERS_1 ", " SINTER_REGISTERS_2 ", " SINTER_REGISTERS_3 ", " SINTER_REGISTERS_4 ", " SINTER_REGISTERS_5 ", " SINTER_REGISTERS_6
#define SINTER_LIST_128 SINTER_REGISTERS_0 ", " SINTER_REGISTERS_1 ", " SINTER_REGISTERS_2 ", " SINTER_REGISTERS_3 ", " SINTER_REGISTERS_4 ", " SINTER_REGISTERS_5 ", " SINTER_REGISTERS_6 ", " SINTER_REGISTERS_7
#define SINTER_ACCUMULATORS_16(X, o)                                                                                              \
    X(d[o]), X(d[o + 1]), X(d[o + 2]), X(d[o + 3]), X(d[o + 4]), X(d[o + 5]), X(d[o + 6]), X(d[o + 7]), X(d[o + 8]), X(d[o + 9]), \
        X(d[o + 10]), X(d[o + 11]), X(d[o + 12]), X(d[o + 13]), X(d[o + 14]), X(d[o + 15])
#define SINTER_FIRST_ACCUMULATORS(X) SINTER_ACCUMULATORS_16(X, 0)
#define SINTER_HALF_ACCUMULATORS(X, o) X(d[o]), X(d[o + 1]), X(d[o + 2]), X(d[o + 3]), X(d[o + 4]), X(d[o + 5]), X(d[o + 6]), X(d[o + 7])
#define SINTER_ACCUMULATORS_8(X) SINTER_HALF_ACCUMULATORS(X, 0)
#define SINTER_ACCUMULATORS_24(X) SINTER_FIRST_ACCUMULATORS(X), SINTER_HALF_ACCUMULATORS(X, 16)
#define SINTER_ACCUMULATORS_40(X) SINTER_ACCUMULATORS_32(X), SINTER_HALF_ACCUMULATORS(X, 32)
#define SINTER_ACCUMULATORS_56(X) SINTER_ACCUMULATORS_48(X), SINTER_HALF_ACCUMULATORS(X, 48)
#define SINTER_ACCUMULATORS_32(X) SINTER_FIRST_ACCUMULATORS(X), SINTER_ACCUMULATORS_16(X, 16)
#define SINTER_ACCUMULATORS_48(X) SINTER_ACCUMULATORS_32(X), SINTER_ACCUMULATORS_16(X, 32)
#define SINTER_ACCUMULATORS_64(X) SINTER_ACCUMULATORS_48(X), SINTER_ACCUMULATORS_16(X, 48)
#define SINTER_ACCUMULATORS_80(X) SINTER_ACCUMULATORS_64(X), SINTER_ACCUMULATORS_16(X, 64)
#define SINTER_ACCUMULATORS_96(X) SINTER_ACCUMULATORS_80(X), SINTER_ACCUMULATORS_16(X, 80)
#define SINTER_ACCUMULATORS_112(X) SINTER_ACCUMULATORS_96(X), SINTER_ACCUMULATORS_16(X, 96)
#define SINTER_ACCUMULATORS_128(X) SINTER_ACCUMULATORS_112(X), SINTER_ACCUMULATORS_16(X, 112)

/// Counts towards that barrier without waiting.
__device__ __forceinline__ void named_barrier_arrive(int id, int threads) { asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory"); }

/// d (+)= a · b for 64 × N results and 32 bytes of the reduction; d holds N / 2 accumulators.
template <Operand OP, int N>
struct WarpgroupProduct;

#define SINTER_WARPGROUP_PRODUCT(OP, N, TYPES, ACCUMULATOR, CONSTRAINT, LIST, INPUTS, A, B, P, TAIL)                                       \
    template <>                                                                                                                          \
    struct WarpgroupProduct<OP, N> {                                                                                                     \
        static __device__ __forceinline__ void step(ACCUMULATOR (&d)[N / 2], unsigned long long a, unsigned long long b, int accumulate) { \
            asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " P ", 0;\nwgmma.mma_async.sync.aligned.m64n" #N TYPES " {" LIST "}, " A ", " B  \
                         ", p" TAIL ";\n}\n"                                                                                             \
                         : INPUTS(CONSTRAINT)                                                                                            \
                         : "l"(a), "l"(b), "r"(accumulate));                                                                             \
        }                                                                                                                                \
    };
#define SINTER_FLOAT_REGISTER(x) "+f"(x)
#define SINTER_INT_REGISTER(x) "+r"(x)
#define SINTER_WARPGROUP_PRODUCTS(N, LIST, INPUTS, A, B, P)                                                                                              \
    SINTER_WARPGROUP_PRODUCT(Operand::F16, N, "k16.f32.f16.f16", float, SINTER_FLOAT_REGISTER, LIST, INPUTS, A, B, P, ", 1, 1, 0, 0")                     \
    SINTER_WARPGROUP_PRODUCT(Operand::BF16, N, "k16.f32.bf16.bf16", float, SINTER_FLOAT_REGISTER, LIST, INPUTS, A, B, P, ", 1, 1, 0, 0")                  \
    SINTER_WARPGROUP_PRODUCT(Operand::TF32, N, "k8.f32.tf32.tf32", float, SINTER_FLOAT_REGISTER, LIST, INPUTS, A, B, P, ", 1, 1")                         \
    SINTER_WARPGROUP_PRODUCT(Operand::I8, N, "k32.s32.s8.s8", int, SINTER_INT_REGISTER, LIST, INPUTS, A, B, P, "")

SINTER_WARPGROUP_PRODUCTS(16, SINTER_LIST_8, SINTER_ACCUMULATORS_8, "%8", "%9", "%10")
SINTER_WARPGROUP_PRODUCTS(48, SINTER_LIST_24, SINTER_ACCUMULATORS_24, "%24", "%25", "%26")
SINTER_WARPGROUP_PRODUCTS(80, SINTER_LIST_40, SINTER_ACCUMULATORS_40, "%40", "%41", "%42")
SINTER_WARPGROUP_PRODUCTS(112, SINTER_LIST_56, SINTER_ACCUMULATORS_56, "%56", "%57", "%58")
SINTER_WARPGROUP_PRODUCTS(32, SINTER_LIST_16, SINTER_FIRST_ACCUMULATORS, "%16", "%17", "%18")
SINTER_WARPGROUP_PRODUCTS(64, SINTER_LIST_32, SINTER_ACCUMULATORS_32, "%32", "%33", "%34")
SINTER_WARPGROUP_PRODUCTS(96, SINTER_LIST_48, SINTER_ACCUMULATORS_48, "%48", "%49", "%50")
SINTER_WARPGROUP_PRODUCTS(128, SINTER_LIST_64, SINTER_ACCUMULATORS_64, "%64", "%65", "%66")
SINTER_WARPGROUP_PRODUCTS(160, SINTER_LIST_80, SINTER_ACCUMULATORS_80, "%80", "%81", "%82")
SINTER_WARPGROUP_PRODUCTS(192, SINTER_LIST_96, SINTER_ACCUMULATORS_96, "%96", "%97", "%98")
SINTER_WARPGROUP_PRODUCTS(224, SINTER_LIST_112, SINTER_ACCUMULATORS_112, "%112", "%113", "%114")
SINTER_WARPGROUP_PRODUCTS(256, SINTER_LIST_128, SINTER_ACCUMULATORS_128, "%128", "%129", "%130")
