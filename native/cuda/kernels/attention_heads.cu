// softmax(scale · q · kᵀ) · v on Hopper where a batch has many heads of few keys: a block walks over whole heads. All queries, keys and
// values of a head lie in shared memory at once, each read once; while warpgroups work on one head (64 queries each), the copy engine
// brings the next.
//
// Macros: OPERAND (0 float16, 1 bfloat16), HEADS, TASKS (heads of all batches), QUERIES and KEYS (up to 256), DEPTH (64), KEY_HEADS, KEY_BATCHES (0: all
//         share one), GROUPS (warpgroups: 64 queries each), BLOCK_KEYS (of a step, a multiple of 16), MASK (0)
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "prelude_wgmma.cuh"
#include "attention_parts.cuh"

namespace {

constexpr int D = DEPTH, HALVES = 1, BLOCK = BLOCK_KEYS;
constexpr int BLOCKS = (KEYS + BLOCK - 1) / BLOCK, TAIL = (KEYS - (BLOCKS - 1) * BLOCK + 15) / 16 * 16, KEY_ROWS = (BLOCKS - 1) * BLOCK + TAIL;
constexpr bool MASK_ROW = false;
constexpr int THREADS = 128 * GROUPS;
constexpr int Q_BYTES = 64 * D * 2, KEY_BYTES = (KEY_ROWS * D * 2 + 1023) / 1024 * 1024;  ///< of a warpgroup's queries; of all keys or values
constexpr int STAGE_BYTES = GROUPS * Q_BYTES + 2 * KEY_BYTES;
static_assert(DEPTH == 64 && QUERIES <= 64 * GROUPS && GROUPS <= 4 && KEY_ROWS <= 256 && MASK == 0 && BLOCK % 16 == 0);

}  // namespace

#include "attention_block.cuh"

namespace {

/// ALIGNED: operands come by the copy engine, one head ahead; else all threads load a head before they work on it.
template <bool ALIGNED>
__device__ __forceinline__ void attend_heads(const TensorMap* qMap, const TensorMap* kMap, const TensorMap* vMap, const AttentionOperand& q, const AttentionOperand& k,
                                             const AttentionOperand& v, const AttentionOperand& out, float scale) {
    extern __shared__ unsigned char unaligned[];
    unsigned char* const shared = unaligned + (-shared_address(unaligned) & 1023u);
    __shared__ alignas(8) unsigned long long keysFull[2], valuesFull[2];
    __shared__ int done[2];  // warps that have left a stage
    const unsigned base = shared_address(shared), keysBase = shared_address(keysFull), valuesBase = shared_address(valuesFull);
    const int group = threadIdx.x / 128, warp = threadIdx.x >> 5 & 3, lane = threadIdx.x & 31;

    const auto fetch = [&](int task, int stage) {
        const int batch = task / HEADS, head = task % HEADS;
        const unsigned queries = base + stage * STAGE_BYTES, keys = queries + GROUPS * Q_BYTES, values = keys + KEY_BYTES;
        barrier_expect(keysBase + stage * 8, GROUPS * Q_BYTES + KEY_ROWS * D * 2);
        copy_tile_4d(queries, *qMap, keysBase + stage * 8, 0, 0, head, batch);
        copy_tile_4d(keys, *kMap, keysBase + stage * 8, 0, 0, KEY_HEADS ? head : 0, KEY_BATCHES ? batch : 0);
        barrier_expect(valuesBase + stage * 8, KEY_ROWS * D * 2);
        copy_tile_4d(values, *vMap, valuesBase + stage * 8, 0, 0, KEY_HEADS ? head : 0, KEY_BATCHES ? batch : 0);
    };
    if (ALIGNED && threadIdx.x == 0) {
#pragma unroll
        for (int s = 0; s < 2; ++s) {
            barrier_init(keysBase + s * 8, 1);
            barrier_init(valuesBase + s * 8, 1);
            done[s] = 0;
        }
        barrier_init_fence();
    }
    __syncthreads();
    start_dependents();
    wait_for_producers();
    if (ALIGNED && threadIdx.x == 0) {
        for (int s = 0; s < 2; ++s) {
            if (static_cast<int>(blockIdx.x + s * gridDim.x) < TASKS) fetch(blockIdx.x + s * gridDim.x, s);
        }
    }

    const float factor = scale * kLog2e;
    int turn = 0;
#pragma unroll 1
    for (int task = blockIdx.x; task < TASKS; task += gridDim.x, ++turn) {
        const int stage = ALIGNED ? turn & 1 : 0, phase = turn >> 1 & 1, batch = task / HEADS, head = task % HEADS;
        const unsigned queries = base + stage * STAGE_BYTES, keys = queries + GROUPS * Q_BYTES, values = keys + KEY_BYTES;
        if constexpr (!ALIGNED) {
            const auto start = [&](const AttentionOperand& x) { return static_cast<long long>(batch) * x.batch + static_cast<long long>(head) * x.head; };
            __syncthreads();
#pragma unroll 1
            for (int g = 0; g < GROUPS; ++g) load_rows<64>(shared + g * Q_BYTES, q, start(q), g * 64, QUERIES);
            load_rows<KEY_ROWS>(shared + GROUPS * Q_BYTES, k, start(k), 0, KEYS);
            load_rows<KEY_ROWS>(shared + GROUPS * Q_BYTES + KEY_BYTES, v, start(v), 0, KEYS);
            shared_written();
            __syncthreads();
        }
        State state;
        const auto valuesThere = [&] {
            if constexpr (ALIGNED) barrier_wait(valuesBase + stage * 8, phase);
        };
        if constexpr (ALIGNED) barrier_wait(keysBase + stage * 8, phase);
#pragma unroll 1
        for (int block = 0; block + 1 < BLOCKS; ++block) {
            const unsigned at = block * (BLOCK * 128);
            attend_block<BLOCK>(state, block, queries + group * Q_BYTES, keys + at, values + at, factor, nullptr, out, 0, 0, lane, valuesThere);
        }
        constexpr unsigned LAST = (BLOCKS - 1) * (BLOCK * 128);
        attend_block<TAIL>(state, BLOCKS - 1, queries + group * Q_BYTES, keys + LAST, values + LAST, factor, nullptr, out, 0, 0, lane, valuesThere);
        named_barrier(2 + group, 128);
        Element* const target = static_cast<Element*>(out.data) + static_cast<long long>(batch) * out.batch + static_cast<long long>(head) * out.head;
        store_results<ALIGNED>(state, shared + stage * STAGE_BYTES + group * Q_BYTES + warp * (16 * 128), target, out, group * 64 + warp * 16, lane);
        if constexpr (ALIGNED) {
            // The last warp to leave asks for the head after the next; the copy engine will write where these results passed through.
            shared_written();
            __syncwarp();
            if (lane == 0) {
                __threadfence_block();
                const int next = task + 2 * gridDim.x;
                if (atomicAdd(&done[stage], 1) % (4 * GROUPS) == 4 * GROUPS - 1 && next < TASKS) fetch(next, stage);
            }
        }
    }
}

}  // namespace

/// Columns contiguous, rows and addresses multiples of 16 bytes.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    attention_heads_aligned(const __grid_constant__ TensorMap qMap, const __grid_constant__ TensorMap kMap, const __grid_constant__ TensorMap vMap, const AttentionOperand out, float scale) {
    attend_heads<true>(&qMap, &kMap, &vMap, out, out, out, out, scale);
}

/// Any strides.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    attention_heads_strided(const AttentionOperand q, const AttentionOperand k, const AttentionOperand v, const AttentionOperand out, float scale) {
    attend_heads<false>(nullptr, nullptr, nullptr, q, k, v, out, scale);
}
