#pragma once
#include "cpu/quant/bytes.h"
#include "cpu/quant/tile.h"

namespace sinter::quant {
namespace {

/// sum += the products of a word of activations (the same in every lane) and a vector of weights, in each form.
struct PairDot {
    V::I a;
    explicit PairDot(V::I word) : a(word) {}
    V::I operator()(V::I sum, V::I b) const { return V::addInt(sum, maddPairs(a, b)); }
};

#if defined(__AVX512VNNI__)
struct UnsignedDot {
    V::I a;
    explicit UnsignedDot(V::I word) : a(word) {}
    V::I operator()(V::I sum, V::I b) const {
        // Through the intrinsic GCC 12 moves sums to the stack, which halves the rate.
        __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
        return sum;
    }
};
#endif

#if !defined(__AVX512F__)
struct NonNegativeDot {
    V::I a;
    explicit NonNegativeDot(V::I word) : a(word) {}
    V::I operator()(V::I sum, V::I b) const {
        return V::addInt(sum, maddPairs(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)));
    }
};

/// |a| · (b with a's sign): both products of a pair are at most 128 · 127, so their sum fits.
struct SignedDot {
    V::I a;
    V::I magnitude;
    explicit SignedDot(V::I word) : a(word), magnitude(_mm256_abs_epi8(word)) {}
    V::I operator()(V::I sum, V::I b) const {
        return V::addInt(sum, maddPairs(_mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(b, a)), _mm256_set1_epi16(1)));
    }
};
#endif

enum class Added : uint8_t { Nothing, Floats, Bytes };

/// The way out of a tile's rows: sum · scale + bias + residual. Sums lie in memory, one row after the other: these constants
/// fill the registers.
template <int C, Added kAdded>
struct RowValues {
    const Tile& t;
    const int32_t* sums;
    V::F scale[C], bias[C], residualScale;
    V::I residualZero;
    int left[C];
    bool whole, unsignedResidual;

    RowValues(const Tile& tile, const int32_t* from)
        : t(tile), sums(from), residualScale(V::set(tile.residualScale)), residualZero(V::setInt(tile.residualZeroPoint)), whole(tile.width == C * V::kLanes),
          unsignedResidual(tile.residualType == Storage::U8) {
        for (int j = 0; j < C; ++j) {
            left[j] = t.width - j * V::kLanes;
            left[j] = left[j] < 0 ? 0 : left[j] > V::kLanes ? V::kLanes : left[j];
            scale[j] = V::load(t.scale + j * V::kLanes);
            bias[j] = V::load(t.bias + j * V::kLanes);
        }
    }

    V::F operator()(int i, int j) const {
        const V::F v = V::fma(V::toFloat(loadInts(sums + (i * C + j) * V::kLanes)), scale[j], bias[j]);
        if (kAdded == Added::Floats) {
            const auto* add = reinterpret_cast<const float*>(t.residual[i]) + j * V::kLanes;
            return V::add(v, whole ? V::load(add) : V::load(add, V::firstN(left[j])));
        }
        if (kAdded == Added::Bytes) {
            return V::add(v, V::mul(floatsOf(t.residual[i] + j * V::kLanes, left[j], unsignedResidual, residualZero), residualScale));
        }
        return v;
    }
};

template <int C, Added kAdded>
void storeFloats(const Tile& t, const int32_t* sums, int rows) {
    const RowValues<C, kAdded> value(t, sums);
    const V::F lo = V::set(t.lo);
    const V::F hi = V::set(t.hi);
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < C; ++j) {
            const V::F v = V::min(hi, V::max(lo, value(i, j)));
            auto* out = reinterpret_cast<float*>(t.c[i]) + j * V::kLanes;
            if (value.whole) V::store(out, v);
            else V::store(out, v, V::firstN(value.left[j]));
        }
    }
}

#if defined(__AVX512F__)
/// 32 columns of two rows at a time, packed with saturation. Too small a float (and a NaN) becomes the smallest integer,
/// which saturates to `lowest`: StoreQuantized gives the same bytes. Returns the rows done.
template <Added kAdded, bool kUnsigned>
int storeRowPairs(const RowValues<2, kAdded>& value, int rows) {
    const Tile& t = value.t;
    const V::F inverse = V::set(t.inverse);
    const V::F most = V::set(t.storedHi);
    const __m512i zero = _mm512_set1_epi16(static_cast<int16_t>(t.zeroPoint));
    const __m512i lowest = _mm512_set1_epi8(static_cast<char>(_mm_cvtss_si32(_mm_set_ss(t.storedLo)) + t.zeroPoint));
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const auto words = [&](int i) {
        const auto ints = [&](int j) { return V::toInt(V::min(most, V::mul(value(i, j), inverse))); };
        return _mm512_adds_epi16(_mm512_packs_epi32(ints(0), ints(1)), zero);
    };
    int i = 0;
    for (; i + 2 <= rows; i += 2) {
        const __m512i first = words(i), second = words(i + 1);
        // Every 16 bytes hold four columns of each half of each row.
        const __m512i bytes = kUnsigned ? _mm512_max_epu8(_mm512_packus_epi16(first, second), lowest) : _mm512_max_epi8(_mm512_packs_epi16(first, second), lowest);
        const __m512i sorted = _mm512_permutexvar_epi32(order, bytes);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(t.c[i]), _mm512_castsi512_si256(sorted));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(t.c[i + 1]), _mm512_extracti64x4_epi64(sorted, 1));
    }
    return i;
}
#endif

template <int C, Added kAdded>
void storeBytesOf(const Tile& t, const int32_t* sums, int rows) {
    const RowValues<C, kAdded> value(t, sums);
    int i = 0;
#if defined(__AVX512F__)
    if constexpr (C == 2) {
        if (value.whole) i = t.out == Storage::U8 ? storeRowPairs<kAdded, true>(value, rows) : storeRowPairs<kAdded, false>(value, rows);
    }
#endif
    const StoreQuantized quantize(t.inverse, t.storedLo, t.storedHi, t.zeroPoint);
    for (; i < rows; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < C; ++j) quantize(t.c[i] + j * V::kLanes, value(i, j), value.left[j]);
    }
}

template <int C>
void storeTile(const Tile& t, const int32_t* sums, int rows) {
    const Added added = t.residual == nullptr ? Added::Nothing : t.residualType == Storage::F32 ? Added::Floats : Added::Bytes;
    if (t.out == Storage::F32) {
        if (added == Added::Nothing) storeFloats<C, Added::Nothing>(t, sums, rows);
        else if (added == Added::Floats) storeFloats<C, Added::Floats>(t, sums, rows);
        else storeFloats<C, Added::Bytes>(t, sums, rows);
    } else {
        if (added == Added::Nothing) storeBytesOf<C, Added::Nothing>(t, sums, rows);
        else if (added == Added::Floats) storeBytesOf<C, Added::Floats>(t, sums, rows);
        else storeBytesOf<C, Added::Bytes>(t, sums, rows);
    }
}

template <typename Dot, int R, int C>
void tile(const Tile& t) {
    V::I acc[R][C];
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < C; ++j) acc[i][j] = loadInts(t.start + j * V::kLanes);
    const std::byte* b = t.b;
    constexpr int kStep = C * V::kLanes * 4;
    // Short tiles only wait for weights: these are asked for earlier.
    constexpr int kAhead = R <= 2 ? 32 : 8;
    for (int64_t tap = 0; tap < t.taps; ++tap) {
        const std::byte* p[R];
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i) p[i] = t.a[i] + t.tapOffsets[tap];
        for (int64_t g = 0; g < t.groups; ++g) {
            V::I bv[C];
#pragma GCC unroll 4
            for (int j = 0; j < C; ++j) bv[j] = loadInts(b + j * V::kLanes * 4);
            _mm_prefetch(reinterpret_cast<const char*>(b + kAhead * kStep), _MM_HINT_T0);
            b += kStep;
#pragma GCC unroll 16
            for (int i = 0; i < R; ++i) {
                const Dot dot(broadcastWord(p[i] + 4 * g));
#pragma GCC unroll 4
                for (int j = 0; j < C; ++j) acc[i][j] = dot(acc[i][j], bv[j]);
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

template <typename Dot, int C>
struct Tiles {
    static constexpr TileFn upTo6[] = {tile<Dot, 1, C>, tile<Dot, 2, C>, tile<Dot, 3, C>, tile<Dot, 4, C>, tile<Dot, 5, C>, tile<Dot, 6, C>};
};
template <typename Dot, int C>
struct TallTiles {
    static constexpr TileFn upTo14[] = {tile<Dot, 1, C>, tile<Dot, 2, C>, tile<Dot, 3, C>,  tile<Dot, 4, C>,  tile<Dot, 5, C>,
                                        tile<Dot, 6, C>, tile<Dot, 7, C>, tile<Dot, 8, C>,  tile<Dot, 9, C>,  tile<Dot, 10, C>,
                                        tile<Dot, 11, C>, tile<Dot, 12, C>, tile<Dot, 13, C>, tile<Dot, 14, C>};
};

/// Bytes as they are, or with the sign bit turned over; says whether one is negative.
template <bool kFlip>
inline bool copyBytes(const Widen& w) {
    const auto* from = reinterpret_cast<const uint8_t*>(w.from);
    auto* to = reinterpret_cast<uint8_t*>(w.to);
    const uint8_t flip = kFlip && !w.isUnsigned ? 0x80 : 0;
    const __m256i flips = _mm256_set1_epi8(static_cast<char>(flip));
    __m256i any = _mm256_setzero_si256();
    uint8_t tail = 0;
    int64_t i = 0;
    for (; i + 32 <= w.n; i += 32) {
        const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
        any = _mm256_or_si256(any, v);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm256_xor_si256(v, flips));
    }
    for (; i < w.n; ++i) {
        tail |= from[i];
        to[i] = from[i] ^ flip;
    }
    return _mm256_movemask_epi8(any) != 0 || (tail & 0x80) != 0;
}

inline bool widenPairs(const Widen& w) {
    const auto* from = reinterpret_cast<const uint8_t*>(w.from);
    auto* to = reinterpret_cast<int16_t*>(w.to);
    const __m256i zero = _mm256_set1_epi16(static_cast<int16_t>(w.zeroPoint));
    int64_t i = 0;
    for (; i + 16 <= w.n; i += 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
        const __m256i wide = w.isUnsigned ? _mm256_cvtepu8_epi16(v) : _mm256_cvtepi8_epi16(v);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm256_sub_epi16(wide, zero));
    }
    for (; i < w.n; ++i) {
        const int v = w.isUnsigned ? from[i] : static_cast<int8_t>(from[i]);
        to[i] = static_cast<int16_t>(v - w.zeroPoint);
    }
    return false;
}

}  // namespace
}  // namespace sinter::quant
