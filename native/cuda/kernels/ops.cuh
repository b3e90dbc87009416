// The elementwise operators of docs/layers.md on one value; T is float, double or an integer type.
#pragma once
#include "prelude.cuh"

#define SINTER_UNARY(name, expression) template <typename T> SINTER_DEVICE T name(T x) { return expression; }

template <typename T> struct IsFloat { static constexpr bool value = false; };
template <> struct IsFloat<float> { static constexpr bool value = true; };
template <> struct IsFloat<double> { static constexpr bool value = true; };

// float versions and double versions of the C library under one name
SINTER_DEVICE float f_exp(float x) { return expf(x); }
SINTER_DEVICE double f_exp(double x) { return exp(x); }
SINTER_DEVICE float f_expm1(float x) { return expm1f(x); }
SINTER_DEVICE double f_expm1(double x) { return expm1(x); }
SINTER_DEVICE float f_log(float x) { return logf(x); }
SINTER_DEVICE double f_log(double x) { return log(x); }
SINTER_DEVICE float f_log1p(float x) { return log1pf(x); }
SINTER_DEVICE double f_log1p(double x) { return log1p(x); }
SINTER_DEVICE float f_sqrt(float x) { return sqrtf(x); }
SINTER_DEVICE double f_sqrt(double x) { return sqrt(x); }
SINTER_DEVICE float f_rsqrt(float x) { return rsqrtf(x); }
SINTER_DEVICE double f_rsqrt(double x) { return 1.0 / sqrt(x); }
SINTER_DEVICE float f_tanh(float x) { return tanhf(x); }
SINTER_DEVICE double f_tanh(double x) { return tanh(x); }
SINTER_DEVICE float f_erf(float x) { return erff(x); }
SINTER_DEVICE double f_erf(double x) { return erf(x); }
SINTER_DEVICE float f_abs(float x) { return fabsf(x); }
SINTER_DEVICE double f_abs(double x) { return fabs(x); }
SINTER_DEVICE float f_mod(float x, float y) { return fmodf(x, y); }
SINTER_DEVICE double f_mod(double x, double y) { return fmod(x, y); }

template <typename T> SINTER_DEVICE T op_add(T a, T b) { return a + b; }
template <typename T> SINTER_DEVICE T op_sub(T a, T b) { return a - b; }
template <typename T> SINTER_DEVICE T op_mul(T a, T b) { return a * b; }
template <typename T> SINTER_DEVICE T op_div(T a, T b) {
    if constexpr (IsFloat<T>::value) return a / b;
    else {
        if (b == T(0)) return T(0);
        if (T(-1) < T(0) && b == T(-1)) return T(0) - a;
        return a / b;
    }
}
template <typename T> SINTER_DEVICE T op_min(T a, T b) { return a != a ? a : b != b ? b : b < a ? b : a; }
template <typename T> SINTER_DEVICE T op_max(T a, T b) { return a != a ? a : b != b ? b : a < b ? b : a; }
template <typename T> SINTER_DEVICE T op_clip(T x, T lo, T hi) { const T y = x < lo ? lo : x; return y > hi ? hi : y; }
template <typename T> SINTER_DEVICE T op_prelu(T x, T slope) { return x < T(0) ? x * slope : x; }
template <typename T> SINTER_DEVICE T op_mod(T a, T b, float fmod_form) {
    if constexpr (IsFloat<T>::value) {
        const T r = f_mod(a, b);
        return fmod_form == 0.0f && r != T(0) && (r < T(0)) != (b < T(0)) ? r + b : r;
    } else {
        if (b == T(0)) return T(0);
        if (T(-1) < T(0) && b == T(-1)) return T(0);
        const T r = a % b;
        return fmod_form == 0.0f && r != T(0) && (r < T(0)) != (b < T(0)) ? r + b : r;
    }
}
template <typename T> SINTER_DEVICE T op_and(T a, T b) { return T(a != T(0) && b != T(0)); }
template <typename T> SINTER_DEVICE T op_or(T a, T b) { return T(a != T(0) || b != T(0)); }
template <typename T> SINTER_DEVICE T op_xor(T a, T b) { return T((a != T(0)) != (b != T(0))); }
template <typename T> SINTER_DEVICE T op_not(T a) { return T(a == T(0)); }
template <typename T> SINTER_DEVICE T op_bitand(T a, T b) { return T(a & b); }
template <typename T> SINTER_DEVICE T op_bitor(T a, T b) { return T(a | b); }
template <typename T> SINTER_DEVICE T op_bitxor(T a, T b) { return T(a ^ b); }
template <typename T> SINTER_DEVICE T op_bitnot(T a) { return T(~a); }
template <typename T> SINTER_DEVICE T op_shift(T a, T b, float left) {
    if (static_cast<uint64_t>(b) >= sizeof(T) * 8) return left == 0.0f && a < T(0) ? T(-1) : T(0);
    return left != 0.0f ? T(static_cast<uint64_t>(a) << b) : T(a >> b);  // a signed number keeps its sign
}
template <typename T> SINTER_DEVICE T op_abs(T x) { return x < T(0) ? T(0) - x : x == T(0) ? T(0) : x; }
template <typename T> SINTER_DEVICE T op_neg(T x) { if constexpr (IsFloat<T>::value) return -x; else return T(0) - x; }
template <typename T> SINTER_DEVICE T op_sign(T x) { return x != x ? x : T(x > T(0)) - T(x < T(0)); }
template <typename T> SINTER_DEVICE T op_relu(T x) { return x < T(0) ? T(0) : x; }
template <typename T> SINTER_DEVICE T op_identity(T x) { return x; }
template <typename T> SINTER_DEVICE T op_leaky_relu(T x, T alpha) { return x < T(0) ? alpha * x : x; }
template <typename T> SINTER_DEVICE T op_shrink(T x, T lambd, T bias) { return x < -lambd ? x + bias : x > lambd ? x - bias : T(0); }
SINTER_UNARY(op_exp, f_exp(x))
SINTER_UNARY(op_log, f_log(x))
SINTER_UNARY(op_sqrt, f_sqrt(x))
SINTER_UNARY(op_reciprocal, T(1) / x)
SINTER_UNARY(op_floor, floor(x))
SINTER_UNARY(op_ceil, ceil(x))
SINTER_UNARY(op_round, rint(x))
SINTER_UNARY(op_erf, f_erf(x))
SINTER_UNARY(op_sigmoid, T(1) / (T(1) + f_exp(-x)))
SINTER_UNARY(op_tanh, f_tanh(x))
template <typename T> SINTER_DEVICE T op_softplus(T x) { return x != x ? x : (x > T(0) ? x : T(0)) + f_log1p(f_exp(-f_abs(x))); }
SINTER_UNARY(op_softsign, x / (T(1) + f_abs(x)))
template <typename T> SINTER_DEVICE T op_mish(T x) { return x != x ? x : x * f_tanh(op_softplus(x)); }
template <typename T> SINTER_DEVICE T op_hard_swish(T x) { return x * op_clip<T>(x / T(6) + T(0.5), T(0), T(1)); }
SINTER_UNARY(op_sin, sin(x))
SINTER_UNARY(op_cos, cos(x))
SINTER_UNARY(op_tan, tan(x))
SINTER_UNARY(op_asin, asin(x))
SINTER_UNARY(op_acos, acos(x))
SINTER_UNARY(op_atan, atan(x))
SINTER_UNARY(op_sinh, sinh(x))
SINTER_UNARY(op_cosh, cosh(x))
SINTER_UNARY(op_asinh, asinh(x))
SINTER_UNARY(op_acosh, acosh(x))
SINTER_UNARY(op_atanh, atanh(x))
template <typename T> SINTER_DEVICE T op_elu(T x, T alpha) { return x < T(0) ? alpha * f_expm1(x) : x; }
template <typename T> SINTER_DEVICE T op_celu(T x, T alpha) { return x < T(0) ? alpha * f_expm1(x / alpha) : x; }
template <typename T> SINTER_DEVICE T op_thresholded_relu(T x, T alpha) { return x > alpha ? x : T(0); }
template <typename T> SINTER_DEVICE T op_selu(T x, T alpha, T gamma) { return x > T(0) ? gamma * x : gamma * alpha * f_expm1(x); }
template <typename T> SINTER_DEVICE T op_hard_sigmoid(T x, T alpha, T beta) { return op_clip<T>(alpha * x + beta, T(0), T(1)); }
/// x · Φ(x) within 2e-7 · |x|: the tail is 1 / (2 p(|x|)¹⁶) with the polynomial of Abramowitz and Stegun (Handbook of
/// Mathematical Functions, 7.1.28), its argument's 1 / √2 and the factor's sixteenth root folded into the coefficients.
SINTER_DEVICE float f_gelu(float x) {
    const float a = fminf(fabsf(x), 32.0f);  // the tail is 0 there: infinity times it would not be
    float p = fmaf(a, 5.62129966e-06f, 5.1055209e-05f);
    p = fmaf(p, a, 3.9686137e-05f);
    p = fmaf(p, a, 0.00342273924f);
    p = fmaf(p, a, 0.0220769985f);
    p = fmaf(p, a, 0.052075163f);
    p = fmaf(p, a, 1.04427378f);
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    float tail;
#ifdef SINTER_EMULATED
    tail = 1.0f / p;
#else
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(tail) : "f"(p));
#endif
    return fmaf(-a, tail, x < 0.0f ? 0.0f : x);
}
/// The same for results of 16 bits: Φ(-a) is a power of two whose exponent is a polynomial, with an error of 8e-5 of the tail at most.
SINTER_DEVICE float rough_gelu(float x) {
    const float a = fminf(fabsf(x), 32.0f);
    float p = fmaf(a, -0.000320117717f, 0.00582323736f);
    p = fmaf(p, a, -0.0482225344f);
    p = fmaf(p, a, -0.464143366f);
    p = fmaf(p, a, -1.14916277f);
    p = fmaf(p, a, -1.00012267f);
    float tail, positive = x < 0.0f ? 0.0f : x;
#ifdef SINTER_EMULATED
    tail = exp2f(p);
#else
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(tail) : "f"(p));
#if __CUDA_ARCH__ >= 800
    asm("max.NaN.f32 %0, %1, 0f00000000;" : "=f"(positive) : "f"(x));
#endif
#endif
    return fmaf(-a, tail, positive);
}
SINTER_DEVICE double f_gelu(double x) { return 0.5 * x * (1.0 + erf(x * 0.70710678118654752440)); }
template <typename T> SINTER_DEVICE T op_gelu(T x, T tanh_form) {
#if SINTER_RESULT_BYTES == 2
    if (sizeof(T) == 4 && tanh_form == T(0)) return rough_gelu(static_cast<float>(x));
#endif
    if (tanh_form == T(0)) return f_gelu(x);
    return T(0.5) * x * (T(1) + f_tanh(T(0.79788456080286535588) * (x + T(0.044715) * x * x * x)));
}
SINTER_DEVICE bool op_isinf(float x, bool negative, bool positive) { return (positive && x > 3.4028235e38f) || (negative && x < -3.4028235e38f); }
SINTER_DEVICE bool op_isinf(double x, bool negative, bool positive) {
    return (positive && x > 1.7976931348623157e308) || (negative && x < -1.7976931348623157e308);
}
SINTER_DEVICE float op_pow(float a, float b) { return b == 2.0f ? a * a : powf(a, b); }
SINTER_DEVICE double op_pow(double a, double b) { return pow(a, b); }
SINTER_DEVICE int64_t op_powi(int64_t base, int64_t exponent) {
    if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
    uint64_t result = 1, b = static_cast<uint64_t>(base);
    for (; exponent != 0; exponent >>= 1, b *= b) {
        if (exponent & 1) result *= b;
    }
    return static_cast<int64_t>(result);
}
/// As the CPU converts: truncated, then wrapped to the type; bool is "not zero".
template <typename T, typename F> SINTER_DEVICE T float_to_int(F x) {
    if constexpr (sizeof(T) == 8) return static_cast<T>(x);
    else return static_cast<T>(static_cast<int64_t>(x));
}
template <> SINTER_DEVICE bool float_to_int<bool, float>(float x) { return x != 0.0f; }
template <> SINTER_DEVICE bool float_to_int<bool, double>(double x) { return x != 0.0; }
