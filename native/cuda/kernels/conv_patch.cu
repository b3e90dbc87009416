// Convolutions with few channels on Hopper, the image in shared memory: the copy engine brings each pixel of a patch with its halo
// once, and the filter moves over it there. wgmma reads the pixels of a tap through a descriptor that starts so many pixels further:
// rows of 128 bytes are swizzled by their addresses, so that any pixel may be the first. The weights of 64 output channels stay in
// shared memory for all patches of a block. Channels are the rows of the products, pixels their columns; two or three warpgroups
// take whole patches in turn, one multiplies while the others run their epilogues.
//
// Macros: OPERAND (see Operand; not F32), CONV_IMAGES, CONV_C, _K, _R, _S, _P, _Q, _PT, _PL, _DH, _DW (stride 1), TILE_H (rows of a patch's
//         results, each eight pixels wide), STAGES (patches under way), CONSUMERS (warpgroups), CHUNK_ROWS (of results, staged at once),
//         BYTE_RESULTS (results are bytes, and weights lie as exchanged_rows.cuh wants them), POOLED (the layer's result is the largest of each 2 × 2 pixels: what follows the sums never decreases with them)
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "prelude_wgmma.cuh"
#include "epilogue.cuh"
#include "tile_rows.cuh"
#if BYTE_RESULTS
#include "exchanged_rows.cuh"
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
constexpr int TILES_H = (P + TILE_H - 1) / TILE_H, TILES_W = (Q + TILE_W - 1) / TILE_W, TILES = CONV_IMAGES * TILES_H * TILES_W;
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

}  // namespace

/// xMap: boxes of PATCH_H × PATCH_W pixels and DEPTH channels. wMap: boxes of 64 output channels, one tap and DEPTH channels. Blocks
/// of blockIdx.y compute 64 output channels each.
extern "C" __global__ void __launch_bounds__(THREADS, 1) conv_patch(const __grid_constant__ TensorMap xMap, const __grid_constant__ TensorMap wMap, const EpilogueParams e) {
    extern __shared__ unsigned char unaligned[];
    unsigned char* const shared = unaligned + (-shared_address(unaligned) & 1023u);
    __shared__ alignas(8) unsigned long long full[STAGES], empty[STAGES], loaded;
    const unsigned weights = shared_address(shared), patches = weights + SLABS * TAPS * WEIGHT_BYTES;
    const unsigned fullBase = shared_address(full), emptyBase = shared_address(empty), loadedBase = shared_address(&loaded);
    const int group = threadIdx.x / 128, column0 = blockIdx.y * BN;

    if (threadIdx.x == 0) {
        prefetch_map(xMap);
        prefetch_map(wMap);
#pragma unroll
        for (int s = 0; s < STAGES; ++s) {
            barrier_init(fullBase + s * 8, 1);
            barrier_init(emptyBase + s * 8, 1);
        }
        barrier_init(loadedBase, 1);
        barrier_init_fence();
    }
    __syncthreads();
    start_dependents();

    if (group == CONSUMERS) {
        give_registers<24>();
        if (threadIdx.x == 128 * CONSUMERS) {
            // Weights do not depend on earlier layers.
            barrier_expect(loadedBase, SLABS * TAPS * WEIGHT_BYTES);
            for (int i = 0; i < SLABS * TAPS; ++i) copy_tile_3d(weights + i * WEIGHT_BYTES, wMap, loadedBase, i / TAPS * DEPTH, i % TAPS, column0);
            wait_for_producers();
            int stage = 0, phase = 1;
            for (int tile = blockIdx.x; tile < TILES; tile += gridDim.x) {
                const int image = tile / (TILES_H * TILES_W), p0 = tile / TILES_W % TILES_H * TILE_H, q0 = tile % TILES_W * TILE_W;
                for (int slab = 0; slab < SLABS; ++slab) {
                    barrier_wait(emptyBase + stage * 8, phase);
                    barrier_expect(fullBase + stage * 8, PATCH_BYTES);
                    copy_tile_4d(patches + stage * STAGE_BYTES, xMap, fullBase + stage * 8, slab * DEPTH, q0 - CONV_PL, p0 - CONV_PT, image);
                    if (++stage == STAGES) {
                        stage = 0;
                        phase ^= 1;
                    }
                }
            }
        }
    } else {
        take_registers<CONSUMERS == 3 ? 160 : 240>();
        const int consumer = group, thread = threadIdx.x & 127;
        [[maybe_unused]] const int warp = thread >> 5, lane = thread & 31;
        unsigned char* const scratch = shared + SLABS * TAPS * WEIGHT_BYTES + STAGES * STAGE_BYTES + consumer * SCRATCH_BYTES;
#if BYTE_RESULTS
        static_assert(!POOLED);
        const ExchangedRows<N> out(e, column0, shared_address(scratch));
#else
        Accumulator* const pixels = reinterpret_cast<Accumulator*>(scratch);
#endif
        // A consumer passes over the stages of the others' patches, and takes its turn at the ring: the parity of a barrier tells
        // only neighbouring phases apart.
        if (consumer == CONSUMERS - 1) named_barrier_arrive(2, 256);
        int stage = consumer * SLABS % STAGES, phase = consumer * SLABS / STAGES & 1;
        barrier_wait(loadedBase, 0);
        for (int tile = blockIdx.x + consumer * gridDim.x; tile < TILES; tile += CONSUMERS * gridDim.x) {
            const int image = tile / (TILES_H * TILES_W), p0 = tile / TILES_W % TILES_H * TILE_H, q0 = tile % TILES_W * TILE_W;
            const int y0 = p0 / SCALE, x0 = q0 / SCALE, row0 = (image * ROWS_P + y0) * ROWS_Q + x0;
#if SINTER_EPILOGUE_PREFETCHES
            for (int pixel = thread; pixel < OUT_H * OUT_W; pixel += 128) {  // residual operands come nearer while the products run
                const int y = pixel / OUT_W, x = pixel % OUT_W;
                if (y0 + y < ROWS_P && x0 + x < ROWS_Q) epilogue_prefetch(e, row0 + y * ROWS_Q + x, column0);
            }
#endif
            Accumulator acc[N / 2];
            named_barrier(2 + consumer, 256);
            int previous = 0;
#pragma unroll 1
            for (int slab = 0; slab < SLABS; ++slab) {
                barrier_wait(fullBase + stage * 8, phase);
                const unsigned long long a = tile_descriptor<128>(weights + slab * TAPS * WEIGHT_BYTES), b = patch_descriptor(patches + stage * STAGE_BYTES);
                warpgroup_arrive();
#pragma unroll
                for (int tap = 0; tap < TAPS; ++tap) {
#pragma unroll
                    for (int step = 0; step < SLAB_STEPS; ++step) {
                        WarpgroupProduct<kType, N>::step(acc, a + (tap * WEIGHT_BYTES >> 4) + step * 2, b + ((tap / S * DH * PATCH_W + tap % S * DW) * 128 >> 4) + step * 2,
                                                         slab > 0 || tap > 0 || step > 0);
                    }
                }
                warpgroup_commit();
                if (slab > 0) {
                    warpgroup_wait<1>();
                    if (thread == 0) barrier_arrive(emptyBase + previous * 8);
                }
                previous = stage;
                if (++stage == STAGES) {
                    stage = 0;
                    phase ^= 1;
                }
            }
            named_barrier_arrive(2 + (consumer + 1) % CONSUMERS, 256);
            warpgroup_wait<0>();
            if (thread == 0) barrier_arrive(emptyBase + previous * 8);
            const int passed = stage + (CONSUMERS - 1) * SLABS;
            stage = passed % STAGES;
            phase ^= passed / STAGES & 1;

            wait_for_producers();
#if BYTE_RESULTS
            out.store(acc, 5 + consumer, [&](int pixel) {
                const int y = pixel / TILE_W, x = pixel % TILE_W;
                return (P % TILE_H == 0 || y0 + y < P) && (Q % TILE_W == 0 || x0 + x < Q) ? row0 + y * Q + x : -1;
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
                    bool inside[TOGETHER];
#pragma unroll
                    for (int u = 0; u < TOGETHER; ++u) {
                        const int index = (pass + u) * 128 + thread, r = index / VECTORS, c = index % VECTORS * kRun, y = first + r / OUT_W, x = r % OUT_W;
                        row[u] = row0 + y * ROWS_Q + x;
                        column[u] = column0 + c;
                        inside[u] = (RUNS % 128 == 0 || index < RUNS) && (P % TILE_H == 0 || y0 + y < ROWS_P) && (Q % TILE_W == 0 || x0 + x < ROWS_Q) && (K % BN == 0 || column[u] < K);
                        if (!inside[u]) continue;
                        load_run(pixels + r * PIXEL_PITCH, c, v[u]);
                        epilogue_apply(e, row[u], column[u], v[u]);
                    }
#pragma unroll
                    for (int u = 0; u < TOGETHER; ++u) {
                        if (inside[u]) epilogue_store(e, row[u], column[u], v[u]);
                    }
                }
                named_barrier(5 + consumer, 128);
            }
#endif
        }
    }
}
