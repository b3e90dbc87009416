// softmax(scale · q · kᵀ + mask) · v on tensor cores (mma.sync), keys and values walked block by block with a running maximum
// and sum, so that scores never leave registers (Milakov and Gimelshein, Online normalizer calculation for softmax, 2018;
// Dao et al., FlashAttention, 2022). One warp owns 16 queries of one head.
//
// Macros: OPERAND (0 float16, 1 bfloat16, 4 float32), HEADS, QUERIES, KEYS, DEPTH (of q, k and v: a multiple of 16), WARPS, BLOCK_KEYS (a
//         multiple of 16), MASK (0 none, 1 float32, 2 float16, 3 bfloat16; added to the scaled scores), MASK_ROWS (0: one row for all queries)
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "prelude_mma.cuh"
#include "attention_parts.cuh"

namespace {

constexpr int D = DEPTH, BLOCK = BLOCK_KEYS, THREADS = 32 * WARPS, BLOCK_QUERIES = 16 * WARPS;
constexpr int ES = OperandTraits<kType>::bytes, PER_CHUNK = 16 / ES;  ///< elements of 16 bytes
constexpr int PITCH = D * ES + 16;  ///< bytes of a row in shared memory: eight rows meet all banks
constexpr int CHUNKS = D / PER_CHUNK;
constexpr int STEPS = D * ES / 32;  ///< product steps of a score
constexpr int KEY_BYTES = BLOCK * PITCH;
constexpr int BLOCKS = (KEYS + BLOCK - 1) / BLOCK, SLOTS = BLOCKS > 1 ? 2 : 1;
/// Copies rows [first, first + ROWS) of a matrix of `rows` rows to shared memory; rows past the end become zeros.
template <bool ALIGNED, int ROWS>
__device__ __forceinline__ void load_rows(unsigned shared, unsigned char* generic, const AttentionOperand& x, long long base, int first, int rows) {
    const Element* source = static_cast<const Element*>(x.data) + base;
    for (int i = threadIdx.x; i < ROWS * CHUNKS; i += THREADS) {
        const int row = i / CHUNKS, chunk = i % CHUNKS, from = first + row;
        const int target = row * PITCH + chunk * 16;
        if constexpr (ALIGNED) {
            copy_async<16>(shared + target, source + (from < rows ? static_cast<long long>(from) * x.row + chunk * PER_CHUNK : 0), from < rows);
        } else {
            Element v[PER_CHUNK];
#pragma unroll
            for (int k = 0; k < PER_CHUNK; ++k) v[k] = from < rows ? source[static_cast<long long>(from) * x.row + static_cast<long long>(chunk * PER_CHUNK + k) * x.column] : Element{0};
            store_vec<PER_CHUNK>(reinterpret_cast<Element*>(generic + target), v);
        }
    }
}

/// sums[0, 1] += a · b[0, 1], two tiles of columns; float32 as three TF32 products of parts.
__device__ __forceinline__ void multiply(float (&first)[4], float (&second)[4], const unsigned (&a)[4], const unsigned (&aLow)[4], const unsigned (&b)[4]) {
    if constexpr (kType == Operand::F32) {
        unsigned bHigh[4], bLow[4];
        split_tf32(b, bHigh, bLow);
        mma_step<Operand::TF32>(first, aLow, bHigh[0], bHigh[1]);
        mma_step<Operand::TF32>(second, aLow, bHigh[2], bHigh[3]);
        mma_step<Operand::TF32>(first, a, bLow[0], bLow[1]);
        mma_step<Operand::TF32>(second, a, bLow[2], bLow[3]);
        mma_step<Operand::TF32>(first, a, bHigh[0], bHigh[1]);
        mma_step<Operand::TF32>(second, a, bHigh[2], bHigh[3]);
    } else {
        mma_step<kType>(first, a, b[0], b[1]);
        mma_step<kType>(second, a, b[2], b[3]);
    }
}

template <bool ALIGNED>
__device__ __forceinline__ void attend(const AttentionOperand& q, const AttentionOperand& k, const AttentionOperand& v, const AttentionOperand& out,
                                       const AttentionOperand& mask, float scale) {
    extern __shared__ __align__(128) unsigned char shared[];
    unsigned char* const qShared = shared;                                  // queries, later results
    unsigned char* const kShared = shared + BLOCK_QUERIES * PITCH;          // the block of keys at hand and the next
    unsigned char* const vShared = kShared + SLOTS * KEY_BYTES;             // and of values
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    const int batch = blockIdx.y / HEADS, head = blockIdx.y % HEADS, firstQuery = blockIdx.x * BLOCK_QUERIES;
    const auto start = [&](const AttentionOperand& x) { return static_cast<long long>(batch) * x.batch + static_cast<long long>(head) * x.head; };
    const auto loadKeys = [&](int block) {
        const int slot = block % SLOTS;
        load_rows<ALIGNED, BLOCK>(shared_address(kShared) + slot * KEY_BYTES, kShared + slot * KEY_BYTES, k, start(k), block * BLOCK, KEYS);
        load_rows<ALIGNED, BLOCK>(shared_address(vShared) + slot * KEY_BYTES, vShared + slot * KEY_BYTES, v, start(v), block * BLOCK, KEYS);
        copy_commit();
    };

    start_dependents();
    wait_for_producers();
    load_rows<ALIGNED, BLOCK_QUERIES>(shared_address(qShared), qShared, q, start(q), firstQuery, QUERIES);
    loadKeys(0);

    unsigned queries[STEPS][4];
    float result[D / 8][4] = {};
    float largest[2] = {minus_infinity(), minus_infinity()}, sum[2] = {0, 0};
    const float factor = scale * kLog2e;
    const int rowA = warp * 16 + (lane & 15), chunkA = lane >> 4;
    const int rowB = (lane & 7) + ((lane >> 4) << 3), chunkB = (lane >> 3) & 1;

    for (int block = 0; block < BLOCKS; ++block) {
        if (block + 1 < BLOCKS) {
            loadKeys(block + 1);
            copy_wait<1>();
        } else {
            copy_wait<0>();
        }
        __syncthreads();
        if (block == 0) {
#pragma unroll
            for (int d = 0; d < STEPS; ++d) load_matrix_x4(queries[d], shared_address(qShared) + rowA * PITCH + (d * 2 + chunkA) * 16);
        }
        const unsigned keys = shared_address(kShared) + block % SLOTS * KEY_BYTES, values = shared_address(vShared) + block % SLOTS * KEY_BYTES;

        float scores[BLOCK / 8][4] = {};
#pragma unroll
        for (int d = 0; d < STEPS; ++d) {
            unsigned a[4], aLow[4] = {};
#pragma unroll
            for (int i = 0; i < 4; ++i) a[i] = queries[d][i];
            if constexpr (kType == Operand::F32) split_tf32(queries[d], a, aLow);
#pragma unroll
            for (int n = 0; n < BLOCK / 16; ++n) {
                unsigned b[4];
                load_matrix_x4(b, keys + (n * 16 + rowB) * PITCH + (d * 2 + chunkB) * 16);
                multiply(scores[n * 2], scores[n * 2 + 1], a, aLow, b);
            }
        }

        // Masked scores go to the base-2 exponent here, others with their maximum below; absent keys drop out.
        const int firstKey = block * BLOCK + (lane & 3) * 2;
#pragma unroll
        for (int n = 0; n < BLOCK / 8; ++n) {
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                const int key = firstKey + n * 8 + i;
                const bool present = KEYS % BLOCK == 0 || key < KEYS;
#if MASK
                float added[2] = {};
                if (present) {
#pragma unroll
                    for (int half = 0; half < (MASK_ROWS ? 2 : 1); ++half) {
                        const int query = MASK_ROWS ? min(firstQuery + warp * 16 + (lane >> 2) + half * 8, QUERIES - 1) : 0;
                        added[half] = mask_at(mask, start(mask), query, key) * kLog2e;
                    }
                }
                scores[n][i] = fmaf(scores[n][i], factor, added[0]);
                scores[n][i + 2] = fmaf(scores[n][i + 2], factor, added[MASK_ROWS ? 1 : 0]);
#endif
                if (!present) scores[n][i] = scores[n][i + 2] = minus_infinity();
            }
        }
        [[maybe_unused]] float corrections[2];
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            float m = largest[half];
#pragma unroll
            for (int n = 0; n < BLOCK / 8; ++n) m = fmaxf(m, fmaxf(scores[n][half * 2], scores[n][half * 2 + 1]));
            m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 1));
            m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 2));
            // Exponents are x · rate - base, where x is a raw score without a mask.
            constexpr bool kRaw = MASK == 0;
            const float rate = kRaw ? factor : 1.0f, base = m == minus_infinity() ? 0.0f : m * rate;
            const float correction = exp2_fast(fmaf(largest[half], rate, -base));
            largest[half] = m;
            sum[half] *= correction;
#pragma unroll
            for (int n = 0; n < BLOCK / 8; ++n) {
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    const float p = exp2_fast(fmaf(scores[n][half * 2 + i], rate, -base));
                    scores[n][half * 2 + i] = p;
                    sum[half] += p;
                }
            }
            corrections[half] = correction;
            if constexpr (kType != Operand::F32) {
#pragma unroll
                for (int d = 0; d < D / 8; ++d) {
                    result[d][half * 2] *= correction;
                    result[d][half * 2 + 1] *= correction;
                }
            }
        }

#if OPERAND == 4
        // The scores of two neighbouring keys are elements t and t + 4 of a product step; sums of a block start from zero and are
        // added rounded, since the instruction truncates.
        float sums[D / 8][4] = {};
#pragma unroll
        for (int n = 0; n < BLOCK / 8; ++n) {
            const unsigned p[4] = {__float_as_uint(scores[n][0]), __float_as_uint(scores[n][2]), __float_as_uint(scores[n][1]), __float_as_uint(scores[n][3])};
            unsigned a[4], aLow[4];
            split_tf32(p, a, aLow);
            const unsigned char* row = vShared + block % SLOTS * KEY_BYTES + (n * 8 + (lane & 3) * 2) * PITCH + (lane >> 2) * 4;
#pragma unroll
            for (int d = 0; d < D / 8; d += 2) {
                unsigned b[4];
#pragma unroll
                for (int i = 0; i < 4; ++i) b[i] = *reinterpret_cast<const unsigned*>(row + (i & 1) * PITCH + (d + (i >> 1)) * 32);
                multiply(sums[d], sums[d + 1], a, aLow, b);
            }
        }
#pragma unroll
        for (int d = 0; d < D / 8; ++d) {
#pragma unroll
            for (int i = 0; i < 4; ++i) result[d][i] = fmaf(result[d][i], corrections[i >> 1], sums[d][i]);
        }
#else
#pragma unroll
        for (int n = 0; n < BLOCK / 16; ++n) {
            const unsigned a[4] = {pack_pair(scores[n * 2][0], scores[n * 2][1]), pack_pair(scores[n * 2][2], scores[n * 2][3]),
                                   pack_pair(scores[n * 2 + 1][0], scores[n * 2 + 1][1]), pack_pair(scores[n * 2 + 1][2], scores[n * 2 + 1][3])};
#pragma unroll
            for (int d = 0; d < D / 16; ++d) {
                unsigned b[4];
                load_matrix_x4_transposed(b, values + (n * 16 + (lane & 15)) * PITCH + (d * 2 + (lane >> 4)) * 16);
                multiply(result[d * 2], result[d * 2 + 1], a, a, b);
            }
        }
#endif
        __syncthreads();
    }

    // Each warp's rows pass through its own queries' place, so that results leave in 16-byte pieces.
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        sum[half] += __shfl_xor_sync(0xffffffffu, sum[half], 1);
        sum[half] += __shfl_xor_sync(0xffffffffu, sum[half], 2);
        const float inverse = 1.0f / sum[half];
        unsigned char* row = qShared + (warp * 16 + (lane >> 2) + half * 8) * PITCH + (lane & 3) * 2 * ES;
#pragma unroll
        for (int d = 0; d < D / 8; ++d) {
            const float pair[2] = {result[d][half * 2] * inverse, result[d][half * 2 + 1] * inverse};
            if constexpr (kType == Operand::F32) store_vec<2>(reinterpret_cast<float*>(row + d * 32), pair);
            else *reinterpret_cast<unsigned*>(row + d * 16) = pack_pair(pair[0], pair[1]);
        }
    }
    __syncwarp();
    Element* target = static_cast<Element*>(out.data) + start(out);
    for (int i = lane; i < 16 * CHUNKS; i += 32) {
        const int row = i / CHUNKS, chunk = i % CHUNKS, query = firstQuery + warp * 16 + row;
        if (query >= QUERIES) continue;
        Element e[PER_CHUNK];
        load_vec<PER_CHUNK>(reinterpret_cast<const Element*>(qShared + (warp * 16 + row) * PITCH + chunk * 16), e);
        store_piece<ALIGNED>(target, out, query, chunk, e);
    }
}

}  // namespace

/// Columns contiguous, rows and addresses multiples of 16 bytes.
extern "C" __global__ void __launch_bounds__(THREADS) attention_aligned(const AttentionOperand q, const AttentionOperand k, const AttentionOperand v,
                                                                         const AttentionOperand out, const AttentionOperand mask, float scale) {
    attend<true>(q, k, v, out, mask, scale);
}

/// Any strides.
extern "C" __global__ void __launch_bounds__(THREADS) attention_strided(const AttentionOperand q, const AttentionOperand k, const AttentionOperand v,
                                                                         const AttentionOperand out, const AttentionOperand mask, float scale) {
    attend<false>(q, k, v, out, mask, scale);
}
