#pragma once
// What a warpgroup does with 64 queries of one head on Hopper: scores and results of wgmma in registers, keys block by block with a running
// maximum and sum. Included where D (64 or 128), HALVES, BLOCK (keys of a step), BLOCKS, TAIL (keys of the last step), THREADS (of a
// block) and MASK_ROW are defined.
#include "prelude_wgmma.cuh"
#include "attention_parts.cuh"

namespace {

struct State {
    float result[HALVES][32];
    float largest[2] = {minus_infinity(), minus_infinity()}, sum[2] = {0, 0};
};

/// d (+)= p · v for 64 × 64 results and 16 keys: p in registers, v's rows (keys) in shared memory.
__device__ __forceinline__ void value_step(float (&d)[32], const unsigned (&a)[4], unsigned long long b, int accumulate) {
#define SINTER_VALUE_PRODUCT(TYPES)                                                                                                              \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %37, 0;\nwgmma.mma_async.sync.aligned.m64n64k16." TYPES " {" SINTER_LIST_32                    \
                 "}, {%32, %33, %34, %35}, %36, p, 1, 1, 1;\n}\n"                                                                                \
                 : SINTER_ACCUMULATORS_32(SINTER_FLOAT_REGISTER)                                                                                 \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate))
#if OPERAND == 0
    SINTER_VALUE_PRODUCT("f32.f16.f16");
#else
    SINTER_VALUE_PRODUCT("f32.bf16.bf16");
#endif
}

/// One block of N keys (BLOCK, or fewer in the last): scores, softmax so far, results. `values`: called before values are read.
template <int N, typename Values>
__device__ __forceinline__ void attend_block(State& s, int block, unsigned q, unsigned k, unsigned v, float factor, const float* maskRow, const AttentionOperand& mask, long long maskStart,
                                             int query, int lane, const Values& values) {
    float scores[N / 2];
    const unsigned long long a = tile_descriptor<128>(q), b = tile_descriptor<128>(k);
    warpgroup_arrive();
#pragma unroll
    for (int half = 0; half < HALVES; ++half) {
#pragma unroll
        for (int step = 0; step < 4; ++step)
            WarpgroupProduct<kType, N>::step(scores, a + half * (64 * 128 >> 4) + step * 2, b + half * (BLOCK * 128 >> 4) + step * 2, half > 0 || step > 0);
    }
    warpgroup_commit();
    warpgroup_wait<0>();
    hold(scores);

    const int firstKey = block * BLOCK + (lane & 3) * 2;
#pragma unroll
    for (int n = 0; n < N / 8; ++n) {
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            const int key = firstKey + n * 8 + i;
            [[maybe_unused]] const bool present = (N == BLOCK && (TAIL < BLOCK || KEYS % BLOCK == 0)) || key < KEYS;
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                float& score = scores[n * 4 + half * 2 + i];
                if constexpr (MASK_ROW) score = fmaf(score, factor, maskRow[key]);
                else if constexpr (MASK) score = fmaf(score, factor, present ? mask_at(mask, maskStart, min(query + half * 8, QUERIES - 1), key) * kLog2e : 0.0f);
                if (!present) score = minus_infinity();
            }
        }
    }
    unsigned p[N / 16][4];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float m = s.largest[half];
#pragma unroll
        for (int n = 0; n < N / 8; ++n) m = fmaxf(m, fmaxf(scores[n * 4 + half * 2], scores[n * 4 + half * 2 + 1]));
        m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 1));
        m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 2));
        // Exponents are x · rate - base, where x is a raw score without a mask.
        const float rate = MASK ? 1.0f : factor, base = m == minus_infinity() ? 0.0f : m * rate;
        if (BLOCKS > 1) {
            const float correction = exp2_fast(fmaf(s.largest[half], rate, -base));
            s.largest[half] = m;
            s.sum[half] *= correction;
            if (block > 0) {
#pragma unroll
                for (int h = 0; h < HALVES; ++h) {
#pragma unroll
                    for (int d = 0; d < 8; ++d) {
                        s.result[h][d * 4 + half * 2] *= correction;
                        s.result[h][d * 4 + half * 2 + 1] *= correction;
                    }
                }
            }
        }
        float total = 0;
#pragma unroll
        for (int n = 0; n < N / 8; ++n) {
            const float first = exp2_fast(fmaf(scores[n * 4 + half * 2], rate, -base)), second = exp2_fast(fmaf(scores[n * 4 + half * 2 + 1], rate, -base));
            total += first + second;
            p[n / 2][(n & 1) * 2 + half] = pack_pair(first, second);
        }
        s.sum[half] += total;
    }
    values();
    const unsigned long long rows = tile_descriptor<128>(v);
#pragma unroll
    for (int n = 0; n < N / 16; ++n) hold(p[n]);
    warpgroup_arrive();
#pragma unroll
    for (int n = 0; n < N / 16; ++n) {
#pragma unroll
        for (int h = 0; h < HALVES; ++h) value_step(s.result[h], p[n], rows + h * (BLOCK * 128 >> 4) + n * (16 * 128 >> 4), block > 0 || n > 0);
    }
    warpgroup_commit();
    warpgroup_wait<0>();
#pragma unroll
    for (int h = 0; h < HALVES; ++h) hold(s.result[h]);
}

/// Rows [first, first + ROWS) of an operand to shared memory, swizzled as the copy engine would, by the threads of the block.
template <int ROWS>
__device__ __forceinline__ void load_rows(unsigned char* target, const AttentionOperand& x, long long start, int first, int rows) {
    const Element* source = static_cast<const Element*>(x.data) + start;
    for (int i = threadIdx.x; i < ROWS * (D / 8); i += THREADS) {
        const int row = i / (D / 8), chunk = i % (D / 8), from = first + row;
        Element v[8];
#pragma unroll
        for (int j = 0; j < 8; ++j) v[j] = from < rows ? source[static_cast<long long>(from) * x.row + static_cast<long long>(chunk * 8 + j) * x.column] : Element{0};
        store_vec<8>(reinterpret_cast<Element*>(target + chunk / 8 * (ROWS * 128) + row * 128 + (((chunk & 7) ^ (row & 7)) << 4)), v);
    }
}

/// Divides by the sums and stores the 16 rows of a warp from row `first` on. They pass through the place of its own queries (64 × D numbers
/// from `place` on are the warpgroup's, its products done), so that results leave in 16-byte pieces.
template <bool ALIGNED>
__device__ __forceinline__ void store_results(State& state, unsigned char* place, Element* target, const AttentionOperand& out, int first, int lane) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float& sum = state.sum[half];
        sum += __shfl_xor_sync(0xffffffffu, sum, 1);
        sum += __shfl_xor_sync(0xffffffffu, sum, 2);
        const float inverse = 1.0f / sum;
        const int row = (lane >> 2) + half * 8;
#pragma unroll
        for (int h = 0; h < HALVES; ++h) {
#pragma unroll
            for (int d = 0; d < 8; ++d)
                *reinterpret_cast<unsigned*>(place + h * (64 * 128) + row * 128 + ((d ^ (row & 7)) << 4) + (lane & 3) * 4) =
                    pack_pair(state.result[h][d * 4 + half * 2] * inverse, state.result[h][d * 4 + half * 2 + 1] * inverse);
        }
    }
    __syncwarp();
    for (int i = lane; i < 16 * (D / 8); i += 32) {
        const int row = i / (D / 8), chunk = i % (D / 8), to = first + row;
        if (to >= QUERIES) continue;
        Element e[8];
        load_vec<8>(reinterpret_cast<const Element*>(place + chunk / 8 * (64 * 128) + row * 128 + (((chunk & 7) ^ (row & 7)) << 4)), e);
        store_piece<ALIGNED>(target, out, to, chunk, e);
    }
}

}  // namespace
