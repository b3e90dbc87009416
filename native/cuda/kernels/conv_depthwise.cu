// Depthwise convolution, channels last: a thread computes TILE_H × TILE_W pixels of CHANNELS neighbouring channels, so that
// overlapping windows are read once. Bound by memory; neighbouring threads hold neighbouring channels.
//
// Macros: X_T (also of the weights), SUM_T (float, or int for int8), CHANNELS, CONV_IMAGES, CONV_H, _W, _C (all channels), _R, _S,
//         _P, _Q, _SH, _SW, _PT, _PL, _DH, _DW, TILE_H, TILE_W
#include "prelude.cuh"
#include "prelude_launch.cuh"
#include "epilogue.cuh"

namespace {

constexpr int H = CONV_H, W = CONV_W, C = CONV_C, R = CONV_R, S = CONV_S, P = CONV_P, Q = CONV_Q, V = CHANNELS;
constexpr int TILES_H = (P + TILE_H - 1) / TILE_H, TILES_W = (Q + TILE_W - 1) / TILE_W;
constexpr long long ITEMS = static_cast<long long>(CONV_IMAGES) * TILES_H * TILES_W * (C / V);
/// Input columns and rows that the tile's windows span.
constexpr int SPAN_W = (TILE_W - 1) * CONV_SW + (S - 1) * CONV_DW + 1, SPAN_H = (TILE_H - 1) * CONV_SH + (R - 1) * CONV_DH + 1;

}  // namespace

/// x: `pitch` elements between pixels. w: [R][S][C].
extern "C" __global__ void __launch_bounds__(128) conv_depthwise(const X_T* __restrict__ x, const X_T* __restrict__ w, int pitch, const EpilogueParams e) {
    start_dependents();
    const long long item = blockIdx.x * 128ll + threadIdx.x;
    const int channel = static_cast<int>(item % (C / V)) * V;
    const int tile = static_cast<int>(item / (C / V));
    const int image = tile / (TILES_H * TILES_W), p0 = tile / TILES_W % TILES_H * TILE_H, q0 = tile % TILES_W * TILE_W;

    X_T weights[R * S][V];
    if (item < ITEMS) {
#pragma unroll
        for (int i = 0; i < R * S; ++i) load_vec<V>(w + i * C + channel, weights[i]);
    }
    wait_for_producers();
    if (item >= ITEMS) return;

    SUM_T sums[TILE_H][TILE_W][V] = {};
    const int h0 = p0 * CONV_SH - CONV_PT, w0 = q0 * CONV_SW - CONV_PL;
#pragma unroll
    for (int i = 0; i < SPAN_H; ++i) {
        const int h = h0 + i;
        X_T line[SPAN_W][V];
#pragma unroll
        for (int j = 0; j < SPAN_W; ++j) {
            const int v = w0 + j;
            if (static_cast<unsigned>(h) < static_cast<unsigned>(H) && static_cast<unsigned>(v) < static_cast<unsigned>(W)) {
                load_vec<V>(x + static_cast<long long>((image * H + h) * W + v) * pitch + channel, line[j]);
            } else {
#pragma unroll
                for (int k = 0; k < V; ++k) line[j][k] = X_T{0};
            }
        }
#pragma unroll
        for (int p = 0; p < TILE_H; ++p) {
            const int reach = i - p * CONV_SH;  // constants once unrolled
            if (reach < 0 || reach % CONV_DH != 0 || reach / CONV_DH >= R) continue;
            const int r = reach / CONV_DH;
#pragma unroll
            for (int q = 0; q < TILE_W; ++q) {
#pragma unroll
                for (int s = 0; s < S; ++s) {
#pragma unroll
                    for (int k = 0; k < V; ++k) sums[p][q][k] += convert<SUM_T>(line[q * CONV_SW + s * CONV_DW][k]) * convert<SUM_T>(weights[r * S + s][k]);
                }
            }
        }
    }
#pragma unroll
    for (int p = 0; p < TILE_H; ++p) {
#pragma unroll
        for (int q = 0; q < TILE_W; ++q) {
            if (p0 + p >= P || q0 + q >= Q) continue;
            float v[V];
#pragma unroll
            for (int k = 0; k < V; ++k) v[k] = static_cast<float>(sums[p][q][k]);
            epilogue(e, (image * P + p0 + p) * Q + q0 + q, channel, v);
        }
    }
}
