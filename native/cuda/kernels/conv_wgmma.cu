// Convolution and matrix product as implicit GEMM on Hopper: the copy engine fills a ring of swizzled stages (im2col mode for
// windows, tiles for matrices), one warp issues it, the warpgroups before it multiply with wgmma and run the epilogue.
// Result rows are output pixels (n, p, q), columns output channels; the reduction runs over taps (r, s) and channels, each
// tap padded with zeros to whole stages by the copy engine.
//
// Macros: OPERAND (see Operand), CONV_ROWS, CONV_C, _K, _R, _S, _P, _Q, _SH, _SW, _PT, _PL, _DH, _DW,
//   tile: TILE_M, TILE_N, TILE_BYTES (of the reduction, in a stage: 64 or 128), CONSUMERS (warpgroups), BLOCKS_M (of 64 rows, per
//         consumer), STAGES, PERSISTENT (blocks walk over tiles; the next tile loads during the epilogue), MIN_BLOCKS,
//         PINGPONG (with PERSISTENT and two consumers: each multiplies whole tiles, in turn, while the other runs its epilogue),
//         EXCHANGED (with PERSISTENT: channels are the rows of the products, 64 a consumer, and pixels their columns: few
//         channels then cost no more shared-memory traffic than few pixels do otherwise),
//         BYTE_RESULTS (results are bytes, and weights lie as fragment_rows.cuh or, EXCHANGED, exchanged_rows.cuh wants them),
//         SPLIT (blocks of a cluster that share the reduction of one tile; their sums are added in rank order)
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "prelude_wgmma.cuh"
#if OPERAND == 4
#include "wgmma_split.cuh"
#endif
#include "epilogue.cuh"
#include "tile_rows.cuh"
#if SINTER_EPILOGUE_ROWS
#include "tile_statistics.cuh"
#endif
#if BYTE_RESULTS && EXCHANGED
#include "exchanged_rows.cuh"
#elif BYTE_RESULTS
#include "fragment_rows.cuh"
#endif
#define FRAGMENTS (BYTE_RESULTS && !EXCHANGED)
#if PATCHES
#include "gather_patches.cuh"
#endif

namespace {

constexpr Operand kType = static_cast<Operand>(OPERAND);
constexpr int ROWS = CONV_ROWS, C = CONV_C, K = CONV_K, R = CONV_R, S = CONV_S, P = CONV_P, Q = CONV_Q;
constexpr int ES = OperandTraits<kType>::bytes;
using Accumulator = OperandTraits<kType>::Accumulator;

/// One block on a multiprocessor: the producer is a whole warpgroup, which hands its registers to the consumers.
constexpr bool MOVE_REGISTERS = MIN_BLOCKS == 1 && CONSUMERS == 2;
constexpr int THREADS = 128 * CONSUMERS + (MOVE_REGISTERS ? 128 : 32);
constexpr int PARTS_OF_TILE = PINGPONG ? 1 : CONSUMERS;
constexpr int BM = TILE_M, BN = TILE_N, BK = TILE_BYTES / ES;
constexpr int PN = EXCHANGED ? BM : BN;  ///< columns of a product
static_assert((EXCHANGED ? BN : BM) == 64 * BLOCKS_M * PARTS_OF_TILE);
static_assert(!EXCHANGED || (PERSISTENT && BLOCKS_M == 1 && SPLIT == 1 && kType != Operand::F32));
constexpr int CHANNEL_TILES = (C + BK - 1) / BK, KT = R * S * CHANNEL_TILES;
constexpr int TILES_N = (K + BN - 1) / BN, TILES_M = (ROWS + BM - 1) / BM, TILES = TILES_M * TILES_N;
constexpr bool WINDOWED = R > 1 || S > 1 || CONV_SH > 1 || CONV_SW > 1 || CONV_PT != 0 || CONV_PL != 0;

/// F32: weights come as two TF32 numbers, in rows [0, K) and [K, 2K); activations are split on their way to registers.
constexpr bool SPLIT_OPERANDS = kType == Operand::F32;
constexpr int A_BYTES = BM * TILE_BYTES, B_BYTES = BN * TILE_BYTES, STAGE_BYTES = A_BYTES + (SPLIT_OPERANDS ? 2 : 1) * B_BYTES;
static_assert(!SPLIT_OPERANDS || (BLOCKS_M == 1 && TILE_BYTES == 128 && !PINGPONG));
static_assert(!PINGPONG || (PERSISTENT && CONSUMERS == 2));
static_assert(STAGE_BYTES % 1024 == 0, "stages keep the alignment of the swizzle");

// Epilogue: each warp turns its fragments into rows through shared memory of its own, CHUNK columns at a time. Blocks of
// one tile use the stages for it; their loop stays rolled, for registers.
constexpr int CHUNK = !PERSISTENT ? BN : PN % 64 == 0 && MIN_BLOCKS == 1 && STAGES * STAGE_BYTES <= 180 * 1024 ? 64 : 32, CHUNK_PITCH = CHUNK + 8;
/// EXCHANGED: a warpgroup stages CHUNK pixels of 64 channels; the pitch keeps the transposing stores in different banks.
constexpr int PIXEL_PITCH = 64 + 4;
constexpr int WARP_BYTES = EXCHANGED ? CHUNK * PIXEL_PITCH : 16 * CHUNK_PITCH * 4;
/// Registers of a consumer thread beside its accumulators.
[[maybe_unused]] constexpr int SPARE = (MOVE_REGISTERS ? 240 : 65536 / ((THREADS / 32 * MIN_BLOCKS + 3) / 4 * 128)) - PN / 2 * BLOCKS_M;
#if BYTE_RESULTS && EXCHANGED
/// Pixels of bytes that the scratch of CHUNK pixels of sums holds, in equal parts of a tile.
constexpr int BYTE_CHUNK = BM <= 4 * CHUNK ? BM : BM / 2;
static_assert(BYTE_CHUNK <= 4 * CHUNK && BYTE_CHUNK % 16 == 0);
#endif
#if FRAGMENTS
static_assert(SPLIT == 1);
/// Residual operands of bytes wait in registers during the products where there are enough.
constexpr bool EARLY = SPARE >= BLOCKS_M * BN / 8 + 72;
#endif
#if SPLIT > 1
static_assert(!PERSISTENT);
using Sums = SharedSums<SPLIT, BM, BN + 8, Accumulator>;
#endif
#if SINTER_EPILOGUE_ROWS
constexpr int STATISTICS_ROWS = EXCHANGED || PINGPONG ? CONSUMERS * BM : BM;  ///< split: a part of them
#endif

}  // namespace

extern "C" __global__ void
#if SPLIT > 1
__cluster_dims__(1, 1, SPLIT)
#endif
__launch_bounds__(THREADS, MIN_BLOCKS) conv_wgmma(const __grid_constant__ TensorMap xMap, const __grid_constant__ TensorMap wMap, const EpilogueParams e) {
    extern __shared__ unsigned char unaligned[];
    unsigned char* const shared = unaligned + (-shared_address(unaligned) & 1023u);
    __shared__ alignas(8) unsigned long long full[STAGES], empty[STAGES];
    const unsigned base = shared_address(shared), fullBase = shared_address(full), emptyBase = shared_address(empty);
    const int group = threadIdx.x / 128;
    const int part = SPLIT > 1 ? blockIdx.z : 0, first = KT * part / SPLIT, last = KT * (part + 1) / SPLIT;

    if (threadIdx.x == 0) {
        prefetch_map(xMap);
        prefetch_map(wMap);
#pragma unroll
        for (int s = 0; s < STAGES; ++s) {
            barrier_init(fullBase + s * 8, 1);
            barrier_init(emptyBase + s * 8, PINGPONG ? 1 : CONSUMERS * (SPLIT_OPERANDS ? 4 : 1));
        }
        barrier_init_fence();
    }
    __syncthreads();
    start_dependents();
#if SPLIT > 1
    cluster_arrive();
#endif

    if (group == CONSUMERS) {
        if constexpr (MOVE_REGISTERS) give_registers<24>();
        if (threadIdx.x == 128 * CONSUMERS) {
            auto copyB = [&](int stage, int kt, int column) {
                const unsigned target = base + stage * STAGE_BYTES + A_BYTES;
#pragma unroll
                for (int half = 0; half < (SPLIT_OPERANDS ? 2 : 1); ++half) {
                    if constexpr (R * S == 1) {
                        copy_tile_2d(target + half * B_BYTES, wMap, fullBase + stage * 8, kt * BK, column + half * K);
                    } else {
                        copy_tile_3d(target + half * B_BYTES, wMap, fullBase + stage * 8, kt % CHANNEL_TILES * BK, kt / CHANNEL_TILES, column + half * K);
                    }
                }
            };
            auto copyA = [&](int stage, int kt, int row) {
                const unsigned target = base + stage * STAGE_BYTES;
                if constexpr (WINDOWED) {
                    const int n = row / (P * Q), pq = row % (P * Q), tap = kt / CHANNEL_TILES;
                    copy_im2col(target, xMap, fullBase + stage * 8, kt % CHANNEL_TILES * BK, pq % Q * CONV_SW - CONV_PL, pq / Q * CONV_SH - CONV_PT, n,
                                tap % S * CONV_DW, tap / S * CONV_DH);
                } else {
                    copy_tile_2d(target, xMap, fullBase + stage * 8, kt * BK, row);
                }
            };
            // Weights do not depend on earlier layers: the first of them are under way before the wait.
            int ahead = STAGES < last - first ? STAGES : last - first;
            if (blockIdx.x < TILES) {
                for (int s = 0; s < ahead; ++s) {
                    barrier_expect(fullBase + s * 8, STAGE_BYTES);
                    copyB(s, first + s, blockIdx.x % TILES_N * BN);
                }
            }
            // The rest of them comes nearer: one block of each column of tiles asks.
            if (blockIdx.x < TILES_N) {
                for (int kt = first + ahead; kt < last; ++kt) {
                    if constexpr (R * S == 1) prefetch_tile_2d(wMap, kt * BK, blockIdx.x * BN);
                    else prefetch_tile_3d(wMap, kt % CHANNEL_TILES * BK, kt / CHANNEL_TILES, blockIdx.x * BN);
                }
            }
            wait_for_producers();
            int stage = 0, phase = 1;
            for (int tile = blockIdx.x; tile < TILES; tile += gridDim.x) {
                const int row = tile / TILES_N * BM, column = tile % TILES_N * BN;
                for (int kt = first; kt < last; ++kt) {
                    if (ahead > 0) {
                        --ahead;
                    } else {
                        barrier_wait(emptyBase + stage * 8, phase);
                        barrier_expect(fullBase + stage * 8, STAGE_BYTES);
                        copyB(stage, kt, column);
                    }
                    copyA(stage, kt, row);
                    if (++stage == STAGES) {
                        stage = 0;
                        phase ^= 1;
                    }
                }
            }
        }
    } else {
        if constexpr (MOVE_REGISTERS) take_registers<240>();
        const int consumer = group, thread = threadIdx.x & 127;
        [[maybe_unused]] const int warp = thread >> 5, lane = thread & 31;
#if FRAGMENTS
        // No results pass through shared memory.
#elif EXCHANGED
        unsigned char* const scratch = shared + STAGES * STAGE_BYTES + consumer * 4 * WARP_BYTES;
#elif PERSISTENT
        unsigned char* const scratch = shared + STAGES * STAGE_BYTES + (consumer * 4 + warp) * WARP_BYTES;
#else
        unsigned char* const scratch = shared + (consumer * 4 + warp) * WARP_BYTES;
#endif
        // With PINGPONG a consumer passes over the stages of the other's tiles, and takes its turn at the ring: the parity of a
        // barrier tells only neighbouring phases apart.
        if (PINGPONG && consumer == 1) named_barrier_arrive(2, 256);
        const int part0 = PINGPONG ? consumer : 0, rowBase = PINGPONG ? 0 : consumer * (BLOCKS_M * 64);  // of operand A
        int stage = part0 * KT % STAGES, phase = part0 * KT / STAGES & 1;
        for (int tile = blockIdx.x + part0 * gridDim.x; tile < TILES; tile += gridDim.x * (PINGPONG ? 2 : 1)) {
#if FRAGMENTS
            wait_for_producers();
            FragmentRows<BLOCKS_M, BN, EARLY, ROWS, K> fragments(e, tile / TILES_N * BM + rowBase, tile % TILES_N * BN);
#endif
#if SINTER_EPILOGUE_PREFETCHES && EXCHANGED
#pragma unroll
            for (int l = thread; l < BM; l += 128) {  // residual operands come nearer while the products run
                const int row = tile / TILES_N * BM + l, column = tile % TILES_N * BN + rowBase;
                if (row < ROWS && column < K) epilogue_prefetch(e, row, column);
            }
#elif SINTER_EPILOGUE_PREFETCHES && SPLIT == 1 && !(FRAGMENTS && SINTER_EPILOGUE_BYTES)
            constexpr int LINES = (BN + 63) / 64;  // of 64 columns: residual operands come nearer while the products run
#pragma unroll
            for (int l = lane; l < BLOCKS_M * 16 * LINES; l += 32) {
                const int r = l / LINES, row = tile / TILES_N * BM + rowBase + r / 16 * 64 + warp * 16 + r % 16;
                const int column = tile % TILES_N * BN + l % LINES * 64;
                if (row < ROWS && column < K) epilogue_prefetch(e, row, column);
            }
#endif
#if SINTER_EPILOGUE_ROWS
            __shared__ EpilogueRow statistics[STATISTICS_ROWS];
            wait_for_producers();
#if SPLIT > 1
            gather_statistics<Sums::OWNED, 128 * CONSUMERS>(e, tile / TILES_N * BM + part * Sums::OWNED, ROWS, threadIdx.x, statistics);
#elif EXCHANGED
            EpilogueRow* const tileStatistics = statistics + consumer * BM;
            gather_statistics<BM, 128>(e, tile / TILES_N * BM, ROWS, thread, tileStatistics);
#else
            EpilogueRow* const tileStatistics = statistics + (consumer * 4 + warp) * (BLOCKS_M * 16);
#pragma unroll
            for (int i = 0; i < BLOCKS_M; ++i) gather_statistics<16, 32>(e, tile / TILES_N * BM + rowBase + i * 64 + warp * 16, ROWS, lane, tileStatistics + i * 16);
#endif
#endif
            Accumulator acc[BLOCKS_M][PN / 2];
            [[maybe_unused]] int previous = 0;
            if constexpr (PINGPONG) named_barrier(2 + consumer, 256);
#if OPERAND == 4
            clear(acc[0]);
            for (int kt = first; kt < last; ++kt) {
                barrier_wait(fullBase + stage * 8, phase);
                const unsigned a = base + stage * STAGE_BYTES;
                float sums[BN / 2];
                multiply_split<BN>(sums, a + (rowBase + warp * 16) * TILE_BYTES, a + A_BYTES, a + A_BYTES + B_BYTES, lane);
                if (lane == 0) barrier_arrive(emptyBase + stage * 8);
                add(acc[0], sums);
                if (++stage == STAGES) {
                    stage = 0;
                    phase ^= 1;
                }
            }
#else
            for (int kt = first; kt < last; ++kt) {
                barrier_wait(fullBase + stage * 8, phase);
                const unsigned pixels = base + stage * STAGE_BYTES, weights = pixels + A_BYTES;
                const unsigned long long a = tile_descriptor<TILE_BYTES>((EXCHANGED ? weights : pixels) + rowBase * TILE_BYTES);
                const unsigned long long b = tile_descriptor<TILE_BYTES>(EXCHANGED ? pixels : weights);
                warpgroup_arrive();
#pragma unroll
                for (int step = 0; step < TILE_BYTES / 32; ++step) {
#pragma unroll
                    for (int i = 0; i < BLOCKS_M; ++i) {
                        WarpgroupProduct<kType, PN>::step(acc[i], a + step * 2 + i * (64 * TILE_BYTES >> 4), b + step * 2, kt > first || step > 0);
                    }
                }
                warpgroup_commit();
                if (kt > first) {
                    warpgroup_wait<1>();
                    if (thread == 0) barrier_arrive(emptyBase + previous * 8);
                }
                previous = stage;
                if (++stage == STAGES) {
                    stage = 0;
                    phase ^= 1;
                }
            }
            if constexpr (PINGPONG) named_barrier_arrive(3 - consumer, 256);
            warpgroup_wait<0>();
            if (thread == 0) barrier_arrive(emptyBase + previous * 8);
#endif
            if constexpr (PINGPONG) {
                const int passed = stage + KT;
                stage = passed % STAGES;
                phase ^= passed / STAGES & 1;
            }
#if SPLIT > 1
            cluster_wait();
            const int fragmentRow = consumer * (BLOCKS_M * 64) + warp * 16 + (lane >> 2);
#pragma unroll
            for (int i = 0; i < BLOCKS_M; ++i) {
#pragma unroll
                for (int j = 0; j < BN / 8; ++j) {
                    const Accumulator* d = acc[i] + j * 4;
                    const int row = fragmentRow + i * 64, column = j * 8 + (lane & 3) * 2;
                    Sums::send(base + STAGES * STAGE_BYTES, part, row, column, d[0], d[1]);
                    Sums::send(base + STAGES * STAGE_BYTES, part, row + 8, column, d[2], d[3]);
                }
            }
            cluster_arrive();
            cluster_wait();
            wait_for_producers();
            const Accumulator* const sums = reinterpret_cast<const Accumulator*>(shared + STAGES * STAGE_BYTES);
            const int row0 = tile / TILES_N * BM + part * Sums::OWNED, column0 = tile % TILES_N * BN;
#pragma unroll 1
            for (int index = threadIdx.x; index < Sums::OWNED * (BN / kRun); index += 128 * CONSUMERS) {
                const int r = index / (BN / kRun), c = index % (BN / kRun) * kRun;
                if ((ROWS % BM != 0 && row0 + r >= ROWS) || (K % BN != 0 && column0 + c >= K)) continue;
                float v[kRun];
                Sums::receive(sums, r, c, v);
                epilogue_apply(e, row0 + r, column0 + c, v EPILOGUE_ROW(statistics, r));
                epilogue_store(e, row0 + r, column0 + c, v);
            }
#elif FRAGMENTS
            fragments.store(acc);
#else
#if !PERSISTENT
            named_barrier(1, CONSUMERS * 128);  // the scratch lies over stages that another warpgroup may still read
#endif
            wait_for_producers();

#if EXCHANGED && BYTE_RESULTS
            const int row0 = tile / TILES_N * BM, column0 = tile % TILES_N * BN + rowBase;
            if (column0 < K) {
                const ExchangedRows<BYTE_CHUNK> out(e, column0, shared_address(scratch));
#pragma unroll
                for (int chunk = 0; chunk < BM; chunk += BYTE_CHUNK) {
                    out.store(acc[0] + chunk / 2, 4 + consumer, [&](int pixel) {
                        const int row = row0 + chunk + pixel;
                        return ROWS % BM == 0 || row < ROWS ? row : -1;
                    });
                }
            }
#elif EXCHANGED
            const int row0 = tile / TILES_N * BM, column0 = tile % TILES_N * BN + rowBase;
            constexpr int VECTORS = 64 / kRun, PASSES = CHUNK * VECTORS / 128;
            constexpr int TOGETHER = PASSES % 4 == 0 && SPARE >= 80 ? 4 : PASSES % 2 == 0 && SPARE >= 56 ? 2 : 1;
            Accumulator* const pixels = reinterpret_cast<Accumulator*>(scratch);
#pragma unroll
            for (int chunk = 0; chunk < BM; chunk += CHUNK) {
#pragma unroll
                for (int j = 0; j < CHUNK / 8; ++j) {
                    const Accumulator* d = acc[0] + (chunk / 8 + j) * 4;
                    Accumulator* target = pixels + (j * 8 + (lane & 3) * 2) * PIXEL_PITCH;
                    const int channel = warp * 16 + (lane >> 2);
                    target[staged(channel)] = d[0];
                    target[PIXEL_PITCH + staged(channel)] = d[1];
                    target[staged(channel + 8)] = d[2];
                    target[PIXEL_PITCH + staged(channel + 8)] = d[3];
                }
                named_barrier(4 + consumer, 128);
#pragma unroll 1
                for (int pass = 0; pass < PASSES; pass += TOGETHER) {
                    float v[TOGETHER][kRun];
#pragma unroll
                    for (int u = 0; u < TOGETHER; ++u) {
                        const int index = (pass + u) * 128 + thread, r = index / VECTORS, c = index % VECTORS * kRun;
                        const int row = row0 + chunk + r, column = column0 + c;
                        if ((ROWS % BM != 0 && row >= ROWS) || (K % BN != 0 && column >= K)) continue;
                        load_run(pixels + r * PIXEL_PITCH, c, v[u]);
                        epilogue_apply(e, row, column, v[u] EPILOGUE_ROW(tileStatistics, chunk + r));
                    }
#pragma unroll
                    for (int u = 0; u < TOGETHER; ++u) {
                        const int index = (pass + u) * 128 + thread, r = index / VECTORS, c = index % VECTORS * kRun;
                        const int row = row0 + chunk + r, column = column0 + c;
                        if ((ROWS % BM != 0 && row >= ROWS) || (K % BN != 0 && column >= K)) continue;
                        epilogue_store(e, row, column, v[u]);
                    }
                }
                named_barrier(4 + consumer, 128);
            }
#else
            const int row0 = tile / TILES_N * BM + rowBase + warp * 16, column0 = tile % TILES_N * BN;
            constexpr int VECTORS = CHUNK / kRun, PASSES = 16 * VECTORS / 32;
            constexpr int TOGETHER = PASSES % 4 == 0 && SPARE >= 80 ? 4 : PASSES % 2 == 0 && SPARE >= 56 ? 2 : 1;  // passes in flight: their operands load side by side
#pragma unroll
            for (int i = 0; i < BLOCKS_M; ++i) {
#pragma unroll
                for (int chunk = 0; chunk < BN; chunk += CHUNK) {
                    Accumulator* const rows = reinterpret_cast<Accumulator*>(scratch);
#pragma unroll
                    for (int j = 0; j < CHUNK / 8; ++j) {
                        const Accumulator* d = acc[i] + (chunk / 8 + j) * 4;
                        Accumulator* target = rows + (lane >> 2) * CHUNK_PITCH;
                        stage_pair(target, j * 8 + (lane & 3) * 2, d[0], d[1]);
                        stage_pair(target + 8 * CHUNK_PITCH, j * 8 + (lane & 3) * 2, d[2], d[3]);
                    }
                    __syncwarp();
#pragma unroll 1
                    for (int pass = 0; pass < PASSES; pass += TOGETHER) {
                        float v[TOGETHER][kRun];
#pragma unroll
                        for (int u = 0; u < TOGETHER; ++u) {
                            const int index = (pass + u) * 32 + lane, r = index / VECTORS, c = index % VECTORS * kRun;
                            const int row = row0 + i * 64 + r, column = column0 + chunk + c;
                            if ((ROWS % BM != 0 && row >= ROWS) || (K % BN != 0 && column >= K)) continue;
                            load_run(rows + r * CHUNK_PITCH, c, v[u]);
                            epilogue_apply(e, row, column, v[u] EPILOGUE_ROW(tileStatistics, i * 16 + r));
                        }
#pragma unroll
                        for (int u = 0; u < TOGETHER; ++u) {
                            const int index = (pass + u) * 32 + lane, r = index / VECTORS, c = index % VECTORS * kRun;
                            const int row = row0 + i * 64 + r, column = column0 + chunk + c;
                            if ((ROWS % BM != 0 && row >= ROWS) || (K % BN != 0 && column >= K)) continue;
                            epilogue_store(e, row, column, v[u]);
                        }
                    }
                    __syncwarp();
                }
            }
#endif
#endif
        }
    }
}
