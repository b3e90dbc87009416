#pragma once
// GCC 12's AVX-512 header reads its own "undefined" values on purpose and warns about that (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

/// Vector traits for the kernels' templates. Only files compiled for an instruction set (`*_avx2.cpp`, `*_avx512.cpp`)
/// include this. They must not use the standard library's templates: the linker could keep a copy of an inline
/// function that was compiled for AVX-512 and call it on a machine without.
namespace sinter::simd {

#if defined(__AVX2__) && defined(__FMA__) && !defined(__AVX512F__)
/// 8 floats, AVX2 + FMA.
struct Native {
    static constexpr int kLanes = 8;
    using F = __m256;
    using I = __m256i;
    using Mask = __m256i;  ///< lanes below n: all bits set
    using Cmp = __m256;
    static Mask firstN(int n) {
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    }
    static F load(const float* p) { return _mm256_loadu_ps(p); }
    static F load(const float* p, Mask m) { return _mm256_maskload_ps(p, m); }
    static void store(float* p, F v) { _mm256_storeu_ps(p, v); }
    static void store(float* p, F v, Mask m) { _mm256_maskstore_ps(p, m, v); }
    static F set(float v) { return _mm256_set1_ps(v); }
    static F zero() { return _mm256_setzero_ps(); }
    static F broadcast(const float* p) { return _mm256_broadcast_ss(p); }
    static F add(F a, F b) { return _mm256_add_ps(a, b); }
    static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
    static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
    static F div(F a, F b) { return _mm256_div_ps(a, b); }
    static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
    static F fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }  ///< c - a·b
    /// The second operand where either is NaN.
    static F max(F a, F b) { return _mm256_max_ps(a, b); }
    static F min(F a, F b) { return _mm256_min_ps(a, b); }
    static F sqrt(F a) { return _mm256_sqrt_ps(a); }
    static F abs(F a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
    static F neg(F a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
    static F copySign(F magnitude, F sign) {
        const F bit = _mm256_set1_ps(-0.0f);
        return _mm256_or_ps(_mm256_andnot_ps(bit, magnitude), _mm256_and_ps(bit, sign));
    }
    static F roundEven(F a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    static F floor(F a) { return _mm256_floor_ps(a); }
    static F ceil(F a) { return _mm256_ceil_ps(a); }
    static Cmp lt(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
    static Cmp le(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
    static Cmp eq(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
    static Cmp isNan(F a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
    /// a where the condition holds, else b.
    static F select(Cmp c, F a, F b) { return _mm256_blendv_ps(b, a, c); }
    static I toInt(F a) { return _mm256_cvtps_epi32(a); }
    static F toFloat(I a) { return _mm256_cvtepi32_ps(a); }
    static I bits(F a) { return _mm256_castps_si256(a); }
    static F fromBits(I a) { return _mm256_castsi256_ps(a); }
    static I setInt(int v) { return _mm256_set1_epi32(v); }
    static I addInt(I a, I b) { return _mm256_add_epi32(a, b); }
    static I subInt(I a, I b) { return _mm256_sub_epi32(a, b); }
    static I andInt(I a, I b) { return _mm256_and_si256(a, b); }
    static I orInt(I a, I b) { return _mm256_or_si256(a, b); }
    template <int N>
    static I shiftLeft(I a) { return _mm256_slli_epi32(a, N); }
    template <int N>
    static I shiftRight(I a) { return _mm256_srli_epi32(a, N); }
    template <int N>
    static I shiftRightSigned(I a) { return _mm256_srai_epi32(a, N); }
    static float sum(F v) {
        __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
        s = _mm_add_ps(s, _mm_movehl_ps(s, s));
        return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
    }
    static float maxOf(F v) {
        __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
        s = _mm_max_ps(s, _mm_movehl_ps(s, s));
        return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
    }
};
#elif defined(__AVX512F__)
/// 16 floats, AVX-512 F, BW, DQ and VL.
struct Native {
    static constexpr int kLanes = 16;
    using F = __m512;
    using I = __m512i;
    using Mask = __mmask16;
    using Cmp = __mmask16;
    static Mask firstN(int n) { return n >= 16 ? static_cast<Mask>(0xffff) : static_cast<Mask>((1u << n) - 1u); }
    static F load(const float* p) { return _mm512_loadu_ps(p); }
    static F load(const float* p, Mask m) { return _mm512_maskz_loadu_ps(m, p); }
    static void store(float* p, F v) { _mm512_storeu_ps(p, v); }
    static void store(float* p, F v, Mask m) { _mm512_mask_storeu_ps(p, m, v); }
    static F set(float v) { return _mm512_set1_ps(v); }
    static F zero() { return _mm512_setzero_ps(); }
    static F broadcast(const float* p) { return _mm512_set1_ps(*p); }
    static F add(F a, F b) { return _mm512_add_ps(a, b); }
    static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
    static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
    static F div(F a, F b) { return _mm512_div_ps(a, b); }
    static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
    static F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
    static F max(F a, F b) { return _mm512_max_ps(a, b); }
    static F min(F a, F b) { return _mm512_min_ps(a, b); }
    static F sqrt(F a) { return _mm512_sqrt_ps(a); }
    static F abs(F a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
    static F neg(F a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
    static F copySign(F magnitude, F sign) {
        const F bit = _mm512_set1_ps(-0.0f);
        return _mm512_or_ps(_mm512_andnot_ps(bit, magnitude), _mm512_and_ps(bit, sign));
    }
    static F roundEven(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    static F floor(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
    static F ceil(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
    static Cmp lt(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
    static Cmp le(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
    static Cmp eq(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
    static Cmp isNan(F a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
    static F select(Cmp c, F a, F b) { return _mm512_mask_blend_ps(c, b, a); }
    static I toInt(F a) { return _mm512_cvtps_epi32(a); }
    static F toFloat(I a) { return _mm512_cvtepi32_ps(a); }
    static I bits(F a) { return _mm512_castps_si512(a); }
    static F fromBits(I a) { return _mm512_castsi512_ps(a); }
    static I setInt(int v) { return _mm512_set1_epi32(v); }
    static I addInt(I a, I b) { return _mm512_add_epi32(a, b); }
    static I subInt(I a, I b) { return _mm512_sub_epi32(a, b); }
    static I andInt(I a, I b) { return _mm512_and_si512(a, b); }
    static I orInt(I a, I b) { return _mm512_or_si512(a, b); }
    template <int N>
    static I shiftLeft(I a) { return _mm512_slli_epi32(a, N); }
    template <int N>
    static I shiftRight(I a) { return _mm512_srli_epi32(a, N); }
    template <int N>
    static I shiftRightSigned(I a) { return _mm512_srai_epi32(a, N); }
    static float sum(F v) { return _mm512_reduce_add_ps(v); }
    static float maxOf(F v) { return _mm512_reduce_max_ps(v); }
};
#else
#error "simd/vec.h is for files compiled for AVX2 or AVX-512"
#endif

}  // namespace sinter::simd
