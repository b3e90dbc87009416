#pragma once
#include "cpu/depthwise/kernels.h"
#include "cpu/simd/vec.h"

namespace sinter::depthwise {
namespace {

using V = simd::Native;

template <int P, bool Masked>
inline void finish(const Tile& t, int64_t c, V::Mask m, V::F (&acc)[P]) {
    const V::F lo = V::set(t.lo);
    const V::F hi = V::set(t.hi);
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) {
        V::F v = acc[p];
        if (t.residual != nullptr) v = V::add(v, Masked ? V::load(t.residual[p] + c, m) : V::load(t.residual[p] + c));
        v = V::min(hi, V::max(lo, v));
        if (Masked) V::store(t.out[p] + c, v, m);
        else V::store(t.out[p] + c, v);
    }
}

/// One vector of channels: every input column is loaded once and serves all the pixels whose window it is in.
template <int K, int S, int P, bool Masked>
inline void fixedBlock(const Tile& t, int64_t c, V::Mask m) {
    const auto load = [&](const float* p) { return Masked ? V::load(p, m) : V::load(p); };
    V::F acc[P];
    const V::F bias = t.bias != nullptr ? load(t.bias + c) : V::zero();
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) acc[p] = bias;
    constexpr int kColumns = (P - 1) * S + K;
    const float* const* columns = t.columns;
    const float* weights = t.weights + c;
    for (int64_t row = 0; row < t.rows; ++row, columns += kColumns) {
        V::F w[K];
#pragma GCC unroll 8
        for (int k = 0; k < K; ++k, weights += t.channels) w[k] = load(weights);
#pragma GCC unroll 16
        for (int j = 0; j < kColumns; ++j) {
            const V::F x = load(columns[j] + c);
#pragma GCC unroll 8
            for (int p = 0; p < P; ++p) {
                const int k = j - p * S;
                if (k >= 0 && k < K) acc[p] = V::fma(x, w[k], acc[p]);
            }
        }
    }
    finish<P, Masked>(t, c, m, acc);
}

template <int P, bool Masked>
inline void anyBlock(const Tile& t, int64_t c, V::Mask m) {
    const auto load = [&](const float* p) { return Masked ? V::load(p, m) : V::load(p); };
    V::F acc[P];
    const V::F bias = t.bias != nullptr ? load(t.bias + c) : V::zero();
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) acc[p] = bias;
    const float* weights = t.weights + c;
    const float* const* columns = t.columns;
    for (int64_t tap = 0; tap < t.rows; ++tap, weights += t.channels, columns += P) {
        const V::F w = load(weights);
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p) acc[p] = V::fma(load(columns[p] + c), w, acc[p]);
    }
    finish<P, Masked>(t, c, m, acc);
}

template <int K, int S, int P>
void fixedTile(const Tile& t) {
    int64_t c = 0;
    for (; c + V::kLanes <= t.channels; c += V::kLanes) fixedBlock<K, S, P, false>(t, c, V::Mask{});
    if (c < t.channels) fixedBlock<K, S, P, true>(t, c, V::firstN(static_cast<int>(t.channels - c)));
}

template <int P>
void anyTile(const Tile& t) {
    int64_t c = 0;
    for (; c + V::kLanes <= t.channels; c += V::kLanes) anyBlock<P, false>(t, c, V::Mask{});
    if (c < t.channels) anyBlock<P, true>(t, c, V::firstN(static_cast<int>(t.channels - c)));
}

template <int K, int S>
struct Fixed {
    static constexpr TileFn tiles[] = {fixedTile<K, S, 1>, fixedTile<K, S, 2>, fixedTile<K, S, 3>,
                                       fixedTile<K, S, 4>, fixedTile<K, S, 5>, fixedTile<K, S, 6>};
};
constexpr TileFn kAny[] = {anyTile<1>, anyTile<2>, anyTile<3>, anyTile<4>, anyTile<5>, anyTile<6>};
constexpr Kernels kKernels{Fixed<3, 1>::tiles, Fixed<3, 2>::tiles, Fixed<5, 1>::tiles, Fixed<5, 2>::tiles, kAny};

}  // namespace
}  // namespace sinter::depthwise
