#include "cpu/quant/bytes.h"
#include "cpu/quant/depthwise.h"

namespace sinter::quant {
namespace {

inline __m128i someBytes(const std::byte* from, int n) {
    alignas(16) int8_t some[16] = {};
    for (int i = 0; i < n; ++i) some[i] = static_cast<int8_t>(from[i]);
    return _mm_load_si128(reinterpret_cast<const __m128i*>(some));
}

/// Sixteen numbers of a tap; the last block of a row may hold fewer.
template <bool kWhole, bool kUnsigned = false>
inline __m256i numbers(const std::byte* from, int n) {
    const __m128i bytes = kWhole ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)) : someBytes(from, n);
    return kUnsigned ? _mm256_cvtepu8_epi16(bytes) : _mm256_cvtepi8_epi16(bytes);
}

/// Sums of channels 0-3 and 8-11 of the sixteen, and of the others, on their way out.
template <bool kWhole>
inline void storeSums(const DepthwisePixel& p, int64_t c, int n, __m256i first, __m256i second) {
    const __m256i sums[2] = {_mm256_permute2x128_si256(first, second, 0x20), _mm256_permute2x128_si256(first, second, 0x31)};
    const StoreQuantized quantize(p.inverse, p.storedLo, p.storedHi, p.zeroPoint);
    for (int j = 0; j < 2; ++j) {
        const int left = n - 8 * j;
        if (!kWhole && left <= 0) break;
        const V::I sum = V::addInt(sums[j], loadInts(p.start + c + 8 * j));
        V::F v = V::fma(V::toFloat(sum), V::load(p.scale + c + 8 * j), V::load(p.bias + c + 8 * j));
        if (p.store == Storage::F32) v = V::min(V::set(p.hi), V::max(V::set(p.lo), v));
        if (p.store == Storage::F32) V::store(reinterpret_cast<float*>(p.out) + c + 8 * j, v, V::firstN(left > 8 ? 8 : left));
        else quantize(p.out + c + 8 * j, v, left > 8 ? 8 : left);
    }
}

/// kTaps: how many there are, or 0 where only the layer knows.
template <bool kWhole, int kTaps>
inline void block(const DepthwisePixel& p, int64_t c, int n) {
    const int64_t tapCount = kTaps > 0 ? kTaps : p.tapCount;
    const int16_t* w = p.weights + c * tapCount;
    const __m256i ones = _mm256_set1_epi16(1);
    const auto product = [&](int64_t t) {
        return _mm256_mullo_epi16(numbers<kWhole>(p.taps[t] + c, n), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + t * 16)));
    };
    __m256i first = _mm256_setzero_si256();
    __m256i second = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int64_t t = 0; t < tapCount; t += 4) {
        const int64_t left = tapCount - t;
        __m256i a = product(t);
        __m256i b = _mm256_setzero_si256();
        if (left > 1) a = _mm256_add_epi16(a, product(t + 1));
        if (left > 2) b = product(t + 2);
        if (left > 3) b = _mm256_add_epi16(b, product(t + 3));
        first = _mm256_add_epi32(first, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), ones));
        second = _mm256_add_epi32(second, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), ones));
    }
    storeSums<kWhole>(p, c, n, first, second);
}

template <bool kWhole, bool kUnsigned, int kTaps>
inline void pairsBlock(const DepthwisePixel& p, int64_t c, int n) {
    const int64_t tapCount = kTaps > 0 ? kTaps : p.tapCount;
    const auto* w = reinterpret_cast<const __m256i*>(p.weights + c * tapPairs(tapCount) * 2);
    __m256i first = _mm256_setzero_si256();
    __m256i second = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int64_t t = 0; t < tapCount; t += 2, w += 2) {
        const __m256i a = numbers<kWhole, kUnsigned>(p.taps[t] + c, n);
        const __m256i b = t + 1 < tapCount ? numbers<kWhole, kUnsigned>(p.taps[t + 1] + c, n) : _mm256_setzero_si256();
        first = _mm256_add_epi32(first, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), _mm256_loadu_si256(w)));
        second = _mm256_add_epi32(second, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), _mm256_loadu_si256(w + 1)));
    }
    storeSums<kWhole>(p, c, n, first, second);
}

template <int kTaps>
void pixel(const DepthwisePixel& p) {
    int64_t c = 0;
    for (; c + 16 <= p.channels; c += 16) block<true, kTaps>(p, c, 16);
    if (c < p.channels) block<false, kTaps>(p, c, static_cast<int>(p.channels - c));
}

template <bool kUnsigned, int kTaps>
void pairsPixel(const DepthwisePixel& p) {
    int64_t c = 0;
    for (; c + 16 <= p.channels; c += 16) pairsBlock<true, kUnsigned, kTaps>(p, c, 16);
    if (c < p.channels) pairsBlock<false, kUnsigned, kTaps>(p, c, static_cast<int>(p.channels - c));
}

template <bool kUnsigned>
void pairs(const DepthwisePixel& p) {
    if (p.tapCount == 9) pairsPixel<kUnsigned, 9>(p);
    else if (p.tapCount == 25) pairsPixel<kUnsigned, 25>(p);
    else pairsPixel<kUnsigned, 0>(p);
}

}  // namespace

void depthwisePairsI8Avx2(const DepthwisePixel& p) { pairs<false>(p); }
void depthwisePairsU8Avx2(const DepthwisePixel& p) { pairs<true>(p); }

void depthwisePixelAvx2(const DepthwisePixel& p) {
    if (p.tapCount == 9) pixel<9>(p);
    else if (p.tapCount == 25) pixel<25>(p);
    else pixel<0>(p);
}

}  // namespace sinter::quant
