#pragma once
#include "cpu/simd/vec.h"

/// Elementary functions to about 2 units in the last place, with the limits of the C library for infinities and NaN.
namespace sinter::simd {
namespace {

using VF = Native::F;
using VI = Native::I;

/// 2^n · p in two steps, so that results near overflow and in the subnormal range come out right.
inline VF scaleByPowerOfTwo(VF p, VI n) {
    using V = Native;
    const VI half = V::shiftRightSigned<1>(n);
    const VI rest = V::subInt(n, half);
    const VI bias = V::setInt(127);
    const VF s1 = V::fromBits(V::shiftLeft<23>(V::addInt(half, bias)));
    const VF s2 = V::fromBits(V::shiftLeft<23>(V::addInt(rest, bias)));
    return V::mul(V::mul(p, s1), s2);
}

/// Cody and Waite's reduction to |r| <= ln2/2, then the Cephes polynomial.
inline VF exp(VF x) {
    using V = Native;
    const VF c = V::min(V::set(89.0f), V::max(V::set(-104.5f), x));
    const VF n = V::roundEven(V::mul(c, V::set(1.44269504088896341f)));
    VF r = V::fnma(n, V::set(0.693359375f), c);
    r = V::fnma(n, V::set(-2.12194440e-4f), r);
    VF p = V::set(1.9875691500e-4f);
    p = V::fma(p, r, V::set(1.3981999507e-3f));
    p = V::fma(p, r, V::set(8.3334519073e-3f));
    p = V::fma(p, r, V::set(4.1665795894e-2f));
    p = V::fma(p, r, V::set(1.6666665459e-1f));
    p = V::fma(p, r, V::set(5.0000001201e-1f));
    p = V::fma(p, V::mul(r, r), r);
    p = V::add(p, V::set(1.0f));
    return scaleByPowerOfTwo(p, V::toInt(n));
}

/// Cephes logf on a mantissa in [sqrt(1/2), sqrt(2)).
inline VF log(VF x) {
    using V = Native;
    const auto tiny = V::lt(x, V::set(1.17549435e-38f));
    const VF scaled = V::select(tiny, V::mul(x, V::set(8388608.0f)), x);
    const VI bits = V::bits(scaled);
    // Exponent of scaled / sqrt(1/2), rounded down.
    const VI shifted = V::subInt(bits, V::setInt(0x3f3504f3));
    const VI e = V::shiftRightSigned<23>(shifted);
    const VF m = V::fromBits(V::subInt(bits, V::shiftLeft<23>(e)));
    const VF exponent = V::sub(V::toFloat(e), V::select(tiny, V::set(23.0f), V::zero()));
    const VF f = V::sub(m, V::set(1.0f));
    const VF z = V::mul(f, f);
    VF p = V::set(7.0376836292e-2f);
    p = V::fma(p, f, V::set(-1.1514610310e-1f));
    p = V::fma(p, f, V::set(1.1676998740e-1f));
    p = V::fma(p, f, V::set(-1.2420140846e-1f));
    p = V::fma(p, f, V::set(1.4249322787e-1f));
    p = V::fma(p, f, V::set(-1.6668057665e-1f));
    p = V::fma(p, f, V::set(2.0000714765e-1f));
    p = V::fma(p, f, V::set(-2.4999993993e-1f));
    p = V::fma(p, f, V::set(3.3333331174e-1f));
    VF y = V::mul(V::mul(f, z), p);
    y = V::fma(exponent, V::set(-2.12194440e-4f), y);
    y = V::fnma(z, V::set(0.5f), y);
    VF r = V::add(f, y);
    r = V::fma(exponent, V::set(0.693359375f), r);
    const VF infinity = V::set(__builtin_inff());
    r = V::select(V::eq(x, infinity), infinity, r);
    r = V::select(V::eq(x, V::zero()), V::neg(infinity), r);
    r = V::select(V::lt(x, V::zero()), V::set(__builtin_nanf("")), r);
    return V::select(V::isNan(x), x, r);
}

inline VF sigmoid(VF x) {
    using V = Native;
    return V::div(V::set(1.0f), V::add(V::set(1.0f), exp(V::neg(x))));
}

/// Cephes tanhf: odd polynomial near zero, else 1 - 2 / (e^2x + 1).
inline VF tanh(VF x) {
    using V = Native;
    const VF a = V::abs(x);
    const VF s = V::mul(x, x);
    VF p = V::set(-5.70498872745e-3f);
    p = V::fma(p, s, V::set(2.06390887954e-2f));
    p = V::fma(p, s, V::set(-5.37397155531e-2f));
    p = V::fma(p, s, V::set(1.33314422036e-1f));
    p = V::fma(p, s, V::set(-3.33332819422e-1f));
    const VF small = V::fma(V::mul(p, s), x, x);
    const VF e = exp(V::add(a, a));
    const VF large = V::sub(V::set(1.0f), V::div(V::set(2.0f), V::add(e, V::set(1.0f))));
    return V::select(V::lt(a, V::set(0.625f)), small, V::copySign(large, x));
}

/// Two minimax branches: a polynomial below 0.93, 1 - e^poly above.
inline VF erf(VF x) {
    using V = Native;
    const VF t = V::min(V::set(4.0f), V::abs(x));
    const VF s = V::mul(t, t);
    VF big = V::fma(V::set(-1.72853470e-5f), t, V::set(3.83197126e-4f));
    const VF u = V::fma(V::set(-3.88396438e-3f), t, V::set(2.42546219e-2f));
    big = V::fma(big, s, u);
    big = V::fma(big, t, V::set(-1.06777877e-1f));
    big = V::fma(big, t, V::set(-6.34846687e-1f));
    big = V::fma(big, t, V::set(-1.28717512e-1f));
    big = V::fma(big, t, V::neg(t));
    big = V::copySign(V::sub(V::set(1.0f), exp(big)), x);
    VF p = V::set(-5.96761703e-4f);
    p = V::fma(p, s, V::set(4.99119423e-3f));
    p = V::fma(p, s, V::set(-2.67681349e-2f));
    p = V::fma(p, s, V::set(1.12819925e-1f));
    p = V::fma(p, s, V::set(-3.76125336e-1f));
    p = V::fma(p, s, V::set(1.28379166e-1f));
    const VF small = V::fma(p, x, x);
    return V::select(V::lt(V::set(0.927734375f), t), big, small);
}

/// log(1 + e^x) without overflow.
inline VF softplus(VF x) {
    using V = Native;
    const VF e = exp(V::neg(V::abs(x)));
    // log1p(e) for e in [0, 1]: log(1 + e) corrected for what 1 + e lost.
    const VF one = V::set(1.0f);
    const VF w = V::add(one, e);
    const VF lost = V::sub(e, V::sub(w, one));
    const VF l = V::add(log(w), V::div(lost, w));
    return V::add(V::max(V::zero(), x), l);
}

}  // namespace
}  // namespace sinter::simd
