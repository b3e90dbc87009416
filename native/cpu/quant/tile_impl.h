#pragma once
#include "cpu/quant/bytes.h"
#include "cpu/quant/tile.h"

namespace sinter::quant {
namespace {

/// sum += the products of a word of activations (the same in every lane) and a vector of weights.
#if defined(__AVX512VNNI__)
constexpr int kPerWord = 4;
inline V::I dot(V::I sum, V::I a, V::I b) { return _mm512_dpbusd_epi32(sum, a, b); }
#else
constexpr int kPerWord = 2;
inline V::I dot(V::I sum, V::I a, V::I b) { return V::addInt(sum, maddPairs(a, b)); }
#endif

template <int R, int C, Storage kOut>
inline void storeTile(const Tile& t, V::I (&acc)[R][C]) {
    const V::F lo = V::set(t.lo);
    const V::F hi = V::set(t.hi);
    const StoreQuantized quantize(t.inverse, t.storedLo, t.storedHi, t.zeroPoint);
    const V::F residualScale = V::set(t.residualScale);
    const V::I residualZero = V::setInt(t.residualZeroPoint);
    int left[C];
    V::F scale[C];
    V::F bias[C];
    for (int j = 0; j < C; ++j) {
        left[j] = t.width - j * V::kLanes;
        left[j] = left[j] < 0 ? 0 : left[j] > V::kLanes ? V::kLanes : left[j];
        scale[j] = V::load(t.scale + j * V::kLanes);
        bias[j] = V::load(t.bias + j * V::kLanes);
    }
    // Written out with compile-time row numbers, so that the sums stay in registers.
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < C; ++j) {
            V::F v = V::fma(V::toFloat(acc[i][j]), scale[j], bias[j]);
            if (t.residual != nullptr) {
                if (t.residualType == Storage::F32) {
                    v = V::add(v, V::load(reinterpret_cast<const float*>(t.residual[i]) + j * V::kLanes, V::firstN(left[j])));
                } else {
                    const V::F r = floatsOf(t.residual[i] + j * V::kLanes, left[j], t.residualType == Storage::U8, residualZero);
                    v = V::add(v, V::mul(r, residualScale));
                }
            }
            v = V::min(hi, V::max(lo, v));
            if (kOut == Storage::F32) V::store(reinterpret_cast<float*>(t.c[i]) + j * V::kLanes, v, V::firstN(left[j]));
            else quantize(t.c[i] + j * V::kLanes, v, left[j]);
        }
    }
}

template <int R, int C>
void tile(const Tile& t) {
    V::I acc[R][C];
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < C; ++j) acc[i][j] = loadInts(t.start + j * V::kLanes);
    const std::byte* b = t.b;
    constexpr int kStep = C * V::kLanes * 4;
    for (int64_t tap = 0; tap < t.taps; ++tap) {
        const std::byte* p[R];
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i) p[i] = t.a[i] + t.tapOffsets[tap];
        for (int64_t g = 0; g < t.groups; ++g) {
            V::I bv[C];
#pragma GCC unroll 4
            for (int j = 0; j < C; ++j) bv[j] = loadInts(b + j * V::kLanes * 4);
            _mm_prefetch(reinterpret_cast<const char*>(b + 8 * kStep), _MM_HINT_T0);
            b += kStep;
#pragma GCC unroll 16
            for (int i = 0; i < R; ++i) {
                const V::I av = broadcastWord(p[i] + 4 * g);
#pragma GCC unroll 4
                for (int j = 0; j < C; ++j) acc[i][j] = dot(acc[i][j], av, bv[j]);
            }
        }
    }
    if (t.out == Storage::F32) storeTile<R, C, Storage::F32>(t, acc);
    else storeTile<R, C, Storage::I8>(t, acc);
}

void widen(const Widen& w) {
    const auto* from = reinterpret_cast<const uint8_t*>(w.from);
    const uint8_t flip = w.isUnsigned ? 0 : 0x80;
    int64_t i = 0;
    if (kPerWord == 4) {
        auto* to = reinterpret_cast<uint8_t*>(w.to);
        const __m256i flips = _mm256_set1_epi8(static_cast<char>(flip));
        for (; i + 32 <= w.n; i += 32) {
            const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm256_xor_si256(v, flips));
        }
        for (; i < w.n; ++i) to[i] = from[i] ^ flip;
    } else {
        auto* to = reinterpret_cast<int16_t*>(w.to);
        const __m256i zero = _mm256_set1_epi16(static_cast<int16_t>(w.zeroPoint));
        for (; i + 16 <= w.n; i += 16) {
            const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
            const __m256i wide = w.isUnsigned ? _mm256_cvtepu8_epi16(v) : _mm256_cvtepi8_epi16(v);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm256_sub_epi16(wide, zero));
        }
        for (; i < w.n; ++i) {
            const int v = w.isUnsigned ? from[i] : static_cast<int8_t>(from[i]);
            to[i] = static_cast<int16_t>(v - w.zeroPoint);
        }
    }
}

}  // namespace
}  // namespace sinter::quant
