#pragma once
#include "cpu/simd/vec.h"

/// Vectors of 8-bit numbers beside those of simd/vec.h, one per float lane.
namespace sinter::quant {
namespace {

using V = simd::Native;

#if defined(__AVX512F__)
inline V::I loadInts(const void* p) { return _mm512_loadu_si512(p); }
inline void storeInts(void* p, V::I v) { _mm512_storeu_si512(p, v); }
inline V::I broadcastWord(const void* p) {
    int32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
}
inline V::I maddPairs(V::I a, V::I b) { return _mm512_madd_epi16(a, b); }
inline __m128i firstBytes(const void* p, int n) {
    if (n >= 16) return _mm_loadu_si128(static_cast<const __m128i*>(p));
    return _mm_maskz_loadu_epi8(static_cast<__mmask16>((1u << n) - 1u), p);
}
inline V::I signedBytes(const void* p, int n) { return _mm512_cvtepi8_epi32(firstBytes(p, n)); }
inline V::I unsignedBytes(const void* p, int n) { return _mm512_cvtepu8_epi32(firstBytes(p, n)); }
/// The low bytes of the first n lanes.
inline void storeBytes(void* p, V::I v, int n) {
    const __m128i bytes = _mm512_cvtepi32_epi8(v);
    if (n >= 16) _mm_storeu_si128(static_cast<__m128i*>(p), bytes);
    else _mm_mask_storeu_epi8(p, static_cast<__mmask16>((1u << n) - 1u), bytes);
}
#else
inline V::I loadInts(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline void storeInts(void* p, V::I v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
inline V::I broadcastWord(const void* p) {
    int32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return _mm256_set1_epi32(word);
}
inline V::I maddPairs(V::I a, V::I b) { return _mm256_madd_epi16(a, b); }
inline __m128i firstBytes(const void* p, int n) {
    if (n >= 8) return _mm_loadl_epi64(static_cast<const __m128i*>(p));
    uint64_t bytes = 0;
    for (int i = 0; i < n; ++i) bytes |= static_cast<uint64_t>(static_cast<const uint8_t*>(p)[i]) << (8 * i);
    return _mm_cvtsi64_si128(static_cast<int64_t>(bytes));
}
inline V::I signedBytes(const void* p, int n) { return _mm256_cvtepi8_epi32(firstBytes(p, n)); }
inline V::I unsignedBytes(const void* p, int n) { return _mm256_cvtepu8_epi32(firstBytes(p, n)); }
inline void storeBytes(void* p, V::I v, int n) {
    const __m256i low = _mm256_shuffle_epi8(v, _mm256_set1_epi32(0x0c080400));
    const __m128i both = _mm_unpacklo_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    if (n >= 8) {
        _mm_storel_epi64(static_cast<__m128i*>(p), both);
        return;
    }
    const auto bytes = static_cast<uint64_t>(_mm_cvtsi128_si64(both));
    for (int i = 0; i < n; ++i) static_cast<uint8_t*>(p)[i] = static_cast<uint8_t>(bytes >> (8 * i));
}
#endif

inline V::F floatsOf(const void* p, int n, bool isUnsigned, V::I zeroPoint) {
    return V::toFloat(V::subInt(isUnsigned ? unsignedBytes(p, n) : signedBytes(p, n), zeroPoint));
}

/// What Quantizer::quantize does, on vectors.
struct StoreQuantized {
    V::F inverse, lo, hi;
    V::I zeroPoint;
    StoreQuantized(float i, float l, float h, int z) : inverse(V::set(i)), lo(V::set(l)), hi(V::set(h)), zeroPoint(V::setInt(z)) {}
    void operator()(void* p, V::F v, int n) const {
        const V::F bounded = V::min(hi, V::max(V::mul(v, inverse), lo));
        storeBytes(p, V::addInt(V::toInt(bounded), zeroPoint), n);
    }
};

}  // namespace
}  // namespace sinter::quant
