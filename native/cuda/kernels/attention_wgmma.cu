// softmax(scale · q · kᵀ + mask) · v on Hopper: wgmma with queries, keys and values in shared memory, scores and results in
// registers, keys block by block with a running maximum and sum as in attention_mma.cu. A warpgroup owns 64 queries of one head;
// the copy engine brings the operands, and one more warp feeds it where keys take more blocks than there are slots.
//
// Macros: OPERAND (0 float16, 1 bfloat16), HEADS, QUERIES, KEYS, DEPTH (64 or 128), KEY_HEADS, KEY_BATCHES (0: all share one), GROUPS
//         (warpgroups), BLOCK_KEYS (a multiple of 16 up to 128), MASK, MASK_ROWS (as in attention_mma.cu), MIN_BLOCKS
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "prelude_wgmma.cuh"
#include "attention_parts.cuh"

namespace {

constexpr int D = DEPTH, HALVES = D / 64, BLOCK = BLOCK_KEYS;
constexpr int BLOCKS = (KEYS + BLOCK - 1) / BLOCK, TAIL = (KEYS - (BLOCKS - 1) * BLOCK + 15) / 16 * 16, SLOTS = BLOCKS > 1 ? 2 : 1;
constexpr bool PRODUCER = BLOCKS > SLOTS;
constexpr int CONSUMERS = 128 * GROUPS, THREADS = CONSUMERS + (PRODUCER ? 32 : 0);
constexpr int Q_BYTES = 64 * D * 2, KEY_BYTES = BLOCK * D * 2;  ///< of a warpgroup's queries; of a block of keys or values
constexpr int MASK_AT = GROUPS * Q_BYTES + 2 * SLOTS * KEY_BYTES;
constexpr bool MASK_ROW = MASK && !MASK_ROWS;  ///< one row for all queries: kept in shared memory, for the base-2 exponent

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

template <bool ALIGNED>
__device__ __forceinline__ void attend(const TensorMap* qMap, const TensorMap* kMap, const TensorMap* vMap, const AttentionOperand& q, const AttentionOperand& k,
                                       const AttentionOperand& v, const AttentionOperand& out, const AttentionOperand& mask, float scale) {
    extern __shared__ unsigned char unaligned[];
    unsigned char* const shared = unaligned + (-shared_address(unaligned) & 1023u);
    __shared__ alignas(8) unsigned long long qFull, kFull[SLOTS], vFull[SLOTS], kEmpty[SLOTS], vEmpty[SLOTS];
    const unsigned base = shared_address(shared), qBarrier = shared_address(&qFull);
    const unsigned kFullBase = shared_address(kFull), vFullBase = shared_address(vFull), kEmptyBase = shared_address(kEmpty), vEmptyBase = shared_address(vEmpty);
    const unsigned kBase = base + GROUPS * Q_BYTES, vBase = kBase + SLOTS * KEY_BYTES;
    const int batch = blockIdx.y / HEADS, head = blockIdx.y % HEADS, firstQuery = blockIdx.x * (64 * GROUPS);
    const auto start = [&](const AttentionOperand& x) { return static_cast<long long>(batch) * x.batch + static_cast<long long>(head) * x.head; };
    const int group = threadIdx.x / 128;

    if (ALIGNED && threadIdx.x == 0) {
        barrier_init(qBarrier, 1);
#pragma unroll
        for (int s = 0; s < SLOTS; ++s) {
            barrier_init(kFullBase + s * 8, 1);
            barrier_init(vFullBase + s * 8, 1);
            barrier_init(kEmptyBase + s * 8, 4 * GROUPS);
            barrier_init(vEmptyBase + s * 8, 4 * GROUPS);
        }
        barrier_init_fence();
    }
    __syncthreads();
    start_dependents();
    wait_for_producers();

    const auto copyKeys = [&](const TensorMap& map, unsigned target, unsigned barrier, int block) {
        barrier_expect(barrier, KEY_BYTES);
#pragma unroll
        for (int h = 0; h < HALVES; ++h) copy_tile_4d(target + h * (BLOCK * 128), map, barrier, h * 64, block * BLOCK, KEY_HEADS ? head : 0, KEY_BATCHES ? batch : 0);
    };
    if (ALIGNED && threadIdx.x == (PRODUCER ? CONSUMERS : 0)) {
        barrier_expect(qBarrier, GROUPS * Q_BYTES);
#pragma unroll
        for (int i = 0; i < GROUPS * HALVES; ++i) copy_tile_4d(base + i * (64 * 128), *qMap, qBarrier, i % HALVES * 64, firstQuery + i / HALVES * 64, head, batch);
        for (int block = 0; block < BLOCKS; ++block) {
            const int slot = block % SLOTS;
            if (block >= SLOTS) barrier_wait(kEmptyBase + slot * 8, (block / SLOTS - 1) & 1);
            copyKeys(*kMap, kBase + slot * KEY_BYTES, kFullBase + slot * 8, block);
            if (block >= SLOTS) barrier_wait(vEmptyBase + slot * 8, (block / SLOTS - 1) & 1);
            copyKeys(*vMap, vBase + slot * KEY_BYTES, vFullBase + slot * 8, block);
        }
    }
    if (ALIGNED && PRODUCER && group == GROUPS) return;

    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5 & 3;
    const float factor = scale * kLog2e;
    const long long maskStart = MASK ? start(mask) : 0;
    float* const maskRow = reinterpret_cast<float*>(shared + MASK_AT);
    if constexpr (MASK_ROW) {
        for (int key = threadIdx.x; key < BLOCKS * BLOCK; key += CONSUMERS) {
            if (threadIdx.x < CONSUMERS) maskRow[key] = key < KEYS ? mask_at(mask, maskStart, 0, key) * kLog2e : 0.0f;
        }
        if constexpr (ALIGNED) named_barrier(1, CONSUMERS);
    }
    if constexpr (!ALIGNED) {
#pragma unroll
        for (int g = 0; g < GROUPS; ++g) load_rows<64>(shared + g * Q_BYTES, q, start(q), firstQuery + g * 64, QUERIES);
    }

    State state;
    const unsigned queries = base + group * Q_BYTES;
    const int query = firstQuery + group * 64 + warp * 16 + (lane >> 2);
    if constexpr (ALIGNED) barrier_wait(qBarrier, 0);
    for (int block = 0; block < BLOCKS; ++block) {
        const int slot = ALIGNED ? block % SLOTS : 0, phase = block / SLOTS & 1;
        if constexpr (ALIGNED) {
            barrier_wait(kFullBase + slot * 8, phase);
        } else {
            load_rows<BLOCK>(shared + GROUPS * Q_BYTES, k, start(k), block * BLOCK, KEYS);
            load_rows<BLOCK>(shared + GROUPS * Q_BYTES + SLOTS * KEY_BYTES, v, start(v), block * BLOCK, KEYS);
            shared_written();
            __syncthreads();
        }
        const auto values = [&] {
            if constexpr (ALIGNED) {
                if (PRODUCER && lane == 0) barrier_arrive(kEmptyBase + slot * 8);
                barrier_wait(vFullBase + slot * 8, phase);
            }
        };
        if (ALIGNED || !PRODUCER || group < GROUPS) {
            const unsigned keys = kBase + slot * KEY_BYTES, rows = vBase + slot * KEY_BYTES;
            if (TAIL == BLOCK || block + 1 < BLOCKS) attend_block<BLOCK>(state, block, queries, keys, rows, factor, maskRow, mask, maskStart, query, lane, values);
            else attend_block<TAIL>(state, block, queries, keys, rows, factor, maskRow, mask, maskStart, query, lane, values);
        }
        if constexpr (!ALIGNED) __syncthreads();
        else if (PRODUCER && lane == 0) barrier_arrive(vEmptyBase + slot * 8);
    }
    if (!ALIGNED && PRODUCER && group == GROUPS) return;

    // Each warp's rows pass through its own queries' place, so that results leave in 16-byte pieces.
    named_barrier(2 + group, 128);
    unsigned char* const place = shared + group * Q_BYTES + warp * (16 * 128);
    Element* const target = static_cast<Element*>(out.data) + start(out);
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
        const int row = i / (D / 8), chunk = i % (D / 8), to = firstQuery + group * 64 + warp * 16 + row;
        if (to >= QUERIES) continue;
        Element e[8];
        load_vec<8>(reinterpret_cast<const Element*>(place + chunk / 8 * (64 * 128) + row * 128 + (((chunk & 7) ^ (row & 7)) << 4)), e);
        store_piece<ALIGNED>(target, out, to, chunk, e);
    }
}

}  // namespace

/// Columns contiguous, rows and addresses multiples of 16 bytes.
extern "C" __global__ void __launch_bounds__(THREADS, MIN_BLOCKS)
    attention_aligned(const __grid_constant__ TensorMap qMap, const __grid_constant__ TensorMap kMap, const __grid_constant__ TensorMap vMap, const AttentionOperand out,
                      const AttentionOperand mask, float scale) {
    attend<true>(&qMap, &kMap, &vMap, out, out, out, out, mask, scale);
}

/// Any strides.
extern "C" __global__ void __launch_bounds__(THREADS, MIN_BLOCKS) attention_strided(const AttentionOperand q, const AttentionOperand k, const AttentionOperand v,
                                                                                     const AttentionOperand out, const AttentionOperand mask, float scale) {
    attend<false>(nullptr, nullptr, nullptr, q, k, v, out, mask, scale);
}
