#pragma once
#include "cpu/simd/vec.h"

/// Vectors of float16 and bfloat16 numbers in memory, as float32 in registers: rounded to nearest even, subnormal numbers
/// and infinities kept, NaN stays NaN.
namespace sinter::simd {
namespace {

#if defined(__AVX512F__)
using Halves = __m256i;  ///< one 16-bit number per float lane
inline Halves loadHalves(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline Halves loadHalves(const void* p, int n) {
    return n >= 16 ? loadHalves(p) : _mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << n) - 1u), p);
}
inline void storeHalves(void* p, Halves v, int n) {
    if (n >= 16) _mm256_storeu_si256(static_cast<__m256i*>(p), v);
    else _mm256_mask_storeu_epi16(p, static_cast<__mmask16>((1u << n) - 1u), v);
}
inline Native::F fromHalf(Halves v) { return _mm512_cvtph_ps(v); }
inline Halves toHalf(Native::F v) { return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Native::F fromBfloat(Halves v) { return Native::fromBits(Native::shiftLeft<16>(_mm512_cvtepu16_epi32(v))); }
inline Halves lowHalves(Native::I v) { return _mm512_cvtepi32_epi16(v); }
#else
using Halves = __m128i;
inline Halves loadHalves(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline Halves loadHalves(const void* p, int n) {
    if (n >= 8) return loadHalves(p);
    alignas(16) uint16_t buffer[8] = {};
    for (int i = 0; i < n; ++i) buffer[i] = static_cast<const uint16_t*>(p)[i];
    return _mm_load_si128(reinterpret_cast<const __m128i*>(buffer));
}
inline void storeHalves(void* p, Halves v, int n) {
    if (n >= 8) {
        _mm_storeu_si128(static_cast<__m128i*>(p), v);
        return;
    }
    alignas(16) uint16_t buffer[8];
    _mm_store_si128(reinterpret_cast<__m128i*>(buffer), v);
    for (int i = 0; i < n; ++i) static_cast<uint16_t*>(p)[i] = buffer[i];
}
inline Native::F fromHalf(Halves v) { return _mm256_cvtph_ps(v); }
inline Halves toHalf(Native::F v) { return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Native::F fromBfloat(Halves v) { return Native::fromBits(Native::shiftLeft<16>(_mm256_cvtepu16_epi32(v))); }
inline Halves lowHalves(Native::I v) {
    // Values below 65536 pack without saturation; the two lanes' results lie apart.
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi32(v, v), 0x08));
}
#endif

/// In integers: the conversion instructions of AVX-512 BF16 take subnormal numbers for zero.
inline Halves toBfloat(Native::F v) {
    using V = Native;
    const V::I bits = V::bits(v);
    const V::I odd = V::andInt(V::shiftRight<16>(bits), V::setInt(1));
    const V::I rounded = V::addInt(bits, V::addInt(odd, V::setInt(0x7fff)));
    // Rounding could carry a NaN into the sign.
    const V::I quiet = V::orInt(bits, V::setInt(0x400000));
    return lowHalves(V::shiftRight<16>(V::bits(V::select(V::isNan(v), V::fromBits(quiet), V::fromBits(rounded)))));
}

}  // namespace
}  // namespace sinter::simd
