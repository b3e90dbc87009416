// Convolution and matrix product as implicit GEMM on tensor cores: mma.sync fed by a cp.async pipeline (sm_80 and newer).
// Result rows are output pixels (n, p, q), columns output channels; the reduction runs over taps (r, s) and channels.
//
// x: channels last, `pitch` elements between pixels.  w: [GROUPS * K][KP], taps outermost, channels innermost, zero-padded.
// Macros: OPERAND (see Operand), CONV_ROWS, CONV_H, _W, _C, _K (C and K per group), _R, _S, _P, _Q, _SH, _SW (strides),
//         _PT, _PL (padding before), _DH, _DW (dilations), _GROUPS, _KP (elements of a weight row),
//         COPY_BYTES (of one copy of x: 4, 8, 16)
//   tile: TILE_M, TILE_N, TILE_BYTES (of the reduction, in a stage: 64 or 128), WARPS_M, WARPS_N, STAGES, MIN_BLOCKS,
//         SPLIT (blocks of a cluster that share the reduction of one tile; their sums are added in rank order)
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "prelude_mma.cuh"
#include "epilogue.cuh"
#include "tile_rows.cuh"
#if SINTER_EPILOGUE_ROWS
#include "tile_statistics.cuh"
#endif
#if PATCHES
#include "gather_patches.cuh"
#endif

namespace {

constexpr Operand kType = static_cast<Operand>(OPERAND);
constexpr int ROWS = CONV_ROWS, H = CONV_H, W = CONV_W, C = CONV_C, K = CONV_K, R = CONV_R, S = CONV_S, P = CONV_P, Q = CONV_Q;
constexpr int SH = CONV_SH, SW = CONV_SW, PT = CONV_PT, PL = CONV_PL, DH = CONV_DH, DW = CONV_DW, GROUPS = CONV_GROUPS, KP = CONV_KP;
constexpr int BM = TILE_M, BN = TILE_N, BKB = TILE_BYTES, VECTOR = COPY_BYTES;

constexpr int ES = OperandTraits<kType>::bytes;
using Accumulator = OperandTraits<kType>::Accumulator;

constexpr int THREADS = 32 * WARPS_M * WARPS_N;
constexpr int BK = BKB / ES;
constexpr int REDUCTION = R * S * C;
constexpr int KT = (REDUCTION + BK - 1) / BK;
constexpr int TILES_N = (K + BN - 1) / BN;
constexpr bool POINTWISE = R == 1 && S == 1 && SH == 1 && SW == 1 && PT == 0 && PL == 0 && P == H && Q == W;
constexpr bool GUARDED = R > 1 || S > 1 || PT > 0 || PL > 0;  ///< taps may fall outside the image
constexpr bool WHOLE_TAPS = C % BK == 0;                      ///< a stage never spans two taps
constexpr int CHANNEL_TILES = WHOLE_TAPS ? C / BK : 1;

constexpr int A_VECTORS = BKB / VECTOR;                ///< per row
constexpr int A_ROWS = THREADS / A_VECTORS;            ///< rows of one pass of all threads
constexpr int A_PASSES = (BM + A_ROWS - 1) / A_ROWS;
constexpr int B_VECTORS = BKB / 16;
constexpr int B_ROWS = THREADS / B_VECTORS;
constexpr int B_PASSES = (BN + B_ROWS - 1) / B_ROWS;
constexpr int A_BYTES = BM * BKB, B_BYTES = BN * BKB, STAGE_BYTES = A_BYTES + B_BYTES;

constexpr int WTM = BM / WARPS_M, WTN = BN / WARPS_N, MT = WTM / 16, NT = WTN / 8;
constexpr int TILE_PITCH = BN + 8;  ///< floats; keeps the fragments of a warp in different banks
static_assert(WTM % 16 == 0 && WTN % 16 == 0 && R <= 16 && S <= 16);

/// Where 16-byte chunk `chunk` of a row lies within its stage: rows are rotated against bank conflicts.
__device__ __forceinline__ int swizzled(int row, int chunk) {
    const int turn = BKB == 128 ? (row & 7) : ((row >> 1) & 3);
    return row * BKB + ((chunk ^ turn) << 4);
}

/// sums += a · b, one step of the reduction.
template <Operand OP>
__device__ __forceinline__ void multiply(Accumulator (&sums)[MT][NT][4], const unsigned (&a)[MT][4], const unsigned (&b)[NT / 2][4]) {
#pragma unroll
    for (int i = 0; i < MT; ++i) {
#pragma unroll
        for (int j = 0; j < NT; ++j) mma_step<OP>(sums[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
    }
}

}  // namespace

extern "C" __global__ void
#if SPLIT > 1
__cluster_dims__(1, 1, SPLIT)
#endif
__launch_bounds__(THREADS, MIN_BLOCKS) conv_mma(const unsigned char* __restrict__ x, const unsigned char* __restrict__ w, int pitch, const EpilogueParams e) {
    extern __shared__ __align__(1024) unsigned char shared[];
    const unsigned base = shared_address(shared);
    const int tid = threadIdx.x, lane = tid & 31, warp = tid >> 5;
    const int m0 = static_cast<int>(blockIdx.x / TILES_N) * BM, n0 = static_cast<int>(blockIdx.x % TILES_N) * BN;
    const int group = GROUPS > 1 ? blockIdx.z / SPLIT : 0, part = SPLIT > 1 ? blockIdx.z % SPLIT : 0;
    const int first = KT * part / SPLIT, last = KT * (part + 1) / SPLIT;

    start_dependents();
#if SPLIT > 1
    cluster_arrive();
#endif

    // The rows of x this thread copies: offset of their first tap, and which filter rows and columns fall inside the image.
    const int aVector = tid % A_VECTORS, aRow = tid / A_VECTORS;
    int aOffset[A_PASSES];
    unsigned aMask[A_PASSES];
#pragma unroll
    for (int i = 0; i < A_PASSES; ++i) {
        const int m = m0 + aRow + i * A_ROWS;
        const bool inside = m < ROWS && aRow + i * A_ROWS < BM;
        if constexpr (POINTWISE) {
            aOffset[i] = m * pitch;
            aMask[i] = inside ? 0x10001u : 0u;
        } else {
            const int n = m / (P * Q), pq = m % (P * Q), h = pq / Q * SH - PT, v = pq % Q * SW - PL;
            aOffset[i] = ((n * H + h) * W + v) * pitch;
            unsigned mask = 0;
            if (inside) {
                if constexpr (GUARDED) {
#pragma unroll
                    for (int r = 0; r < R; ++r) mask |= static_cast<unsigned>(h + r * DH) < static_cast<unsigned>(H) ? 1u << r : 0u;
#pragma unroll
                    for (int s = 0; s < S; ++s) mask |= static_cast<unsigned>(v + s * DW) < static_cast<unsigned>(W) ? 0x10000u << s : 0u;
                } else {
                    mask = 0x10001u;
                }
            }
            aMask[i] = mask;
        }
    }
    const unsigned char* xGroup = x + static_cast<long long>(group) * C * ES;

    const int bVector = tid % B_VECTORS, bRow = tid / B_VECTORS;
    const unsigned char* bSource = w + (static_cast<long long>(group * K + n0 + bRow) * KP) * ES + bVector * 16;

    // The tap and channel of the next stage of x to be copied (WHOLE_TAPS only: other reductions find them by division).
    int tapR = 0, tapS = 0, channel = 0;
    if constexpr (WHOLE_TAPS) {
        const int tap = first / CHANNEL_TILES;
        channel = first % CHANNEL_TILES * BK;
        tapR = tap / S;
        tapS = tap % S;
    }

    auto loadA = [&](int stage, int kt) {
        const unsigned target = base + stage * STAGE_BYTES;
        int r = tapR, s = tapS, c = channel + aVector * (VECTOR / ES);
        bool inside = true;
        if constexpr (!WHOLE_TAPS) {
            const int k = kt * BK + aVector * (VECTOR / ES), tap = k / C;
            c = k % C;
            r = tap / S;
            s = tap % S;
            inside = k < REDUCTION;
        }
        const int shift = (r * DH * W + s * DW) * pitch + c;
#pragma unroll
        for (int i = 0; i < A_PASSES; ++i) {
            const int row = aRow + i * A_ROWS;
            if (BM % A_ROWS != 0 && row >= BM) break;
            const bool valid = inside && ((aMask[i] >> r) & (aMask[i] >> (16 + s)) & 1u);
            const unsigned char* source = valid ? xGroup + static_cast<long long>(aOffset[i] + shift) * ES : x;
            copy_async<VECTOR>(target + swizzled(row, aVector * VECTOR / 16) + (VECTOR < 16 ? aVector * VECTOR % 16 : 0), source, valid);
        }
        if constexpr (WHOLE_TAPS) {
            channel += BK;
            if (channel == C) {
                channel = 0;
                if (++tapS == S) {
                    tapS = 0;
                    ++tapR;
                }
            }
        }
    };
    auto loadB = [&](int stage, int kt) {
        const unsigned target = base + stage * STAGE_BYTES + A_BYTES;
        const bool inside = KP % BK == 0 || kt * BK + bVector * (16 / ES) < KP;
#pragma unroll
        for (int i = 0; i < B_PASSES; ++i) {
            const int row = bRow + i * B_ROWS;
            if (BN % B_ROWS != 0 && row >= BN) break;
            const bool valid = inside && (K % BN == 0 || n0 + row < K);
            const unsigned char* source = valid ? bSource + (static_cast<long long>(i) * B_ROWS * KP + static_cast<long long>(kt) * BK) * ES : w;
            copy_async<16>(target + swizzled(row, bVector), source, valid);
        }
    };

    // Weights do not depend on earlier layers: they are under way before the wait.
#pragma unroll
    for (int s = 0; s < STAGES - 1; ++s) {
        if (first + s < last) loadB(s, first + s);
    }
#if __CUDA_ARCH__ >= 900
    // The rest of them comes nearer: one block of each column of tiles asks.
    if (blockIdx.x < TILES_N && first + STAGES - 1 < last) {
        const int from = (first + STAGES - 1) * BKB, bytes = min(last * BKB, KP * ES) - from;
        for (int row = tid; row < BN && n0 + row < K; row += THREADS) prefetch_bytes(w + static_cast<long long>(group * K + n0 + row) * (KP * ES) + from, bytes);
    }
#endif
    wait_for_producers();
#pragma unroll
    for (int s = 0; s < STAGES - 1; ++s) {
        if (first + s < last) loadA(s, first + s);
        copy_commit();
    }

#if SINTER_EPILOGUE_ROWS
    __shared__ EpilogueRow statistics[BM / SPLIT];
    gather_statistics<BM / SPLIT, THREADS>(e, m0 + part * (BM / SPLIT), ROWS, tid, statistics);
#else
    constexpr TileStatistics statistics{};
#endif

    Accumulator acc[MT][NT][4] = {};
    const int wm = warp / WARPS_N * WTM, wn = warp % WARPS_N * WTN;
    const int fragmentA = wm + (lane & 15), chunkA = lane >> 4;
    const int fragmentB = wn + (lane & 7) + ((lane >> 4) << 3), chunkB = (lane >> 3) & 1;

    int stage = 0, next = STAGES - 1;
    for (int kt = first; kt < last; ++kt) {
        copy_wait<STAGES - 2>();
        __syncthreads();
        if (kt + STAGES - 1 < last) {
            loadA(next, kt + STAGES - 1);
            loadB(next, kt + STAGES - 1);
        }
        copy_commit();
        next = next + 1 == STAGES ? 0 : next + 1;

        const unsigned a0 = base + stage * STAGE_BYTES, b0 = a0 + A_BYTES;
        stage = stage + 1 == STAGES ? 0 : stage + 1;
        Accumulator sums[MT][NT][4];  // of this stage, for F32
        if constexpr (kType == Operand::F32) clear(sums);
#pragma unroll
        for (int step = 0; step < BKB / 32; ++step) {
            unsigned a[MT][4], b[NT / 2][4];
#pragma unroll
            for (int i = 0; i < MT; ++i) load_matrix_x4(a[i], a0 + swizzled(fragmentA + i * 16, step * 2 + chunkA));
#pragma unroll
            for (int j = 0; j < NT / 2; ++j) load_matrix_x4(b[j], b0 + swizzled(fragmentB + j * 16, step * 2 + chunkB));
            if constexpr (kType == Operand::F32) {
                unsigned aLow[MT][4], bLow[NT / 2][4];
#pragma unroll
                for (int i = 0; i < MT; ++i) split_tf32(a[i], a[i], aLow[i]);
#pragma unroll
                for (int j = 0; j < NT / 2; ++j) split_tf32(b[j], b[j], bLow[j]);
                multiply<Operand::TF32>(sums, aLow, b);
                multiply<Operand::TF32>(sums, a, bLow);
                multiply<Operand::TF32>(sums, a, b);
            } else {
                if constexpr (kType == Operand::TF32) {
#pragma unroll
                    for (int t = 0; t < 4; ++t) {
#pragma unroll
                        for (int i = 0; i < MT; ++i) a[i][t] = round_tf32(a[i][t]);
#pragma unroll
                        for (int j = 0; j < NT / 2; ++j) b[j][t] = round_tf32(b[j][t]);
                    }
                }
                multiply<kType>(acc, a, b);
            }
        }
        if constexpr (kType == Operand::F32) add(acc, sums);
    }

    // The tile goes through shared memory, so that the epilogue sees runs of channels of one pixel.
    constexpr int VECTORS = BN / kRun, TOGETHER = 4;  // runs in flight: their operands load side by side
#if SPLIT > 1
    using Sums = SharedSums<SPLIT, BM, TILE_PITCH, Accumulator>;
    constexpr int COUNT = Sums::OWNED * VECTORS;
    const int row0 = m0 + part * Sums::OWNED;
    const unsigned receive = base + STAGES * STAGE_BYTES;
    const Accumulator* const tile = reinterpret_cast<const Accumulator*>(shared + STAGES * STAGE_BYTES);
    cluster_wait();
#pragma unroll
    for (int i = 0; i < MT; ++i) {
#pragma unroll
        for (int j = 0; j < NT; ++j) {
            const int row = wm + i * 16 + (lane >> 2), column = wn + j * 8 + (lane & 3) * 2;
            Sums::send(receive, part, row, column, acc[i][j][0], acc[i][j][1]);
            Sums::send(receive, part, row + 8, column, acc[i][j][2], acc[i][j][3]);
        }
    }
    cluster_arrive();
    cluster_wait();
#else
    constexpr int COUNT = BM * VECTORS;
    const int row0 = m0;
    copy_wait<0>();
    __syncthreads();
    Accumulator* const tile = reinterpret_cast<Accumulator*>(shared);
#pragma unroll
    for (int i = 0; i < MT; ++i) {
#pragma unroll
        for (int j = 0; j < NT; ++j) {
            Accumulator* target = tile + (wm + i * 16 + (lane >> 2)) * TILE_PITCH;
            const int column = wn + j * 8 + (lane & 3) * 2;
            stage_pair(target, column, acc[i][j][0], acc[i][j][1]);
            stage_pair(target + 8 * TILE_PITCH, column, acc[i][j][2], acc[i][j][3]);
        }
    }
    __syncthreads();
#endif

#pragma unroll 1
    for (int start = tid; start < COUNT; start += TOGETHER * THREADS) {
        float v[TOGETHER][kRun];
#pragma unroll
        for (int u = 0; u < TOGETHER; ++u) {
            const int index = start + u * THREADS, row = index / VECTORS, column = index % VECTORS * kRun;
            if (index >= COUNT || row0 + row >= ROWS || n0 + column >= K) continue;
#if SPLIT > 1
            Sums::receive(tile, row, column, v[u]);
#else
            load_run(tile + row * TILE_PITCH, column, v[u]);
#endif
            apply_with(statistics, row, e, row0 + row, group * K + n0 + column, v[u]);
        }
#pragma unroll
        for (int u = 0; u < TOGETHER; ++u) {
            const int index = start + u * THREADS, row = index / VECTORS, column = index % VECTORS * kRun;
            if (index >= COUNT || row0 + row >= ROWS || n0 + column >= K) continue;
            epilogue_store(e, row0 + row, group * K + n0 + column, v[u]);
        }
    }
}
