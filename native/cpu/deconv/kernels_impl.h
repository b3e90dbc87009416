#pragma once
#include "cpu/deconv/kernels.h"
#include "cpu/simd/vec.h"

namespace sinter::deconv {
namespace {

using V = simd::Native;
using F = V::F;

template <int P, int N>
void tile(const Tile& t) {
    V::Mask masks[N];
    for (int v = 0; v < N; ++v) {
        const int left = t.valid - v * V::kLanes;
        masks[v] = V::firstN(left < 0 ? 0 : left > V::kLanes ? V::kLanes : left);
    }
    F sums[P][N];
    for (int v = 0; v < N; ++v) {
        const F start = t.bias ? V::load(t.bias + v * V::kLanes, masks[v]) : V::zero();
        for (int p = 0; p < P; ++p) sums[p][v] = start;
    }
    for (int k = 0; k < t.taps; ++k) {
        const float* w = t.w[k];
        const float* const* x = t.x + k * P;
        for (int64_t c = 0; c < t.channels; ++c, w += N * V::kLanes) {
            F row[N];
            for (int v = 0; v < N; ++v) row[v] = V::load(w + v * V::kLanes);
            for (int p = 0; p < P; ++p) {
                const F value = V::broadcast(x[p] + c);
                for (int v = 0; v < N; ++v) sums[p][v] = V::fma(value, row[v], sums[p][v]);
            }
        }
    }
    for (int p = 0; p < P; ++p)
        for (int v = 0; v < N; ++v) V::store(t.out[p] + v * V::kLanes, sums[p][v], masks[v]);
}

constexpr Kernels kKernels{{tile<1, 1>, tile<2, 1>, tile<3, 1>, tile<4, 1>, tile<5, 1>, tile<6, 1>},
                           {tile<1, 2>, tile<2, 2>, tile<3, 2>, tile<4, 2>, tile<5, 2>, tile<6, 2>}};

}  // namespace
}  // namespace sinter::deconv
