#pragma once
#include "cpu/conv/winograd_kernels.h"
#include "cpu/simd/vec.h"

namespace sinter::conv {
namespace {

using V = simd::Native;
using F = V::F;

constexpr float kA = kWinogradA;
constexpr float kB = kWinogradB;

/// One row or column through Bᵀ.
inline void inputLine(const F d0, const F d1, const F d2, const F d3, const F d4, const F d5, F (&r)[6]) {
    const F a2b2 = V::set(kA * kA * kB * kB);
    const F sum = V::set(kA * kA + kB * kB);
    const F a2 = V::set(kA * kA);
    const F b2 = V::set(kB * kB);
    r[0] = V::fma(a2b2, d0, V::fnma(sum, d2, d4));
    const F even = V::fnma(b2, d2, d4);
    const F odd = V::fnma(b2, d1, d3);
    r[1] = V::fma(V::set(kA), odd, even);
    r[2] = V::fnma(V::set(kA), odd, even);
    const F even2 = V::fnma(a2, d2, d4);
    const F odd2 = V::fnma(a2, d1, d3);
    r[3] = V::fma(V::set(kB), odd2, even2);
    r[4] = V::fnma(V::set(kB), odd2, even2);
    r[5] = V::fma(a2b2, d1, V::fnma(sum, d3, d5));
}

/// One row or column through Aᵀ.
inline void outputLine(const F m0, const F m1, const F m2, const F m3, const F m4, const F m5, F (&r)[4]) {
    const F s12 = V::add(m1, m2);
    const F d12 = V::sub(m1, m2);
    const F s34 = V::add(m3, m4);
    const F d34 = V::sub(m3, m4);
    r[0] = V::add(V::add(m0, s12), s34);
    r[1] = V::fma(V::set(kA), d12, V::mul(V::set(kB), d34));
    r[2] = V::fma(V::set(kA * kA), s12, V::mul(V::set(kB * kB), s34));
    r[3] = V::fma(V::set(kA * kA * kA), d12, V::fma(V::set(kB * kB * kB), d34, m5));
}

template <bool Masked>
inline void inputBlock(const WinogradInput& t, int64_t c, V::Mask m) {
    const auto load = [&](int i) { return Masked ? V::load(t.pixels[i] + c, m) : V::load(t.pixels[i] + c); };
    F columns[6][6];  // [column][row after Bᵀ]
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
        inputLine(load(j), load(6 + j), load(12 + j), load(18 + j), load(24 + j), load(30 + j), columns[j]);
    }
    float* v = t.v + c;
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) {
        F r[6];
        inputLine(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i], r);
#pragma GCC unroll 6
        for (int j = 0; j < 6; ++j, v += t.step) {
            if (Masked) V::store(v, r[j], m);
            else V::store(v, r[j]);
        }
    }
}

void inputTransform(const WinogradInput& t) {
    int64_t c = 0;
    for (; c + V::kLanes <= t.channels; c += V::kLanes) inputBlock<false>(t, c, V::Mask{});
    if (c < t.channels) inputBlock<true>(t, c, V::firstN(static_cast<int>(t.channels - c)));
}

template <bool Masked>
inline void outputBlock(const WinogradOutput& t, int64_t c, V::Mask m) {
    // The products lie in padded rows: whole vectors may be read.
    const float* from = t.m + c;
    const auto load = [&](int i) { return V::load(from + i * t.step); };
    F columns[6][4];  // [column][row after Aᵀ]
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
        outputLine(load(j), load(6 + j), load(12 + j), load(18 + j), load(24 + j), load(30 + j), columns[j]);
    }
    const F lo = V::set(t.lo);
    const F hi = V::set(t.hi);
    const F bias = t.bias == nullptr ? V::zero() : Masked ? V::load(t.bias + c, m) : V::load(t.bias + c);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        F r[4];
        outputLine(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i], r);
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) {
            float* out = t.pixels[4 * i + j];
            if (out == nullptr) continue;
            F v = V::add(r[j], bias);
            if (t.residual != nullptr) {
                const float* add = t.residual[4 * i + j] + c;
                v = V::add(v, Masked ? V::load(add, m) : V::load(add));
            }
            v = V::min(hi, V::max(lo, v));
            if (Masked) V::store(out + c, v, m);
            else V::store(out + c, v);
        }
    }
}

void outputTransform(const WinogradOutput& t) {
    int64_t c = 0;
    for (; c + V::kLanes <= t.channels; c += V::kLanes) outputBlock<false>(t, c, V::Mask{});
    if (c < t.channels) outputBlock<true>(t, c, V::firstN(static_cast<int>(t.channels - c)));
}

constexpr WinogradTransforms kTransforms{inputTransform, outputTransform};

}  // namespace
}  // namespace sinter::conv
