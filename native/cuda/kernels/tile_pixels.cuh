#pragma once
// Results of products whose rows are channels: they change places with the pixels on their way through shared memory.
#include "prelude_wgmma.cuh"
#include "tile_rows.cuh"

/// Stores a warpgroup's accumulators of 64 channels (rows of the product, from `column0` on) × PIXELS (from `row0` on), CHUNK pixels at
/// a time through `pixels` of PITCH. `barrier`: a named one of the warpgroup's own.
template <int PIXELS, int CHUNK, int PITCH, int REGISTERS, class Region, typename T, int N>
__device__ __forceinline__ void store_pixels(const EpilogueParams& e, TileStatistics statistics, const T (&acc)[N], T* pixels, int row0, int column0, int barrier) {
    const int thread = threadIdx.x & 127, lane = thread & 31, channel = (thread >> 5) * 16 + (lane >> 2);
    constexpr int VECTORS = 64 / kRun, PASSES = CHUNK * VECTORS / 128;
#pragma unroll
    for (int chunk = 0; chunk < PIXELS; chunk += CHUNK) {
#pragma unroll
        for (int j = 0; j < CHUNK / 8; ++j) {
            const T* d = acc + (chunk / 8 + j) * 4;
            T* target = pixels + (j * 8 + (lane & 3) * 2) * PITCH;
            target[staged(channel)] = d[0];
            target[PITCH + staged(channel)] = d[1];
            target[staged(channel + 8)] = d[2];
            target[PITCH + staged(channel + 8)] = d[3];
        }
        named_barrier(barrier, 128);
        finish_runs<PASSES, passes_together(PASSES, REGISTERS), Region>(e, statistics, thread, 128, [&](int index) {
            const int r = index / VECTORS, c = index % VECTORS * kRun;
            return StagedRun<T>{row0 + chunk + r, column0 + c, pixels + r * PITCH, c, chunk + r};
        });
        named_barrier(barrier, 128);
    }
}
