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

}  // namespace

#include "attention_block.cuh"

namespace {

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

    named_barrier(2 + group, 128);
    store_results<ALIGNED>(state, shared + group * Q_BYTES + warp * (16 * 128), static_cast<Element*>(out.data) + start(out), out, firstQuery + group * 64 + warp * 16, lane);
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
