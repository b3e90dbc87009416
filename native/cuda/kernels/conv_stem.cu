// The first convolution of an image network, on tensor cores: up to four input channels, read as planes (NCHW) of any float
// type, results channels-last. A block keeps a piece of the image in shared memory, its weights too. In 16 bits a pixel has four
// channels there, so that four neighbouring taps of a filter row are the 32 bytes of one product step, whatever the stride. In float32
// (TF32 products, one or three of parts) pixels lie without gaps and a step is eight numbers of a filter row.
//
// Macros: OPERAND (see Operand; no I8), X_T, CONV_IMAGES, CONV_H, _W, _C, _K, _R, _S, _P, _Q, _SH, _SW, _PT, _PL,
//         TILE_H, TILE_W (result pixels of a block), TILE_N (channels of a block), WARPS, MIN_BLOCKS,
//         BYTE_RESULTS (results are bytes, and weights lie as fragment_rows.cuh wants them)
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "prelude_mma.cuh"
#include "epilogue.cuh"
#include "tile_rows.cuh"
#if BYTE_RESULTS
#include "fragment_rows.cuh"
#endif

namespace {

constexpr Operand kType = static_cast<Operand>(OPERAND);
#if OPERAND == 0
using Element = half_t;
#elif OPERAND == 1
using Element = bf16_t;
#else
using Element = float;
#endif
constexpr bool WIDE = sizeof(Element) == 4;
constexpr int H = CONV_H, W = CONV_W, C = CONV_C, K = CONV_K, R = CONV_R, S = CONV_S, P = CONV_P, Q = CONV_Q, SH = CONV_SH, SW = CONV_SW;
constexpr int BM = TILE_H * TILE_W, BN = TILE_N, THREADS = 32 * WARPS, MT = BM / (16 * WARPS), NT = BN / 8;
static_assert(BM % (16 * WARPS) == 0 && BN % 16 == 0 && C <= 4);

constexpr int ROW_STEPS = WIDE ? (S * C + 7) / 8 : (S + 3) / 4;                 ///< of 32 bytes, in a filter row
constexpr int TAPS = WIDE ? (ROW_STEPS * 8 + C - 1) / C : ROW_STEPS * 4;         ///< pixels that these read
constexpr int STEPS = R * ROW_STEPS;
constexpr int CHANNELS = WIDE ? C : 4, PIXEL_BYTES = CHANNELS * static_cast<int>(sizeof(Element));
constexpr int WEIGHT_ROW = STEPS * 32, WEIGHT_PITCH = WEIGHT_ROW + 16;
constexpr int PIECE_H = (TILE_H - 1) * SH + R, PIECE_W = (TILE_W - 1) * SW + TAPS;
constexpr int PIECE_BYTES = (PIECE_H * PIECE_W * PIXEL_BYTES + 15) / 16 * 16;
constexpr int ROW_PITCH = BN + 8;
constexpr int TILES_H = (P + TILE_H - 1) / TILE_H, TILES_W = (Q + TILE_W - 1) / TILE_W, TILES = CONV_IMAGES * TILES_H * TILES_W;

}  // namespace

using Sums = float[MT][NT][4];  ///< for F32 those of a filter row are summed apart
/// Columns 16j to 16j + 15 of a step.
template <Operand OP>
__device__ __forceinline__ void multiply(Sums& sums, int j, const unsigned (&a)[MT][4], const unsigned (&b)[4]) {
#pragma unroll
    for (int i = 0; i < MT; ++i) {
        mma_step<OP>(sums[i][j * 2], a[i], b[0], b[1]);
        mma_step<OP>(sums[i][j * 2 + 1], a[i], b[2], b[3]);
    }
}

/// x: planes, strides in elements between images, channels and rows. w: [K][STEPS][32 bytes], each filter row [taps][channels] as pixels
/// are, zero-padded.
extern "C" __global__ void __launch_bounds__(THREADS, MIN_BLOCKS)
    conv_stem(const X_T* __restrict__ x, const unsigned char* __restrict__ w, long long imageStride, int channelStride, int rowStride, const EpilogueParams e) {
    extern __shared__ __align__(16) unsigned char shared[];
    unsigned char* const weights = shared;
    unsigned char* const piece = shared + BN * WEIGHT_PITCH;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, n0 = blockIdx.y * BN;
    [[maybe_unused]] float* const rows = reinterpret_cast<float*>(piece + PIECE_BYTES) + warp * (16 * ROW_PITCH);

    start_dependents();
    for (int i = threadIdx.x; i < BN * (WEIGHT_ROW / 16); i += THREADS) {
        const int row = i / (WEIGHT_ROW / 16), chunk = i % (WEIGHT_ROW / 16);
        const bool valid = n0 + row < K;
        copy_async<16>(shared_address(weights) + row * WEIGHT_PITCH + chunk * 16, valid ? w + static_cast<long long>(n0 + row) * WEIGHT_ROW + chunk * 16 : w, valid);
    }
    copy_commit();
    wait_for_producers();

    // The next piece's pixels wait in registers while this one is multiplied.
    constexpr int PIXELS = (PIECE_H * PIECE_W + THREADS - 1) / THREADS;
    X_T pixels[PIXELS][C];
    const auto fetch = [&](int tile) {
        const int image = tile / (TILES_H * TILES_W), h0 = tile / TILES_W % TILES_H * TILE_H * SH - CONV_PT, w0 = tile % TILES_W * TILE_W * SW - CONV_PL;
        const X_T* source = x + image * imageStride;
#pragma unroll
        for (int i = 0; i < PIXELS; ++i) {
            const int at = threadIdx.x + i * THREADS, h = h0 + at / PIECE_W, v = w0 + at % PIECE_W;
            const bool inside = static_cast<unsigned>(h) < static_cast<unsigned>(H) && static_cast<unsigned>(v) < static_cast<unsigned>(W);
#pragma unroll
            for (int c = 0; c < C; ++c) pixels[i][c] = inside ? source[c * channelStride + h * rowStride + v] : X_T{0};
        }
    };
    if (blockIdx.x < TILES) fetch(blockIdx.x);
    for (int tile = blockIdx.x; tile < TILES; tile += gridDim.x) {
        const int image = tile / (TILES_H * TILES_W), p0 = tile / TILES_W % TILES_H * TILE_H, q0 = tile % TILES_W * TILE_W;
        __syncthreads();  // the piece before this one has been read
#pragma unroll
        for (int i = 0; i < PIXELS; ++i) {
            const int at = threadIdx.x + i * THREADS;
            Element pixel[CHANNELS] = {};
#pragma unroll
            for (int c = 0; c < C; ++c) pixel[c] = convert<Element>(pixels[i][c]);
            if (at < PIECE_H * PIECE_W) {
                Element* const place = reinterpret_cast<Element*>(piece + at * PIXEL_BYTES);
                if constexpr (WIDE) {
#pragma unroll
                    for (int c = 0; c < CHANNELS; ++c) place[c] = pixel[c];
                } else {
                    store_vec<CHANNELS>(place, pixel);
                }
            }
        }
        copy_wait<0>();
        __syncthreads();
        if (tile + gridDim.x < TILES) fetch(tile + gridDim.x);

        Sums acc, sums;
        clear(acc);
        int offset[MT][2];
#pragma unroll
        for (int i = 0; i < MT; ++i) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int m = (warp * MT + i) * 16 + half * 8 + (lane >> 2);
                offset[i][half] = (m / TILE_W * SH * PIECE_W + m % TILE_W * SW) * PIXEL_BYTES + (lane & 3) * 4;
            }
        }
        const unsigned fragments = shared_address(weights) + ((lane & 7) + ((lane >> 4) << 3)) * WEIGHT_PITCH + ((lane >> 3) & 1) * 16;
#pragma unroll(kType != Operand::F32 && R <= 7 ? R : 1)
        for (int r = 0; r < R; ++r) {
            if constexpr (kType == Operand::F32) clear(sums);
#pragma unroll
            for (int t = 0; t < ROW_STEPS; ++t) {
                const unsigned char* from = piece + r * PIECE_W * PIXEL_BYTES + t * 32;
                unsigned a[MT][4], aLow[MT][4];
#pragma unroll
                for (int i = 0; i < MT; ++i) {
#pragma unroll
                    for (int k = 0; k < 4; ++k) a[i][k] = *reinterpret_cast<const unsigned*>(from + offset[i][k & 1] + (k >> 1) * 16);
                    if constexpr (kType == Operand::F32) split_tf32(a[i], a[i], aLow[i]);
                }
#pragma unroll
                for (int j = 0; j < NT / 2; ++j) {
                    unsigned b[4], bLow[4];
                    load_matrix_x4(b, fragments + j * 16 * WEIGHT_PITCH + (r * ROW_STEPS + t) * 32);
                    if constexpr (kType == Operand::F32) {
                        split_tf32(b, b, bLow);
                        multiply<Operand::TF32>(sums, j, aLow, b);
                        multiply<Operand::TF32>(sums, j, a, bLow);
                        multiply<Operand::TF32>(sums, j, a, b);
                    } else {
                        multiply<kType>(acc, j, a, b);
                    }
                }
            }
            if constexpr (kType == Operand::F32) add(acc, sums);
        }

#if BYTE_RESULTS
        const int column = n0 + (lane & 3) * kFragmentRun;
        uint32_t words[MT * 2][kFragmentRun / 4];
        fragment_words(
            e, column, [&](int r, int k) { return acc[r / 2][k / 2][r % 2 * 2 + k % 2]; }, [](int, int, int) { return 0u; }, words);
#pragma unroll
        for (int r = 0; r < MT * 2; ++r) {
            const int m = (warp * MT + r / 2) * 16 + r % 2 * 8 + (lane >> 2), p = p0 + m / TILE_W, q = q0 + m % TILE_W;
            if (p < P && q < Q) epilogue_store_words<kFragmentRun>(e, (image * P + p) * Q + q, column, words[r]);
        }
#else
#pragma unroll
        for (int i = 0; i < MT; ++i) {
#pragma unroll
            for (int j = 0; j < NT; ++j) {
                float* target = rows + (lane >> 2) * ROW_PITCH;
                stage_pair(target, j * 8 + (lane & 3) * 2, acc[i][j][0], acc[i][j][1]);
                stage_pair(target + 8 * ROW_PITCH, j * 8 + (lane & 3) * 2, acc[i][j][2], acc[i][j][3]);
            }
            __syncwarp();
#pragma unroll 2
            for (int index = lane; index < 16 * (BN / kRun); index += 32) {
                const int r = index / (BN / kRun), column = index % (BN / kRun) * kRun, m = (warp * MT + i) * 16 + r;
                const int p = p0 + m / TILE_W, q = q0 + m % TILE_W;
                if (p >= P || q >= Q || n0 + column >= K) continue;
                float v[kRun];
                load_run(rows + r * ROW_PITCH, column, v);
                epilogue(e, (image * P + p) * Q + q, n0 + column, v);
            }
            __syncwarp();
        }
#endif
    }
}
