// Depthwise convolution on Hopper, channels last: the copy engine brings pieces of the image with their halo (zeros outside it)
// into shared memory while earlier pieces are computed. A thread slides down THREAD_H rows of VECTOR channels and THREAD_W columns:
// each input row is read once and added to the result rows it belongs to.
//
// Macros: X_T (also of the weights), SUM_T (float, or int for int8), VECTOR, CHANNELS (of a piece), CONV_IMAGES, CONV_H, _W, _C (all
//         channels), _R, _S, _P, _Q, _SH, _SW, _PT, _PL, TILE_H, TILE_W (results of a piece), THREAD_H, THREAD_W, STAGES, MIN_BLOCKS
#include "prelude.cuh"
#include "prelude_async.cuh"
#include "epilogue.cuh"

namespace {

constexpr int C = CONV_C, R = CONV_R, S = CONV_S, P = CONV_P, Q = CONV_Q, SH = CONV_SH, SW = CONV_SW, V = VECTOR;
constexpr int LANES = CHANNELS / V, COLUMNS = (TILE_W + THREAD_W - 1) / THREAD_W, STRIPS = (TILE_H + THREAD_H - 1) / THREAD_H, WORKERS = LANES * COLUMNS * STRIPS;
constexpr int THREADS = (WORKERS + 31) / 32 * 32;
/// Pixels of a piece that threads read, and that the copy brings.
constexpr int PIECE_W = (COLUMNS * THREAD_W - 1) * SW + S, PIECE_H = (STRIPS * THREAD_H - 1) * SH + R;
constexpr int PIECE_BYTES = PIECE_W * PIECE_H * CHANNELS * static_cast<int>(sizeof(X_T)), STAGE_BYTES = (PIECE_BYTES + 127) / 128 * 128;
constexpr int TILES_H = (P + TILE_H - 1) / TILE_H, TILES_W = (Q + TILE_W - 1) / TILE_W, TILES_C = C / CHANNELS;
constexpr int TILES = CONV_IMAGES * TILES_H * TILES_W * TILES_C;
constexpr int SPAN = (THREAD_W - 1) * SW + S;   ///< input columns of a thread
constexpr int LIVE = (R + SH - 1) / SH;         ///< result rows that one input row adds to
static_assert(C % CHANNELS == 0 && CHANNELS % V == 0 && PIECE_W <= 256 && PIECE_H <= 256);

}  // namespace

/// xMap: boxes of PIECE_H × PIECE_W pixels and CHANNELS channels. w: [R][S][C].
extern "C" __global__ void __launch_bounds__(THREADS, MIN_BLOCKS) conv_depthwise_bulk(const __grid_constant__ TensorMap xMap, const X_T* __restrict__ w, const EpilogueParams e) {
    extern __shared__ unsigned char unaligned[];
    unsigned char* const shared = unaligned + (-shared_address(unaligned) & 127u);
    __shared__ alignas(8) unsigned long long full[STAGES];
    const unsigned base = shared_address(shared), fullBase = shared_address(full);
    if (threadIdx.x == 0) {
        prefetch_map(xMap);
#pragma unroll
        for (int s = 0; s < STAGES; ++s) barrier_init(fullBase + s * 8, 1);
        barrier_init_fence();
    }
    __syncthreads();
    start_dependents();
    wait_for_producers();

    const auto copy = [&](int stage, int tile) {
        const int channels = tile % TILES_C * CHANNELS, place = tile / TILES_C, q0 = place % TILES_W * TILE_W, p0 = place / TILES_W % TILES_H * TILE_H, image = place / (TILES_W * TILES_H);
        barrier_expect(fullBase + stage * 8, PIECE_BYTES);
        copy_tile_4d(base + stage * STAGE_BYTES, xMap, fullBase + stage * 8, channels, q0 * SW - CONV_PL, p0 * SH - CONV_PT, image);
    };
    if (threadIdx.x == 0) {
#pragma unroll
        for (int s = 0; s < STAGES; ++s) {
            if (blockIdx.x + s * gridDim.x < TILES) copy(s, blockIdx.x + s * gridDim.x);
        }
    }

    const int channel = threadIdx.x % LANES * V, column = threadIdx.x / LANES % COLUMNS * THREAD_W, strip = threadIdx.x / (LANES * COLUMNS) * THREAD_H;
    int stage = 0, phase = 0;
    for (int tile = blockIdx.x; tile < TILES; tile += gridDim.x) {
        const int channels = tile % TILES_C * CHANNELS, place = tile / TILES_C, q0 = place % TILES_W * TILE_W, p0 = place / TILES_W % TILES_H * TILE_H, image = place / (TILES_W * TILES_H);
        X_T weights[R * S][V];
        if (threadIdx.x < WORKERS) {
#pragma unroll
            for (int i = 0; i < R * S; ++i) load_vec<V>(w + i * C + channels + channel, weights[i]);
        }
        barrier_wait(fullBase + stage * 8, phase);
        if (threadIdx.x < WORKERS) {
            const X_T* const piece = reinterpret_cast<const X_T*>(shared + stage * STAGE_BYTES) + (strip * SH * PIECE_W + column * SW) * CHANNELS + channel;
            SUM_T sums[LIVE][THREAD_W][V];
#pragma unroll
            for (int i = 0; i < (THREAD_H - 1) * SH + R; ++i) {
                X_T line[SPAN][V];
#pragma unroll
                for (int j = 0; j < SPAN; ++j) load_vec<V>(piece + (i * PIECE_W + j) * CHANNELS, line[j]);
#pragma unroll
                for (int p = 0; p < THREAD_H; ++p) {
                    const int r = i - p * SH;  // constants once unrolled
                    if (r < 0 || r >= R) continue;
#pragma unroll
                    for (int q = 0; q < THREAD_W; ++q) {
#pragma unroll
                        for (int k = 0; k < V; ++k) {
                            SUM_T sum = r == 0 ? SUM_T(0) : sums[p % LIVE][q][k];
#pragma unroll
                            for (int s = 0; s < S; ++s) sum += convert<SUM_T>(line[q * SW + s][k]) * convert<SUM_T>(weights[r * S + s][k]);
                            sums[p % LIVE][q][k] = sum;
                        }
                        if (r < R - 1) continue;
                        const int row = p0 + strip + p, at = q0 + column + q;
                        if (row >= P || at >= Q || strip + p >= TILE_H || column + q >= TILE_W) continue;
                        float v[V];
#pragma unroll
                        for (int k = 0; k < V; ++k) v[k] = static_cast<float>(sums[p % LIVE][q][k]);
                        epilogue(e, (image * P + row) * Q + at, channels + channel, v);
                    }
                }
            }
        }
        __syncthreads();
        if (threadIdx.x == 0 && tile + STAGES * gridDim.x < TILES) copy(stage, tile + STAGES * gridDim.x);
        if (++stage == STAGES) {
            stage = 0;
            phase ^= 1;
        }
    }
}
