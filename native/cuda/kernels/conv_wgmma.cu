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
//         SPLIT (blocks of a cluster that share the reduction of one tile; their sums are added in rank order),
//         GIVEN (a residual operand comes through the ring too, as stages behind those of each tile: epilogue_apply_given)
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "prelude_wgmma.cuh"
#if OPERAND == 4
#include "wgmma_split.cuh"
#endif
#include "epilogue.cuh"
#include "tile_fragments.cuh"
#include "tile_rows.cuh"
#if SINTER_EPILOGUE_ROWS
#include "tile_statistics.cuh"
#endif
#if BYTE_RESULTS && EXCHANGED
#include "exchanged_rows.cuh"
#elif EXCHANGED
#include "tile_pixels.cuh"
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
constexpr bool MOVE_REGISTERS = MIN_BLOCKS == 1 && CONSUMERS >= 2;
constexpr int CONSUMER_REGISTERS = CONSUMERS == 3 ? 160 : 240, PRODUCER_REGISTERS = CONSUMERS == 3 ? 32 : 24;
constexpr int THREADS = 128 * CONSUMERS + (MOVE_REGISTERS ? 128 : 32);
constexpr int PARTS_OF_TILE = PINGPONG ? 1 : CONSUMERS;
constexpr int BM = TILE_M, BN = TILE_N, BK = TILE_BYTES / ES;
constexpr int PN = EXCHANGED ? BM : BN;  ///< columns of a product
static_assert((EXCHANGED ? BN : BM) == 64 * BLOCKS_M * PARTS_OF_TILE);
static_assert(!EXCHANGED || (PERSISTENT && BLOCKS_M == 1 && SPLIT == 1 && kType != Operand::F32));
constexpr int CHANNEL_TILES = (C + BK - 1) / BK, KT = R * S * CHANNEL_TILES;
constexpr int TILES_N = (K + BN - 1) / BN, TILES_M = (ROWS + BM - 1) / BM, TILES = TILES_M * TILES_N;
constexpr bool WINDOWED = R > 1 || S > 1 || CONV_SH > 1 || CONV_SW > 1 || CONV_PT != 0 || CONV_PL != 0;

/// GIVEN: pieces of 64 columns, and how many of them a stage takes.
[[maybe_unused]] constexpr int PIECES = GIVEN ? (BN + 63) / 64 : 0, PIECES_EACH = GIVEN ? (BM + BN) * TILE_BYTES / (BM * 128) : 1, GIVEN_STAGES = (PIECES + PIECES_EACH - 1) / PIECES_EACH;
/// Stages of a tile.
constexpr int TILE_STAGES = KT + GIVEN_STAGES;

/// F32: weights come as two TF32 numbers, in rows [0, K) and [K, 2K); activations are split on their way to registers.
constexpr bool SPLIT_OPERANDS = kType == Operand::F32;
constexpr int A_BYTES = BM * TILE_BYTES, B_BYTES = BN * TILE_BYTES, STAGE_BYTES = A_BYTES + (SPLIT_OPERANDS ? 2 : 1) * B_BYTES;
static_assert(!SPLIT_OPERANDS || (BLOCKS_M == 1 && TILE_BYTES == 128 && !PINGPONG));
static_assert(!PINGPONG || (PERSISTENT && CONSUMERS == 2));
static_assert(STAGE_BYTES % 1024 == 0, "stages keep the alignment of the swizzle");

/// Registers of a consumer thread beside its accumulators.
[[maybe_unused]] constexpr int SPARE = (MOVE_REGISTERS ? CONSUMER_REGISTERS : 65536 / ((THREADS / 32 * MIN_BLOCKS + 3) / 4 * 128)) - PN / 2 * BLOCKS_M;
#if SINTER_EPILOGUE_PREFETCHES
constexpr bool RESIDUAL = true;
#else
constexpr bool RESIDUAL = false;
#endif
// Epilogue: each warp turns its fragments into rows through shared memory of its own, CHUNK columns at a time. Blocks of
// one tile use the stages for it; their loop stays rolled, for registers.
/// Results of 16 bits are rounded in the fragments instead, where their operands find registers.
constexpr bool ROUNDED = GIVEN || (SINTER_RESULT_BYTES == 2 && SINTER_STORE_VECTOR == 8 && PERSISTENT && !EXCHANGED && !RESIDUAL);
static_assert(!GIVEN || (SINTER_RESULT_BYTES == 2 && SINTER_STORE_VECTOR == 8 && PERSISTENT && !EXCHANGED));
constexpr int CHUNK = !PERSISTENT ? BN : PN % 64 == 0 && MIN_BLOCKS == 1 && STAGES * STAGE_BYTES <= 180 * 1024 ? 64 : 32, CHUNK_PITCH = CHUNK + 8;
/// EXCHANGED: a warpgroup stages CHUNK pixels of 64 channels; the pitch keeps the transposing stores in different banks.
constexpr int PIXEL_PITCH = 64 + 4;
constexpr int WARP_BYTES = EXCHANGED ? CHUNK * PIXEL_PITCH : ROUNDED ? kRoundedBytes : 16 * CHUNK_PITCH * 4;
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
/// What of the tiles is stored.
using Region = StoredRegion<ROWS, K, ROWS % BM != 0, K % BN != 0>;
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
__launch_bounds__(THREADS, MIN_BLOCKS) conv_wgmma(const __grid_constant__ TensorMap xMap, const __grid_constant__ TensorMap wMap,
#if GIVEN
                                                                       const __grid_constant__ TensorMap givenMap,
#endif
                                                                       const EpilogueParams e) {
    extern __shared__ unsigned char unaligned[];
    unsigned char* const shared = unaligned + (-shared_address(unaligned) & 1023u);
    __shared__ alignas(8) unsigned long long full[STAGES], empty[STAGES];
    const unsigned base = shared_address(shared), fullBase = shared_address(full), emptyBase = shared_address(empty);
    // Known to be the same for all threads of a warp, it keeps the addresses of stages in uniform registers.
    const int group = PERSISTENT ? __shfl_sync(kFullWarp, threadIdx.x / 128, 0) : threadIdx.x / 128;
    const int part = SPLIT > 1 ? blockIdx.z : 0, first = KT * part / SPLIT, last = KT * (part + 1) / SPLIT;
    const int block = blockIdx.x, blocks = gridDim.x;
    const auto rowOf = [&](int tile) { return tile / TILES_N * BM; };
    const auto columnOf = [&](int tile) { return tile % TILES_N * BN; };

    if (threadIdx.x == 0) {
        prefetch_map(xMap);
        prefetch_map(wMap);
#pragma unroll
        for (int s = 0; s < STAGES; ++s) {
            barrier_init(fullBase + s * 8, 1);
            barrier_init(emptyBase + s * 8, (PINGPONG ? 1 : CONSUMERS) * (SPLIT_OPERANDS ? 4 : 1));
        }
        barrier_init_fence();
    }
    __syncthreads();
    start_dependents();
#if SPLIT > 1
    cluster_arrive();
#endif

    if (group == CONSUMERS) {
        if constexpr (MOVE_REGISTERS) give_registers<PRODUCER_REGISTERS>();
        // Weights do not depend on earlier layers: before the wait those of the first stages are under way, and the others come nearer,
        // for which one block of each column of tiles asks, through a warp that has nothing else to do where there is one.
        const int ahead0 = STAGES < last - first ? STAGES : last - first;
        if (threadIdx.x == 128 * CONSUMERS + (MOVE_REGISTERS ? 32 : 0) && block < TILES_N) {
            const int column = columnOf(block);
            for (int kt = first + ahead0; kt < last; ++kt) {
                if constexpr (R * S == 1) prefetch_tile_2d(wMap, kt * BK, column);
                else prefetch_tile_3d(wMap, kt % CHANNEL_TILES * BK, kt / CHANNEL_TILES, column);
            }
        }
        if (threadIdx.x == 128 * CONSUMERS) {
            auto copyB = [&](int stage, int kt, int column) {
                const unsigned target = base + stage * STAGE_BYTES + A_BYTES, barrier = fullBase + stage * 8;
#pragma unroll
                for (int half = 0; half < (SPLIT_OPERANDS ? 2 : 1); ++half) {
                    if constexpr (R * S == 1) copy_tile_2d(target + half * B_BYTES, wMap, barrier, kt * BK, column + half * K);
                    else copy_tile_3d(target + half * B_BYTES, wMap, barrier, kt % CHANNEL_TILES * BK, kt / CHANNEL_TILES, column + half * K);
                }
            };
            auto copyA = [&](int stage, int kt, int row) {
                const unsigned target = base + stage * STAGE_BYTES, barrier = fullBase + stage * 8;
                if constexpr (WINDOWED) {
                    const int n = row / (P * Q), pq = row % (P * Q), tap = kt / CHANNEL_TILES, w = pq % Q * CONV_SW - CONV_PL, h = pq / Q * CONV_SH - CONV_PT;
                    copy_im2col(target, xMap, barrier, kt % CHANNEL_TILES * BK, w, h, n, tap % S * CONV_DW, tap / S * CONV_DH);
                } else {
                    copy_tile_2d(target, xMap, barrier, kt * BK, row);
                }
            };
            int ahead = ahead0;
            if (block < TILES) {
                for (int s = 0; s < ahead; ++s) {
                    barrier_expect(fullBase + s * 8, STAGE_BYTES);
                    copyB(s, first + s, columnOf(block));
                }
            }
            wait_for_producers();
            int stage = 0, phase = 1;
            for (int tile = block; tile < TILES; tile += blocks) {
                const int row = rowOf(tile), column = columnOf(tile);
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
#if GIVEN
#pragma unroll
                for (int g = 0; g < PIECES; g += PIECES_EACH) {
                    constexpr int PIECE_BYTES = BM * 128;
                    const int pieces = PIECES - g < PIECES_EACH ? PIECES - g : PIECES_EACH;
                    barrier_wait(emptyBase + stage * 8, phase);
                    barrier_expect(fullBase + stage * 8, pieces * PIECE_BYTES);
                    for (int i = 0; i < pieces; ++i) copy_tile_2d(base + stage * STAGE_BYTES + i * PIECE_BYTES, givenMap, fullBase + stage * 8, column + (g + i) * 64, row);
                    if (++stage == STAGES) {
                        stage = 0;
                        phase ^= 1;
                    }
                }
#endif
            }
        }
    } else {
        if constexpr (MOVE_REGISTERS) take_registers<CONSUMER_REGISTERS>();
        const int consumer = group, thread = threadIdx.x & 127;
        [[maybe_unused]] const int warp = thread >> 5, lane = thread & 31;
#if FRAGMENTS
        // No results pass through shared memory.
#elif EXCHANGED
        [[maybe_unused]] unsigned char* const scratch = shared + STAGES * STAGE_BYTES + consumer * 4 * WARP_BYTES;
#elif PERSISTENT
        [[maybe_unused]] unsigned char* const scratch = shared + STAGES * STAGE_BYTES + (consumer * 4 + warp) * WARP_BYTES;
#else
        [[maybe_unused]] unsigned char* const scratch = shared + (consumer * 4 + warp) * WARP_BYTES;
#endif
        // With PINGPONG a consumer passes over the stages of the other's tiles, and takes its turn at the ring: the parity of a
        // barrier tells only neighbouring phases apart.
        if (PINGPONG && consumer == 1) named_barrier_arrive(2, 256);
        const int part0 = PINGPONG ? consumer : 0, rowBase = PINGPONG ? 0 : consumer * (BLOCKS_M * 64);  // of operand A
        int stage = part0 * TILE_STAGES % STAGES, phase = part0 * TILE_STAGES / STAGES & 1;
        const auto release = [&](int s) {
            if (thread == 0) barrier_arrive(emptyBase + s * 8);
        };
        for (int tile = block + part0 * blocks; tile < TILES; tile += blocks * (PINGPONG ? 2 : 1)) {
#if FRAGMENTS
            wait_for_producers();
            FragmentRows<BLOCKS_M, BN, EARLY, ROWS, K> fragments(e, rowOf(tile) + rowBase, columnOf(tile));
#endif
#if SINTER_EPILOGUE_PREFETCHES && EXCHANGED
#pragma unroll
            for (int l = thread; l < BM; l += 128) {  // residual operands come nearer while the products run
                const int row = rowOf(tile) + l, column = columnOf(tile) + rowBase;
                if (row < ROWS && column < K) epilogue_prefetch(e, row, column);
            }
#elif SINTER_EPILOGUE_PREFETCHES && SPLIT == 1 && !(FRAGMENTS && SINTER_EPILOGUE_BYTES)
            constexpr int LINES = (BN + 63) / 64;  // of 64 columns: residual operands come nearer while the products run
#pragma unroll
            for (int l = lane; l < BLOCKS_M * 16 * LINES; l += 32) {
                const int r = l / LINES, row = rowOf(tile) + rowBase + r / 16 * 64 + warp * 16 + r % 16;
                const int column = columnOf(tile) + l % LINES * 64;
                if (row < ROWS && column < K) epilogue_prefetch(e, row, column);
            }
#endif
#if SINTER_EPILOGUE_ROWS
            __shared__ EpilogueRow statistics[STATISTICS_ROWS];
            wait_for_producers();
#if SPLIT > 1
            const TileStatistics tileStatistics = statistics;
            gather_statistics<Sums::OWNED, 128 * CONSUMERS>(e, rowOf(tile) + part * Sums::OWNED, ROWS, threadIdx.x, statistics);
#elif EXCHANGED
            const TileStatistics tileStatistics = statistics + consumer * BM;
            gather_statistics<BM, 128>(e, rowOf(tile), ROWS, thread, statistics + consumer * BM);
#else
            const TileStatistics tileStatistics = statistics + (consumer * 4 + warp) * (BLOCKS_M * 16);
#pragma unroll
            for (int i = 0; i < BLOCKS_M; ++i)
                gather_statistics<16, 32>(e, rowOf(tile) + rowBase + i * 64 + warp * 16, ROWS, lane, statistics + (consumer * 4 + warp) * (BLOCKS_M * 16) + i * 16);
#endif
#else
            constexpr TileStatistics tileStatistics{};
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
                    release(previous);
                }
                previous = stage;
                if (++stage == STAGES) {
                    stage = 0;
                    phase ^= 1;
                }
            }
            if constexpr (PINGPONG) named_barrier_arrive(3 - consumer, 256);
            warpgroup_wait<0>();
            release(previous);
#endif
            // The next stages of the ring are this tile's given operand; with PINGPONG the other's tile follows.
            [[maybe_unused]] int givenStage = stage, givenPhase = phase;
            if constexpr (PINGPONG || GIVEN) {
                const int passed = stage + GIVEN_STAGES + (PINGPONG ? TILE_STAGES : 0);
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
            const int row0 = rowOf(tile) + part * Sums::OWNED, column0 = columnOf(tile);
#pragma unroll 1
            for (int index = threadIdx.x; index < Sums::OWNED * (BN / kRun); index += 128 * CONSUMERS) {
                const int r = index / (BN / kRun), c = index % (BN / kRun) * kRun;
                if (!Region::row(row0 + r) || !Region::column(column0 + c)) continue;
                float v[kRun];
                Sums::receive(sums, r, c, v);
                apply_with(tileStatistics, r, e, row0 + r, column0 + c, v);
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
            const int row0 = rowOf(tile), column0 = columnOf(tile) + rowBase;
            if (column0 < K) {
                const ExchangedRows<BYTE_CHUNK> out(e, column0, shared_address(scratch));
#pragma unroll
                for (int chunk = 0; chunk < BM; chunk += BYTE_CHUNK) {
                    out.store(acc[0] + chunk / 2, 4 + consumer, [&](int pixel) {
                        const int row = row0 + chunk + pixel;
                        return Region::row(row) ? row : -1;
                    });
                }
            }
#elif EXCHANGED
            store_pixels<BM, CHUNK, PIXEL_PITCH, SPARE, Region>(e, tileStatistics, acc[0], reinterpret_cast<Accumulator*>(scratch), rowOf(tile), columnOf(tile) + rowBase, 4 + consumer);
#else
            const int row0 = rowOf(tile) + rowBase + warp * 16, column0 = columnOf(tile);
#if SINTER_RESULT_BYTES == 2
            if constexpr (ROUNDED) {
                constexpr int WIDTH = SPARE < 64 ? 32 : 64, LAST = BN % WIDTH == 0 ? WIDTH : BN % WIDTH;
#pragma unroll
                for (int chunk = 0; chunk < BN; chunk += WIDTH) {
                    unsigned given = 0;
#if GIVEN
                    if (chunk % (64 * PIECES_EACH) == 0) barrier_wait(fullBase + givenStage * 8, givenPhase);
                    given = base + givenStage * STAGE_BYTES + chunk / 64 % PIECES_EACH * (BM * 128) + (rowBase + warp * 16) * 128;
#endif
#pragma unroll
                    for (int i = 0; i < BLOCKS_M; ++i) {
                        const Accumulator* d = acc[i] + chunk / 2;
                        const int row = row0 + i * 64, column = column0 + chunk;
                        if (chunk + WIDTH <= BN) store_rounded<WIDTH, Region>(e, tileStatistics + i * 16, d, shared_address(scratch), row, column, lane, given + i * (64 * 128), chunk % 64);
                        else store_rounded<LAST, Region>(e, tileStatistics + i * 16, d, shared_address(scratch), row, column, lane, given + i * (64 * 128), chunk % 64);
                    }
#if GIVEN
                    if (chunk + WIDTH >= BN || (chunk + WIDTH) % (64 * PIECES_EACH) == 0) {
                        named_barrier(4 + consumer, 128);
                        release(givenStage);
                        if (++givenStage == STAGES) {
                            givenStage = 0;
                            givenPhase ^= 1;
                        }
                    }
#endif
                }
            } else
#endif
            {
#pragma unroll
                for (int i = 0; i < BLOCKS_M; ++i) store_staged<BN, CHUNK, CHUNK_PITCH, SPARE, Region>(e, tileStatistics + i * 16, acc[i], reinterpret_cast<Accumulator*>(scratch), row0 + i * 64, column0, lane);
            }
#endif
#endif
        }
    }
}
