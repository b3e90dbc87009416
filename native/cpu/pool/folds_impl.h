#pragma once
#include "cpu/pool/folds.h"
#include "cpu/simd/half.h"

namespace sinter::pool {
namespace {

using V = simd::Native;

template <Fold K>
inline V::F start(V::F x) {
    if constexpr (K == Fold::SumSquare) return V::mul(x, x);
    else if constexpr (K == Fold::SumAbs) return V::abs(x);
    else return x;
}
template <Fold K>
inline V::F join(V::F acc, V::F x) {
    if constexpr (K == Fold::Max) return V::max(acc, x);
    else if constexpr (K == Fold::Min) return V::min(acc, x);
    else if constexpr (K == Fold::SumSquare) return V::fma(x, x, acc);
    else if constexpr (K == Fold::SumAbs) return V::add(acc, V::abs(x));
    else return V::add(acc, x);
}
template <Fold K>
inline V::F merge(V::F a, V::F b) {
    if constexpr (K == Fold::Max) return V::max(a, b);
    else if constexpr (K == Fold::Min) return V::min(a, b);
    else return V::add(a, b);
}
constexpr bool isSum(Fold k) { return k != Fold::Max && k != Fold::Min; }

/// How the numbers lie in memory; `left` of them where that is less than a vector.
struct Floats {
    using T = float;
    static V::F load(const T* p) { return V::load(p); }
    static V::F load(const T* p, int left) { return V::load(p, V::firstN(left)); }
    static void store(T* p, V::F v) { V::store(p, v); }
    static void store(T* p, V::F v, int left) { V::store(p, v, V::firstN(left)); }
};
template <bool Brain>
struct Halves {
    using T = uint16_t;
    static V::F load(const T* p, int left = V::kLanes) {
        const simd::Halves v = simd::loadHalves(p, left);
        return Brain ? simd::fromBfloat(v) : simd::fromHalf(v);
    }
    static void store(T* p, V::F v, int left = V::kLanes) { simd::storeHalves(p, Brain ? simd::toBfloat(v) : simd::toHalf(v), left); }
};

template <Fold K, typename E, int N, bool Masked>
inline void columnBlock(const Columns& t, int64_t c, int left) {
    using T = typename E::T;
    const auto load = [&](const T* p) { return Masked ? E::load(p, left) : E::load(p); };
    const auto tapAt = [&](int64_t tap) { return reinterpret_cast<const T*>(t.taps[tap]) + c; };
    // Long sums go through partial sums of 64, so that the error does not grow with the length.
    V::F total[N];
    for (int64_t first = 0; first < t.count; first += 64) {
        const int64_t last = first + 64 < t.count ? first + 64 : t.count;
        V::F acc[N];
#pragma GCC unroll 4
        for (int j = 0; j < N; ++j) acc[j] = start<K>(load(tapAt(first) + j * V::kLanes));
        for (int64_t tap = first + 1; tap < last; ++tap) {
            const T* p = tapAt(tap);
#pragma GCC unroll 4
            for (int j = 0; j < N; ++j) acc[j] = join<K>(acc[j], load(p + j * V::kLanes));
        }
#pragma GCC unroll 4
        for (int j = 0; j < N; ++j) total[j] = first == 0 ? acc[j] : merge<K>(total[j], acc[j]);
    }
    const V::F scale = V::set(t.scale);
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) {
        const V::F v = isSum(K) ? V::mul(total[j], scale) : total[j];
        T* const out = reinterpret_cast<T*>(t.out) + c + j * V::kLanes;
        if (Masked) E::store(out, v, left);
        else E::store(out, v);
    }
}

template <Fold K, typename E = Floats>
void columns(const Columns& t) {
    int64_t c = 0;
    for (; c + 4 * V::kLanes <= t.channels; c += 4 * V::kLanes) columnBlock<K, E, 4, false>(t, c, V::kLanes);
    for (; c + V::kLanes <= t.channels; c += V::kLanes) columnBlock<K, E, 1, false>(t, c, V::kLanes);
    if (c < t.channels) columnBlock<K, E, 1, true>(t, c, static_cast<int>(t.channels - c));
}

template <Fold K>
inline float scalarFold(float a, float x) {
    if constexpr (K == Fold::Max) return x > a || x != x ? x : a;
    else if constexpr (K == Fold::Min) return x < a || x != x ? x : a;
    else if constexpr (K == Fold::SumSquare) return a + x * x;
    else if constexpr (K == Fold::SumAbs) return a + (x < 0 ? -x : x);
    else return a + x;
}

template <Fold K>
float row(const float* p, int64_t n) {
    constexpr bool sums = isSum(K);
    float result = sums ? 0.0f : p[0];
    int64_t i = 0;
    while (n - i >= V::kLanes) {
        // Partial results of 64 vectors, four chains.
        const int64_t vectors = (n - i) / V::kLanes < 64 ? (n - i) / V::kLanes : 64;
        V::F acc[4];
        const int64_t chains = vectors < 4 ? vectors : 4;
        for (int64_t j = 0; j < 4; ++j) acc[j] = start<K>(V::load(p + i + (j < chains ? j : 0) * V::kLanes));
        if (sums) {
            for (int64_t j = chains; j < 4; ++j) acc[j] = V::zero();
        }
        int64_t v = chains;
        for (; v + 4 <= vectors; v += 4) {
            for (int j = 0; j < 4; ++j) acc[j] = join<K>(acc[j], V::load(p + i + (v + j) * V::kLanes));
        }
        for (; v < vectors; ++v) acc[0] = join<K>(acc[0], V::load(p + i + v * V::kLanes));
        const V::F all = merge<K>(merge<K>(acc[0], acc[1]), merge<K>(acc[2], acc[3]));
        if constexpr (K == Fold::Max) {
            const float m = V::maxOf(all);
            result = m > result || m != m ? m : result;
        } else if constexpr (K == Fold::Min) {
            const float m = -V::maxOf(V::neg(all));
            result = m < result || m != m ? m : result;
        } else {
            result += V::sum(all);
        }
        i += vectors * V::kLanes;
    }
    for (; i < n; ++i) result = scalarFold<K>(result, p[i]);
    return result;
}

constexpr ColumnsFn kColumns[] = {columns<Fold::Sum>, columns<Fold::Max>, columns<Fold::Min>, columns<Fold::SumSquare>, columns<Fold::SumAbs>};
constexpr RowFn kRows[] = {row<Fold::Sum>, row<Fold::Max>, row<Fold::Min>, row<Fold::SumSquare>, row<Fold::SumAbs>};
constexpr ColumnsFn kFloat16[] = {columns<Fold::Sum, Halves<false>>, columns<Fold::Max, Halves<false>>};
constexpr ColumnsFn kBfloat16[] = {columns<Fold::Sum, Halves<true>>, columns<Fold::Max, Halves<true>>};
constexpr Folds kFolds{kColumns, kFloat16, kBfloat16, kRows};

}  // namespace
}  // namespace sinter::pool
