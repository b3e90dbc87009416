// The first convolution of an image network on Hopper: up to eight input channels, read as planes (NCHW) of any float type, strides
// 1 and 2, results of 16 bits or bytes, channels-last. A block keeps a piece of the image in shared memory, pixels of 16 / stride
// bytes, so that the windows of neighbouring results start 16 bytes apart: eight of them are the rows of one unswizzled core
// matrix, although they overlap. wgmma reads them where they lie: nothing is gathered. The next piece is fetched during the products.
//
// Macros: OPERAND (F16 or BF16), X_T, CONV_IMAGES, CONV_H, _W, _C, _K, _R, _S, _P, _Q, _SH, _SW, _PT, _PL (no dilation),
//         BLOCKS_H, BLOCKS_W (of 8 × 8 results, in a tile), TILE_N (channels of a block: 32 or 64), MIN_BLOCKS
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "prelude_wgmma.cuh"
#include "epilogue.cuh"
#include "fragment_rows.cuh"

namespace {

constexpr Operand kType = static_cast<Operand>(OPERAND);
constexpr int H = CONV_H, W = CONV_W, C = CONV_C, K = CONV_K, R = CONV_R, S = CONV_S, P = CONV_P, Q = CONV_Q, SH = CONV_SH, SW = CONV_SW;
constexpr int THREADS = 128, BLOCKS = BLOCKS_H * BLOCKS_W, TILE_H = 8 * BLOCKS_H, TILE_W = 8 * BLOCKS_W, BN = TILE_N;
constexpr int PIXEL_BYTES = 16 / SW, CHANNELS = PIXEL_BYTES / 2, STEP = 32;
static_assert((SW == 1 || SW == 2) && C <= CHANNELS);

constexpr int ROW_STEPS = (S * PIXEL_BYTES + STEP - 1) / STEP, STEPS = R * ROW_STEPS;  ///< product steps of a filter row, of all
constexpr int PIECE_H = (TILE_H - 1) * SH + R, PIECE_W = (TILE_W - 1) * SW + ROW_STEPS * STEP / PIXEL_BYTES, PIECE_PITCH = PIECE_W * PIXEL_BYTES;
constexpr int PIECE_BYTES = PIECE_H * PIECE_PITCH, WEIGHT_BYTES = STEPS * BN * STEP;
static_assert(PIECE_PITCH % 16 == 0);
constexpr int PIXELS = (PIECE_H * PIECE_W + THREADS - 1) / THREADS;  ///< of a piece, per thread
constexpr int TILES_H = (P + TILE_H - 1) / TILE_H, TILES_W = (Q + TILE_W - 1) / TILE_W, TILES = CONV_IMAGES * TILES_H * TILES_W;

/// Unswizzled core matrices of 8 rows × 16 bytes; `next`: bytes to the one with the next 16 bytes of the rows, `below`: to that
/// of the next 8 rows.
__device__ __forceinline__ unsigned long long core_matrices(unsigned shared, unsigned next, unsigned below) {
    return (static_cast<unsigned long long>(below >> 4) << 32) | (static_cast<unsigned long long>(next >> 4) << 16) | ((shared & 0x3ffff) >> 4);
}

__device__ __forceinline__ unsigned packed(float low, float high) {
    unsigned r;
    if constexpr (kType == Operand::F16) asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    else asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
}

}  // namespace

/// x: planes, strides in elements between images, channels and rows. w: [K / BN][STEPS][2 halves of a step][BN][16 bytes], each
/// filter row [taps][channels] as pixels are, zero-padded, columns where fragment_rows.cuh wants them.
extern "C" __global__ void __launch_bounds__(THREADS, MIN_BLOCKS)
    conv_stem_wgmma(const X_T* __restrict__ x, const unsigned char* __restrict__ w, long long imageStride, int channelStride, int rowStride, const EpilogueParams e) {
    extern __shared__ __align__(128) unsigned char shared[];
    const unsigned weights = shared_address(shared);
    const int thread = threadIdx.x, lane = thread & 31, warp = thread >> 5, n0 = blockIdx.y * BN;

    start_dependents();
    for (int i = thread; i < WEIGHT_BYTES / 16; i += THREADS) copy_async<16>(weights + i * 16, w + static_cast<long long>(blockIdx.y) * WEIGHT_BYTES + i * 16, true);
    copy_commit();
    wait_for_producers();

    float pixels[PIXELS][C];
    const auto fetch = [&](int tile) {
        const int image = tile / (TILES_H * TILES_W), h0 = tile / TILES_W % TILES_H * TILE_H * SH - CONV_PT, w0 = tile % TILES_W * TILE_W * SW - CONV_PL;
        const X_T* const source = x + image * imageStride;
#pragma unroll
        for (int i = 0; i < PIXELS; ++i) {
            const int at = thread + i * THREADS, h = h0 + at / PIECE_W, v = w0 + at % PIECE_W;
            const bool inside = static_cast<unsigned>(h) < static_cast<unsigned>(H) && static_cast<unsigned>(v) < static_cast<unsigned>(W);
#pragma unroll
            for (int c = 0; c < C; ++c) pixels[i][c] = inside ? to_float(source[c * channelStride + h * rowStride + v]) : 0.0f;
        }
    };
    const auto put = [&](int buffer) {
        unsigned char* const piece = shared + WEIGHT_BYTES + buffer * PIECE_BYTES;
#pragma unroll
        for (int i = 0; i < PIXELS; ++i) {
            const int at = thread + i * THREADS;
            Vec<uint32_t, CHANNELS / 2> pixel;
#pragma unroll
            for (int c = 0; c < CHANNELS; c += 2) pixel[c / 2] = c < C ? packed(pixels[i][c], c + 1 < C ? pixels[i][c + 1 < C ? c + 1 : 0] : 0.0f) : 0;
            if (PIECE_H * PIECE_W % THREADS == 0 || at < PIECE_H * PIECE_W) *reinterpret_cast<Vec<uint32_t, CHANNELS / 2>*>(piece + at * PIXEL_BYTES) = pixel;
        }
    };
    const int stride = gridDim.x;
    if (blockIdx.x < TILES) {
        fetch(blockIdx.x);
        put(0);
        if (blockIdx.x + stride < TILES) fetch(blockIdx.x + stride);
    }
    copy_wait<0>();
    shared_written();
    __syncthreads();

    int buffer = 0;
    for (int tile = blockIdx.x; tile < TILES; tile += stride, buffer ^= 1) {
        const int image = tile / (TILES_H * TILES_W), p0 = tile / TILES_W % TILES_H * TILE_H, q0 = tile % TILES_W * TILE_W;
        const unsigned long long a = core_matrices(weights + WEIGHT_BYTES + buffer * PIECE_BYTES, 16, SH * PIECE_PITCH), b = core_matrices(weights, BN * 16, 128);
        float acc[BLOCKS][BN / 2];
        warpgroup_arrive();
#pragma unroll
        for (int step = 0; step < STEPS; ++step) {
#pragma unroll
            for (int i = 0; i < BLOCKS; ++i) {
                const int from = (step / ROW_STEPS + i / BLOCKS_W * 8 * SH) * PIECE_PITCH + step % ROW_STEPS * STEP + i % BLOCKS_W * 128;
                WarpgroupProduct<kType, BN>::step(acc[i], a + (from >> 4), b + (step * BN * STEP >> 4), step > 0);
            }
        }
        warpgroup_commit();
        if (tile + stride < TILES) {
            put(buffer ^ 1);
            if (tile + 2 * stride < TILES) fetch(tile + 2 * stride);
        }
        warpgroup_wait<0>();

        // Row r of a thread: block r / 2, line 2 · warp + r % 2 of its eight, pixel lane / 4 of the line.
        const int p1 = p0 + warp * 2, q1 = q0 + (lane >> 2);
        const auto rowOf = [&](int r) { return (image * P + p1 + r / 2 / BLOCKS_W * 8 + r % 2) * Q + q1 + r / 2 % BLOCKS_W * 8; };
        const auto inside = [&](int r) { return (P % TILE_H == 0 || p1 + r / 2 / BLOCKS_W * 8 + r % 2 < P) && (Q % TILE_W == 0 || q1 + r / 2 % BLOCKS_W * 8 < Q); };
#if SINTER_EPILOGUE_BYTES
        const int column = n0 + (lane & 3) * kFragmentRun;
        uint32_t words[BLOCKS * 2][kFragmentRun / 4];
        fragment_words(
            e, column, [&](int r, int k) { return acc[r / 2][k / 2 * 4 + r % 2 * 2 + k % 2]; }, [](int, int, int) { return 0u; }, words);
#pragma unroll
        for (int r = 0; r < BLOCKS * 2; ++r) {
            if (inside(r)) epilogue_store_words<kFragmentRun>(e, rowOf(r), column, words[r]);
        }
#else
#pragma unroll
        for (int g = 0; g < BN / 32; ++g) {
            const int column = n0 + g * 32 + (lane & 3) * 8;
            if (K % BN != 0 && column >= K) break;
#pragma unroll
            for (int i = 0; i < BLOCKS; ++i) {
                float v[2][8];
#pragma unroll
                for (int half = 0; half < 2; ++half) {
#pragma unroll
                    for (int k = 0; k < 8; ++k) v[half][k] = acc[i][(g * 4 + k / 2) * 4 + half * 2 + k % 2];
                    if (inside(i * 2 + half)) epilogue_apply(e, rowOf(i * 2 + half), column, v[half]);
                }
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    if (inside(i * 2 + half)) epilogue_store(e, rowOf(i * 2 + half), column, v[half]);
                }
            }
        }
#endif
        shared_written();
        __syncthreads();
    }
}
