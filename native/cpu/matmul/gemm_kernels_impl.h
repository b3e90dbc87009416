#pragma once
#include "cpu/matmul/gemm_kernels.h"
#include "cpu/simd/vec.h"

namespace sinter::gemm {
namespace {

using V = simd::Native;

template <int R, int C>
inline void storeTile(const Tile& t, V::F (&acc)[R][C]) {
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

template <int R, int C>
void tile(const Tile& t) {
    V::F acc[R][C];
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < C; ++j) acc[i][j] = V::zero();
    const float* b = t.b;
    const float* soon = t.prefetch;
    const int64_t soonStep = t.prefetchStep;
    const float* const* a = t.a;
    for (int64_t tap = 0; tap < t.taps; ++tap, a += R) {
        const float* p[R];
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i) p[i] = a[i] + t.aOffset;
        for (int64_t k = 0; k < t.klen; ++k) {
            V::F bv[C];
#pragma GCC unroll 4
            for (int j = 0; j < C; ++j) bv[j] = V::load(b + j * V::kLanes);
            _mm_prefetch(reinterpret_cast<const char*>(b + 8 * C * V::kLanes), _MM_HINT_T0);
            _mm_prefetch(reinterpret_cast<const char*>(soon), _MM_HINT_T1);
            soon += soonStep;
            b += C * V::kLanes;
#pragma GCC unroll 16
            for (int i = 0; i < R; ++i) {
                const V::F av = V::broadcast(p[i] + k);
#pragma GCC unroll 4
                for (int j = 0; j < C; ++j) acc[i][j] = V::fma(av, bv[j], acc[i][j]);
            }
        }
    }
    storeTile<R, C>(t, acc);
}

}  // namespace
}  // namespace sinter::gemm
