#pragma once
#include "cpu/quant/bytes.h"
#include "cpu/quant/tile.h"

namespace sinter::quant {
namespace {

/// sum += the products of a word of activations (the same in every lane) and a vector of weights.
#if defined(__AVX512VNNI__)
constexpr int kPerWord = 4;
inline V::I dot(V::I sum, V::I a, V::I b) {
    // Through the intrinsic GCC 12 moves sums to the stack, which halves the rate.
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}
#else
constexpr int kPerWord = 2;
inline V::I dot(V::I sum, V::I a, V::I b) { return V::addInt(sum, maddPairs(a, b)); }
#endif

enum class Added : uint8_t { Nothing, Floats, Bytes };

/// Sums lie in memory here, one row after the other: the constants of the way out fill the registers.
template <int C, Storage kOut, Added kAdded>
void storeRows(const Tile& t, const int32_t* sums, int rows) {
    const V::F lo = V::set(t.lo);
    const V::F hi = V::set(t.hi);
    const StoreQuantized quantize(t.inverse, t.storedLo, t.storedHi, t.zeroPoint);
    const V::F residualScale = V::set(t.residualScale);
    const V::I residualZero = V::setInt(t.residualZeroPoint);
    const bool isUnsigned = t.residualType == Storage::U8;
    int left[C];
    V::F scale[C];
    V::F bias[C];
    for (int j = 0; j < C; ++j) {
        left[j] = t.width - j * V::kLanes;
        left[j] = left[j] < 0 ? 0 : left[j] > V::kLanes ? V::kLanes : left[j];
        scale[j] = V::load(t.scale + j * V::kLanes);
        bias[j] = V::load(t.bias + j * V::kLanes);
    }
    const bool whole = t.width == C * V::kLanes;
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < C; ++j, sums += V::kLanes) {
            V::F v = V::fma(V::toFloat(loadInts(sums)), scale[j], bias[j]);
            if (kAdded == Added::Floats) {
                const auto* add = reinterpret_cast<const float*>(t.residual[i]) + j * V::kLanes;
                v = V::add(v, whole ? V::load(add) : V::load(add, V::firstN(left[j])));
            } else if (kAdded == Added::Bytes) {
                v = V::add(v, V::mul(floatsOf(t.residual[i] + j * V::kLanes, left[j], isUnsigned, residualZero), residualScale));
            }
            v = V::min(hi, V::max(lo, v));
            if (kOut == Storage::F32) {
                auto* out = reinterpret_cast<float*>(t.c[i]) + j * V::kLanes;
                if (whole) V::store(out, v);
                else V::store(out, v, V::firstN(left[j]));
            } else {
                quantize(t.c[i] + j * V::kLanes, v, left[j]);
            }
        }
    }
}

template <int C>
void storeTile(const Tile& t, const int32_t* sums, int rows) {
    const Added added = t.residual == nullptr ? Added::Nothing : t.residualType == Storage::F32 ? Added::Floats : Added::Bytes;
    if (t.out == Storage::F32) {
        if (added == Added::Nothing) storeRows<C, Storage::F32, Added::Nothing>(t, sums, rows);
        else if (added == Added::Floats) storeRows<C, Storage::F32, Added::Floats>(t, sums, rows);
        else storeRows<C, Storage::F32, Added::Bytes>(t, sums, rows);
    } else {
        if (added == Added::Nothing) storeRows<C, Storage::I8, Added::Nothing>(t, sums, rows);
        else if (added == Added::Floats) storeRows<C, Storage::I8, Added::Floats>(t, sums, rows);
        else storeRows<C, Storage::I8, Added::Bytes>(t, sums, rows);
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
    alignas(64) int32_t sums[R * C * V::kLanes];
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < C; ++j) storeInts(sums + (i * C + j) * V::kLanes, acc[i][j]);
    storeTile<C>(t, sums, R);
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
