#pragma once
#include <cstring>

#include "cpu/matmul/gemm_kernels.h"
#include "cpu/simd/half.h"

namespace sinter::gemm {
namespace {

using V = simd::Native;

/// The forms of gemm_kernels.h: a vector of weights, and what a word of activations adds with it.
struct FloatWeights {
    static constexpr Form kForm = Form::F32;
    static constexpr int kBytes = 4;
    static V::F load(const char* b) { return V::load(reinterpret_cast<const float*>(b)); }
    static V::F add(V::F sum, V::F a, V::F b) { return V::fma(a, b, sum); }
};
struct HalfWeights {
    static constexpr Form kForm = Form::WF16;
    static constexpr int kBytes = 2;
    static V::F load(const char* b) { return simd::fromHalf(simd::loadHalves(b)); }
    static V::F add(V::F sum, V::F a, V::F b) { return V::fma(a, b, sum); }
};
struct BfloatWeights {
    static constexpr Form kForm = Form::WBF16;
    static constexpr int kBytes = 2;
    static V::F load(const char* b) { return simd::fromBfloat(simd::loadHalves(b)); }
    static V::F add(V::F sum, V::F a, V::F b) { return V::fma(a, b, sum); }
};
#if defined(__AVX512BF16__)
struct PairWeights {
    static constexpr Form kForm = Form::Pairs;
    static constexpr int kBytes = 4;
    static V::F load(const char* b) { return V::load(reinterpret_cast<const float*>(b)); }
    static V::F add(V::F sum, V::F a, V::F b) {
        // In place: through the intrinsic the compiler may move sums to the stack.
        __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
        return sum;
    }
};
#endif

/// A word of activations in every lane.
template <class W>
V::F wordAt(const float* p) {
    if constexpr (W::kForm != Form::Pairs) return V::broadcast(p);
    // A pair of 16-bit numbers lies at any even address.
    float pair;
    std::memcpy(&pair, p, sizeof pair);
    return V::set(pair);
}

inline V::F loadNumbers(Numbers type, const float* row, int64_t at, int left) {
    if (type == Numbers::F32) return V::load(row + at, V::firstN(left));
    const simd::Halves v = simd::loadHalves(reinterpret_cast<const uint16_t*>(row) + at, left);
    return type == Numbers::F16 ? simd::fromHalf(v) : simd::fromBfloat(v);
}

/// 16-bit results or addends: from memory, one conversion after the other.
template <int C>
void storeNumbers(const Tile& t, const float* sums, int rows) {
    const V::F lo = V::set(t.lo);
    const V::F hi = V::set(t.hi);
    const V::F alpha = V::set(t.alpha);
    for (int j = 0; j < C; ++j) {
        int left = t.width - j * V::kLanes;
        if (left <= 0) break;
        if (left > V::kLanes) left = V::kLanes;
        const V::F bias = t.bias == nullptr ? V::zero() : V::load(t.bias + j * V::kLanes, V::firstN(left));
        for (int i = 0; i < rows; ++i) {
            V::F v = V::fma(V::load(sums + (i * C + j) * V::kLanes), alpha, bias);
            if (t.residual != nullptr) v = V::add(v, loadNumbers(t.added, t.residual[i], t.residualOffset + j * V::kLanes, left));
            v = V::min(hi, V::max(lo, v));
            const int64_t at = t.cOffset + j * V::kLanes;
            if (t.out == Numbers::F32) V::store(t.c[i] + at, v, V::firstN(left));
            else simd::storeHalves(reinterpret_cast<uint16_t*>(t.c[i]) + at, t.out == Numbers::F16 ? simd::toHalf(v) : simd::toBfloat(v), left);
        }
    }
}

template <int R, int C>
inline void storeTile(const Tile& t, V::F (&acc)[R][C]) {
    if (t.out != Numbers::F32 || t.added != Numbers::F32) {
        alignas(64) float sums[R * C * V::kLanes];
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
            for (int j = 0; j < C; ++j) V::store(sums + (i * C + j) * V::kLanes, acc[i][j]);
        storeNumbers<C>(t, sums, R);
        return;
    }
    const V::F lo = V::set(t.lo);
    const V::F hi = V::set(t.hi);
    const V::F alpha = V::set(t.alpha);
    V::F bias[C];
    const bool whole = t.width == C * V::kLanes;
    V::Mask mask[C];
    for (int j = 0; j < C; ++j) {
        const int left = t.width - j * V::kLanes;
        mask[j] = V::firstN(left < 0 ? 0 : left > V::kLanes ? V::kLanes : left);
        bias[j] = t.bias == nullptr ? V::zero() : V::load(t.bias + j * V::kLanes, mask[j]);
    }
    // Written out with compile-time row numbers, so that the accumulators stay in registers.
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
        float* out = t.c[i] + t.cOffset;
        const float* add = t.residual == nullptr ? nullptr : t.residual[i] + t.residualOffset;
#pragma GCC unroll 4
        for (int j = 0; j < C; ++j) {
            V::F v = V::fma(acc[i][j], alpha, bias[j]);
            if (add != nullptr) {
                v = V::add(v, whole ? V::load(add + j * V::kLanes) : V::load(add + j * V::kLanes, mask[j]));
            }
            v = V::min(hi, V::max(lo, v));
            if (whole) V::store(out + j * V::kLanes, v);
            else V::store(out + j * V::kLanes, v, mask[j]);
        }
    }
}

template <typename W, int R, int C>
void tile(const Tile& t) {
    V::F acc[R][C];
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < C; ++j) acc[i][j] = V::zero();
    constexpr int kStep = V::kLanes * W::kBytes;
    const char* b = static_cast<const char*>(t.b);
    const char* soon = static_cast<const char*>(t.prefetch);
    const int64_t soonStep = t.prefetchStep;
    const float* const* a = t.a;
    for (int64_t tap = 0; tap < t.taps; ++tap, a += R) {
        const float* p[R];
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i) p[i] = a[i] + t.aOffset;
        for (int64_t k = 0; k < t.klen; ++k) {
            V::F bv[C];
#pragma GCC unroll 4
            for (int j = 0; j < C; ++j) bv[j] = W::load(b + j * kStep);
            _mm_prefetch(b + 8 * C * kStep, _MM_HINT_T0);
            _mm_prefetch(soon, _MM_HINT_T1);
            soon += soonStep;
            b += C * kStep;
#pragma GCC unroll 16
            for (int i = 0; i < R; ++i) {
                const V::F av = wordAt<W>(p[i] + k);
#pragma GCC unroll 4
                for (int j = 0; j < C; ++j) acc[i][j] = W::add(acc[i][j], av, bv[j]);
            }
        }
    }
    storeTile<R, C>(t, acc);
}

}  // namespace
}  // namespace sinter::gemm
