// Convolutions with few channels on Hopper, the image in shared memory: the copy engine brings each pixel of a patch with its halo
// once, and the filter moves over it there. wgmma reads the pixels of a tap through a descriptor that starts so many pixels further:
// rows of 128 bytes are swizzled by their addresses, so that any pixel may be the first. The weights of 64 output channels stay in
// shared memory for all patches of a block where they fit, else they come once a patch. Channels are the rows of the products, pixels their columns; two or three warpgroups
// take whole patches in turn, one multiplies while the others run their epilogues.
//
// Macros: OPERAND (see Operand; not F32), CONV_IMAGES, CONV_C, _K, _R, _S, _P, _Q, _PT, _PL, _DH, _DW (stride 1), TILE_H (rows of a patch's
//         results, each eight pixels wide), STAGES (patches under way), WEIGHT_STAGES (taps of 64 output channels under way; 0: all stay), STACKED (whole
//         images in a patch, one above the other, where more than one; TILE_H counts the rows between them), CONSUMERS (warpgroups), CHUNK_ROWS (of results, staged at once),
//         BYTE_RESULTS (results are bytes, and weights lie as exchanged_rows.cuh wants them), POOLED (the layer's result is the largest of each 2 × 2 pixels: what follows the sums never decreases with them)
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "prelude_wgmma.cuh"
#include "epilogue.cuh"
#include "tile_rows.cuh"
#if BYTE_RESULTS
#include "exchanged_rows.cuh"
#elif SINTER_RESULT_BYTES == 2 && !SINTER_EPILOGUE_PREFETCHES
#define HALF_RESULTS 1
#include "exchanged_halves.cuh"
#endif

/// The larger of two sums; NaN where one is.
__device__ __forceinline__ float larger(float a, float b) {
    float r;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
    return r;
}
__device__ __forceinline__ int larger(int a, int b) { return max(a, b); }

namespace {

constexpr Operand kType = static_cast<Operand>(OPERAND);
constexpr int C = CONV_C, K = CONV_K, R = CONV_R, S = CONV_S, P = CONV_P, Q = CONV_Q, DH = CONV_DH, DW = CONV_DW;
using Accumulator = OperandTraits<kType>::Accumulator;

constexpr int THREADS = 128 * (CONSUMERS + 1), TILE_W = 8, N = TILE_H * TILE_W, BN = 64;
constexpr int DEPTH = 128 / OperandTraits<kType>::bytes;  ///< channels of a slab: 128 bytes of a pixel
constexpr int SLABS = (C + DEPTH - 1) / DEPTH, TAPS = R * S, SLAB_STEPS = SLABS > 1 ? 4 : (C * OperandTraits<kType>::bytes + 31) / 32;
constexpr int PATCH_W = TILE_W + (S - 1) * DW, PATCH_H = TILE_H + (R - 1) * DH;
constexpr int PATCH_BYTES = PATCH_W * PATCH_H * 128, STAGE_BYTES = (PATCH_BYTES + 1023) / 1024 * 1024, WEIGHT_BYTES = BN * 128;
/// Rows from one stacked image to the next.
constexpr int SPAN = P + (R - 1) * DH;
static_assert(STACKED == 1 || (TILE_H == STACKED * SPAN - (R - 1) * DH && !POOLED));
constexpr int TILES_H = STACKED > 1 ? 1 : (P + TILE_H - 1) / TILE_H, TILES_W = (Q + TILE_W - 1) / TILE_W;
constexpr int TILES = (CONV_IMAGES + STACKED - 1) / STACKED * TILES_H * TILES_W;
/// Without resident weights a block's patches are of any channels; those of one patch follow each other.
constexpr bool RESIDENT = WEIGHT_STAGES == 0;
constexpr int TILES_K = (K + BN - 1) / BN, ITEMS = RESIDENT ? TILES : TILES * TILES_K;
constexpr int SHARED_WEIGHTS = (RESIDENT ? SLABS * TAPS : WEIGHT_STAGES) * WEIGHT_BYTES;
static_assert(N % 16 == 0 && PATCH_W <= 256 && PATCH_H <= 256);

/// Pixels of the result, of a patch and of what is staged at once.
constexpr int SCALE = POOLED ? 2 : 1, ROWS_P = P / SCALE, ROWS_Q = Q / SCALE, OUT_W = TILE_W / SCALE, OUT_H = TILE_H / SCALE;
static_assert(OUT_H % CHUNK_ROWS == 0 && TILE_H % SCALE == 0);
constexpr int CHUNK = CHUNK_ROWS * OUT_W;
/// The pitch keeps the transposing stores in different banks.
constexpr int PIXEL_PITCH = BN + (POOLED ? 8 : 4), SCRATCH_BYTES = BYTE_RESULTS ? N * BN : CHUNK * PIXEL_PITCH * 4;

/// Pixels of a patch as columns of a product: eight along a row of the image, then the row below.
__device__ __forceinline__ unsigned long long patch_descriptor(unsigned shared) {
    return (1ull << 62) | (static_cast<unsigned long long>(PATCH_W * 128 >> 4) << 32) | (1ull << 16) | ((shared & 0x3ffff) >> 4);
}

/// Where an item of work lies.
struct Place {
    int image, p0, q0, column;
    __device__ __forceinline__ explicit Place(int item) {
        const int tile = RESIDENT ? item : item / TILES_K;
        image = tile / (TILES_H * TILES_W) * STACKED;
        p0 = tile / TILES_W % TILES_H * TILE_H;
        q0 = tile % TILES_W * TILE_W;
        column = (RESIDENT ? static_cast<int>(blockIdx.y) : item % TILES_K) * BN;
    }
    /// Row of the result for a pixel of the patch's results; -1 = none.
    __device__ __forceinline__ int row(int y, int x) const {
        const int q = q0 / SCALE + x;
        if (Q % TILE_W != 0 && q >= ROWS_Q) return -1;
        if constexpr (STACKED > 1) {
            const int above = y / SPAN, p = y % SPAN;
            if (p >= P || image + above >= CONV_IMAGES) return -1;
            return ((image + above) * P + p) * Q + q;
        }
        const int p = p0 / SCALE + y;
        if (P % TILE_H != 0 && p >= ROWS_P) return -1;
        return (image * ROWS_P + p) * ROWS_Q + q;
    }
};

/// A place in a ring of stages, and the parity of its barriers' phase there.
template <int STAGES_OF>
struct Ring {
    int stage, phase;
    __device__ __forceinline__ void pass(int count) {
        stage += count;
        phase ^= stage / STAGES_OF & 1;
        stage %= STAGES_OF;
    }
    __device__ __forceinline__ void next() {
        if (++stage == STAGES_OF) {
            stage = 0;
            phase ^= 1;
        }
    }
};

}  // namespace

/// xMap: boxes of PATCH_H × PATCH_W pixels and DEPTH channels. wMap: boxes of 64 output channels, one tap and DEPTH channels. Blocks
/// of blockIdx.y compute 64 output channels each.
extern "C" __global__ void __launch_bounds__(THREADS, 1) conv_patch(const __grid_constant__ TensorMap xMap, const __grid_constant__ TensorMap wMap, const EpilogueParams e) {
    extern __shared__ unsigned char unaligned[];
    unsigned char* const shared = unaligned + (-shared_address(unaligned) & 1023u);
    constexpr int WEIGHT_RING = RESIDENT ? 1 : WEIGHT_STAGES;
    __shared__ alignas(8) unsigned long long full[STAGES], empty[STAGES], loaded[WEIGHT_RING], used[WEIGHT_RING];
    const unsigned weights = shared_address(shared), patches = weights + SHARED_WEIGHTS;
    const unsigned fullBase = shared_address(full), emptyBase = shared_address(empty), loadedBase = shared_address(loaded), usedBase = shared_address(used);
    const int group = threadIdx.x / 128;

    if (threadIdx.x == 0) {
        prefetch_map(xMap);
        prefetch_map(wMap);
#pragma unroll
        for (int s = 0; s < STAGES; ++s) {
            barrier_init(fullBase + s * 8, 1);
            barrier_init(emptyBase + s * 8, 1);
        }
#pragma unroll
        for (int s = 0; s < WEIGHT_RING; ++s) {
            barrier_init(loadedBase + s * 8, 1);
            barrier_init(usedBase + s * 8, 1);
        }
        barrier_init_fence();
    }
    __syncthreads();
    start_dependents();

    if (group == CONSUMERS) {
        give_registers<24>();
        // Weights do not depend on earlier layers.
        if (threadIdx.x == 128 * CONSUMERS + 32) {
            if constexpr (RESIDENT) {
                barrier_expect(loadedBase, SHARED_WEIGHTS);
                for (int i = 0; i < SLABS * TAPS; ++i) copy_tile_3d(weights + i * WEIGHT_BYTES, wMap, loadedBase, i / TAPS * DEPTH, i % TAPS, blockIdx.y * BN);
            } else {
                Ring<WEIGHT_RING> ring{0, 1};
                for (int item = blockIdx.x; item < ITEMS; item += gridDim.x) {
                    const Place at(item);
                    for (int i = 0; i < SLABS * TAPS; ++i, ring.next()) {
                        barrier_wait(usedBase + ring.stage * 8, ring.phase);
                        barrier_expect(loadedBase + ring.stage * 8, WEIGHT_BYTES);
                        copy_tile_3d(weights + ring.stage * WEIGHT_BYTES, wMap, loadedBase + ring.stage * 8, i / TAPS * DEPTH, i % TAPS, at.column);
                    }
                }
            }
        }
        if (threadIdx.x == 128 * CONSUMERS) {
            wait_for_producers();
            Ring<STAGES> ring{0, 1};
            for (int item = blockIdx.x; item < ITEMS; item += gridDim.x) {
                const Place at(item);
                for (int slab = 0; slab < SLABS; ++slab, ring.next()) {
                    barrier_wait(emptyBase + ring.stage * 8, ring.phase);
                    barrier_expect(fullBase + ring.stage * 8, PATCH_BYTES);
                    copy_tile_4d(patches + ring.stage * STAGE_BYTES, xMap, fullBase + ring.stage * 8, slab * DEPTH, at.q0 - CONV_PL, at.p0 - CONV_PT, at.image);
                }
            }
        }
    } else {
        take_registers<CONSUMERS == 3 ? 160 : 240>();
        const int consumer = group, thread = threadIdx.x & 127;
        [[maybe_unused]] const int warp = thread >> 5, lane = thread & 31;
        unsigned char* const scratch = shared + SHARED_WEIGHTS + STAGES * STAGE_BYTES + consumer * SCRATCH_BYTES;
#if BYTE_RESULTS
        static_assert(!POOLED);
#if WEIGHT_STAGES == 0
        const ExchangedRows<N> out(e, blockIdx.y * BN, shared_address(scratch));
#endif
#else
        [[maybe_unused]] Accumulator* const pixels = reinterpret_cast<Accumulator*>(scratch);
#endif
        // A consumer passes over the stages of the others' patches, and takes its turn at the ring: the parity of a barrier tells
        // only neighbouring phases apart.
        if (consumer == CONSUMERS - 1) named_barrier_arrive(2, 256);
        Ring<STAGES> ring{0, 0};
        Ring<WEIGHT_RING> weightRing{0, 0};
        ring.pass(consumer * SLABS);
        if constexpr (RESIDENT) barrier_wait(loadedBase, 0);
        else weightRing.pass(consumer * SLABS * TAPS);
        for (int item = blockIdx.x + consumer * gridDim.x; item < ITEMS; item += CONSUMERS * gridDim.x) {
            const Place at(item);
#if SINTER_EPILOGUE_PREFETCHES
            for (int pixel = thread; pixel < OUT_H * OUT_W; pixel += 128) {  // residual operands come nearer while the products run
                const int row = at.row(pixel / OUT_W, pixel % OUT_W);
                if (row >= 0) epilogue_prefetch(e, row, at.column);
            }
#endif
            Accumulator acc[N / 2];
            named_barrier(2 + consumer, 256);
            [[maybe_unused]] int previous = 0, previousWeights = 0;
#pragma unroll 1
            for (int slab = 0; slab < SLABS; ++slab) {
                barrier_wait(fullBase + ring.stage * 8, ring.phase);
                const unsigned long long b = patch_descriptor(patches + ring.stage * STAGE_BYTES);
                const unsigned long long resident = tile_descriptor<128>(weights + slab * TAPS * WEIGHT_BYTES);
                if constexpr (RESIDENT) warpgroup_arrive();
#pragma unroll
                for (int tap = 0; tap < TAPS; ++tap) {
                    unsigned long long a = resident + (tap * WEIGHT_BYTES >> 4);
                    if constexpr (!RESIDENT) {
                        barrier_wait(loadedBase + weightRing.stage * 8, weightRing.phase);
                        a = tile_descriptor<128>(weights + weightRing.stage * WEIGHT_BYTES);
                        warpgroup_arrive();
                    }
#pragma unroll
                    for (int step = 0; step < SLAB_STEPS; ++step) {
                        WarpgroupProduct<kType, N>::step(acc, a + step * 2, b + ((tap / S * DH * PATCH_W + tap % S * DW) * 128 >> 4) + step * 2, slab > 0 || tap > 0 || step > 0);
                    }
                    if constexpr (!RESIDENT) {
                        warpgroup_commit();
                        if (slab > 0 || tap > 0) {
                            warpgroup_wait<1>();
                            if (thread == 0) {
                                barrier_arrive(usedBase + previousWeights * 8);
                                if (tap == 0) barrier_arrive(emptyBase + previous * 8);
                            }
                        }
                        previousWeights = weightRing.stage;
                        weightRing.next();
                    }
                }
                if constexpr (RESIDENT) {
                    warpgroup_commit();
                    if (slab > 0) {
                        warpgroup_wait<1>();
                        if (thread == 0) barrier_arrive(emptyBase + previous * 8);
                    }
                }
                previous = ring.stage;
                ring.next();
            }
            named_barrier_arrive(2 + (consumer + 1) % CONSUMERS, 256);
            warpgroup_wait<0>();
            if (thread == 0) {
                barrier_arrive(emptyBase + previous * 8);
                if constexpr (!RESIDENT) barrier_arrive(usedBase + previousWeights * 8);
            }
            ring.pass((CONSUMERS - 1) * SLABS);
            if constexpr (!RESIDENT) weightRing.pass((CONSUMERS - 1) * SLABS * TAPS);

            wait_for_producers();
#if BYTE_RESULTS
#if WEIGHT_STAGES > 0
            const ExchangedRows<N> out(e, at.column, shared_address(scratch));
#endif
            out.store(acc, 5 + consumer, [&](int pixel) { return at.row(pixel / TILE_W, pixel % TILE_W); });
#elif HALF_RESULTS
            // Eight pixels are a row, or two rows of pooled ones side by side: those of a column are a thread's.
            constexpr int GROUP_ROWS = 8 / OUT_W, GROUPS = (OUT_H + GROUP_ROWS - 1) / GROUP_ROWS;
            store_halves<GROUPS, POOLED ? 2 : CHUNK_ROWS>(
                e, shared_address(scratch), 5 + consumer, at.column,
                [&](int group, int high, float(&v)[2]) {
#pragma unroll
                    for (int i = 0; i < 2; ++i) {
                        if constexpr (POOLED) {
                            const Accumulator* d = acc + min(group * 2 + i, OUT_H - 1) * 8 + high * 2;
                            v[i] = sum_to_float(larger(larger(d[0], d[1]), larger(d[4], d[5])));
                        } else {
                            v[i] = sum_to_float(acc[group * 4 + high * 2 + i]);
                        }
                    }
                },
                [&](int group, int pixel) {
                    const int y = POOLED ? group * 2 + pixel % 2 : group, x = POOLED ? pixel / 2 : pixel;
                    return OUT_H % GROUP_ROWS == 0 || y < OUT_H ? at.row(y, x) : -1;
                });
#else
            constexpr int VECTORS = BN / kRun, RUNS = CHUNK * VECTORS, PASSES = (RUNS + 127) / 128, TOGETHER = PASSES % 2 == 0 ? 2 : 1;  // passes in flight
#pragma unroll
            for (int first = 0; first < OUT_H; first += CHUNK_ROWS) {
                const int channel = warp * 16 + (lane >> 2);
#pragma unroll
                for (int j = 0; j < CHUNK_ROWS; ++j) {
                    const Accumulator* d = acc + (first + j) * SCALE * 4;
                    if constexpr (POOLED) {  // a thread holds two neighbours of both rows
                        Accumulator* target = pixels + (j * OUT_W + (lane & 3)) * PIXEL_PITCH;
                        target[staged(channel)] = larger(larger(d[0], d[1]), larger(d[4], d[5]));
                        target[staged(channel + 8)] = larger(larger(d[2], d[3]), larger(d[6], d[7]));
                    } else {
                        Accumulator* target = pixels + (j * OUT_W + (lane & 3) * 2) * PIXEL_PITCH;
                        target[staged(channel)] = d[0];
                        target[PIXEL_PITCH + staged(channel)] = d[1];
                        target[staged(channel + 8)] = d[2];
                        target[PIXEL_PITCH + staged(channel + 8)] = d[3];
                    }
                }
                named_barrier(5 + consumer, 128);
#pragma unroll 1
                for (int pass = 0; pass < PASSES; pass += TOGETHER) {
                    float v[TOGETHER][kRun];
                    int row[TOGETHER], column[TOGETHER];
#pragma unroll
                    for (int u = 0; u < TOGETHER; ++u) {
                        const int index = (pass + u) * 128 + thread, r = index / VECTORS, c = index % VECTORS * kRun;
                        column[u] = at.column + c;
                        row[u] = (RUNS % 128 == 0 || index < RUNS) && (K % BN == 0 || column[u] < K) ? at.row(first + r / OUT_W, r % OUT_W) : -1;
                        if (row[u] < 0) continue;
                        load_run(pixels + r * PIXEL_PITCH, c, v[u]);
                        epilogue_apply(e, row[u], column[u], v[u]);
                    }
#pragma unroll
                    for (int u = 0; u < TOGETHER; ++u) {
                        if (row[u] >= 0) epilogue_store(e, row[u], column[u], v[u]);
                    }
                }
                named_barrier(5 + consumer, 128);
            }
#endif
        }
    }
}
