#pragma once
#include "cpu/pointwise/ops.h"
#include "cpu/simd/math.h"

namespace sinter::pointwise {
namespace {

using V = simd::Native;
using F = V::F;

inline F truth(V::Cmp c) { return V::select(c, V::set(1.0f), V::zero()); }

template <typename Fn>
inline void unary(const OpArgs& o, Fn fn) {
    if (o.scalars & 1) {
        const F v = fn(V::set(*o.a));
        int64_t i = 0;
        for (; i + V::kLanes <= o.n; i += V::kLanes) V::store(o.out + i, v);
        if (i < o.n) V::store(o.out + i, v, V::firstN(static_cast<int>(o.n - i)));
        return;
    }
    int64_t i = 0;
    for (; i + V::kLanes <= o.n; i += V::kLanes) V::store(o.out + i, fn(V::load(o.a + i)));
    if (i < o.n) {
        const V::Mask m = V::firstN(static_cast<int>(o.n - i));
        V::store(o.out + i, fn(V::load(o.a + i, m)), m);
    }
}

template <bool SA, bool SB, typename Fn>
inline void binaryLoop(const OpArgs& o, Fn fn) {
    const F a0 = SA ? V::set(*o.a) : V::zero();
    const F b0 = SB ? V::set(*o.b) : V::zero();
    int64_t i = 0;
    for (; i + V::kLanes <= o.n; i += V::kLanes) {
        V::store(o.out + i, fn(SA ? a0 : V::load(o.a + i), SB ? b0 : V::load(o.b + i)));
    }
    if (i < o.n) {
        const V::Mask m = V::firstN(static_cast<int>(o.n - i));
        V::store(o.out + i, fn(SA ? a0 : V::load(o.a + i, m), SB ? b0 : V::load(o.b + i, m)), m);
    }
}

template <typename Fn>
inline void binary(const OpArgs& o, Fn fn) {
    switch (o.scalars & 3) {
        case 0: return binaryLoop<false, false>(o, fn);
        case 1: return binaryLoop<true, false>(o, fn);
        case 2: return binaryLoop<false, true>(o, fn);
        default: return binaryLoop<true, true>(o, fn);
    }
}

template <typename Fn>
inline void ternary(const OpArgs& o, Fn fn) {
    const F a0 = V::set(*o.a), b0 = V::set(*o.b), c0 = V::set(*o.c);
    const bool sa = o.scalars & 1, sb = o.scalars & 2, sc = o.scalars & 4;
    for (int64_t i = 0; i < o.n; i += V::kLanes) {
        const int64_t left = o.n - i;
        if (left >= V::kLanes) {
            V::store(o.out + i, fn(sa ? a0 : V::load(o.a + i), sb ? b0 : V::load(o.b + i), sc ? c0 : V::load(o.c + i)));
        } else {
            const V::Mask m = V::firstN(static_cast<int>(left));
            const F r = fn(sa ? a0 : V::load(o.a + i, m), sb ? b0 : V::load(o.b + i, m), sc ? c0 : V::load(o.c + i, m));
            V::store(o.out + i, r, m);
        }
    }
}

/// e^x - 1 for x <= 0: a Taylor polynomial where the subtraction would cancel.
inline F expm1Negative(F x) {
    F p = V::set(1.0f / 720);
    p = V::fma(p, x, V::set(1.0f / 120));
    p = V::fma(p, x, V::set(1.0f / 24));
    p = V::fma(p, x, V::set(1.0f / 6));
    p = V::fma(p, x, V::set(0.5f));
    p = V::fma(V::mul(p, x), x, x);
    return V::select(V::lt(V::set(-0.25f), x), p, V::sub(simd::exp(x), V::set(1.0f)));
}
/// x where positive, else f(x).
template <typename Fn>
inline F negativePart(F x, Fn f) {
    return V::select(V::lt(x, V::zero()), f(x), x);
}

void opCopy(const OpArgs& o) { unary(o, [](F x) { return x; }); }
void opAbs(const OpArgs& o) { unary(o, [](F x) { return V::abs(x); }); }
void opNeg(const OpArgs& o) { unary(o, [](F x) { return V::neg(x); }); }
void opExp(const OpArgs& o) { unary(o, [](F x) { return simd::exp(x); }); }
void opLog(const OpArgs& o) { unary(o, [](F x) { return simd::log(x); }); }
void opSqrt(const OpArgs& o) { unary(o, [](F x) { return V::sqrt(x); }); }
void opReciprocal(const OpArgs& o) { unary(o, [](F x) { return V::div(V::set(1.0f), x); }); }
void opFloor(const OpArgs& o) { unary(o, [](F x) { return V::floor(x); }); }
void opCeil(const OpArgs& o) { unary(o, [](F x) { return V::ceil(x); }); }
void opRound(const OpArgs& o) { unary(o, [](F x) { return V::roundEven(x); }); }
void opSign(const OpArgs& o) {
    unary(o, [](F x) {
        const F r = V::select(V::lt(x, V::zero()), V::set(-1.0f), V::select(V::lt(V::zero(), x), V::set(1.0f), V::zero()));
        return V::select(V::isNan(x), x, r);
    });
}
void opErf(const OpArgs& o) { unary(o, [](F x) { return simd::erf(x); }); }
void opRelu(const OpArgs& o) { unary(o, [](F x) { return V::max(V::zero(), x); }); }
void opLeakyRelu(const OpArgs& o) {
    const F alpha = V::set(o.p0);
    unary(o, [=](F x) { return negativePart(x, [=](F v) { return V::mul(alpha, v); }); });
}
void opElu(const OpArgs& o) {
    const F alpha = V::set(o.p0);
    unary(o, [=](F x) { return negativePart(x, [=](F v) { return V::mul(alpha, expm1Negative(v)); }); });
}
void opCelu(const OpArgs& o) {
    const F alpha = V::set(o.p0);
    unary(o, [=](F x) { return negativePart(x, [=](F v) { return V::mul(alpha, expm1Negative(V::div(v, alpha))); }); });
}
void opSelu(const OpArgs& o) {
    const F alpha = V::set(o.p0);
    const F gamma = V::set(o.p1);
    unary(o, [=](F x) {
        return V::mul(gamma, negativePart(x, [=](F v) { return V::mul(alpha, expm1Negative(v)); }));
    });
}
void opSigmoid(const OpArgs& o) { unary(o, [](F x) { return simd::sigmoid(x); }); }
void opTanh(const OpArgs& o) { unary(o, [](F x) { return simd::tanh(x); }); }
void opSoftplus(const OpArgs& o) { unary(o, [](F x) { return simd::softplus(x); }); }
void opSoftsign(const OpArgs& o) { unary(o, [](F x) { return V::div(x, V::add(V::set(1.0f), V::abs(x))); }); }
void opMish(const OpArgs& o) { unary(o, [](F x) { return V::mul(x, simd::tanh(simd::softplus(x))); }); }
inline F hardSigmoid(F x, F alpha, F beta) {
    return V::min(V::set(1.0f), V::max(V::zero(), V::add(V::mul(alpha, x), beta)));
}
void opHardSigmoid(const OpArgs& o) {
    const F alpha = V::set(o.p0);
    const F beta = V::set(o.p1);
    unary(o, [=](F x) { return hardSigmoid(x, alpha, beta); });
}
void opHardSwish(const OpArgs& o) {
    unary(o, [](F x) { return V::mul(x, hardSigmoid(x, V::set(1.0f / 6.0f), V::set(0.5f))); });
}
void opGelu(const OpArgs& o) {
    unary(o, [](F x) {
        const F e = simd::erf(V::mul(x, V::set(0.707106781186547524f)));
        return V::mul(V::mul(V::set(0.5f), x), V::add(V::set(1.0f), e));
    });
}
void opGeluTanh(const OpArgs& o) {
    unary(o, [](F x) {
        const F cube = V::mul(V::mul(x, x), x);
        const F inner = V::mul(V::set(0.797884560802865356f), V::fma(V::set(0.044715f), cube, x));
        return V::mul(V::mul(V::set(0.5f), x), V::add(V::set(1.0f), simd::tanh(inner)));
    });
}
void opThresholdedRelu(const OpArgs& o) {
    const F alpha = V::set(o.p0);
    unary(o, [=](F x) { return V::select(V::lt(alpha, x), x, V::zero()); });
}
void opShrink(const OpArgs& o) {
    const F lambda = V::set(o.p0);
    const F bias = V::set(o.p1);
    unary(o, [=](F x) {
        const F above = V::select(V::lt(lambda, x), V::sub(x, bias), V::zero());
        return V::select(V::lt(x, V::neg(lambda)), V::add(x, bias), above);
    });
}
void opNot(const OpArgs& o) { unary(o, [](F x) { return truth(V::eq(x, V::zero())); }); }
void opIsNaN(const OpArgs& o) { unary(o, [](F x) { return truth(V::isNan(x)); }); }
void opAdd(const OpArgs& o) { binary(o, [](F a, F b) { return V::add(a, b); }); }
void opSub(const OpArgs& o) { binary(o, [](F a, F b) { return V::sub(a, b); }); }
void opMul(const OpArgs& o) { binary(o, [](F a, F b) { return V::mul(a, b); }); }
void opDiv(const OpArgs& o) { binary(o, [](F a, F b) { return V::div(a, b); }); }
void opMin(const OpArgs& o) {
    binary(o, [](F a, F b) { return V::select(V::isNan(a), a, V::min(a, b)); });
}
void opMax(const OpArgs& o) {
    binary(o, [](F a, F b) { return V::select(V::isNan(a), a, V::max(a, b)); });
}
void opPRelu(const OpArgs& o) { binary(o, [](F a, F b) { return V::select(V::lt(a, V::zero()), V::mul(a, b), a); }); }
void opEqual(const OpArgs& o) { binary(o, [](F a, F b) { return truth(V::eq(a, b)); }); }
void opLess(const OpArgs& o) { binary(o, [](F a, F b) { return truth(V::lt(a, b)); }); }
void opLessOrEqual(const OpArgs& o) { binary(o, [](F a, F b) { return truth(V::le(a, b)); }); }
void opAnd(const OpArgs& o) { binary(o, [](F a, F b) { return V::mul(a, b); }); }
void opOr(const OpArgs& o) { binary(o, [](F a, F b) { return V::max(a, b); }); }
void opXor(const OpArgs& o) { binary(o, [](F a, F b) { return V::abs(V::sub(a, b)); }); }
void opClip(const OpArgs& o) { ternary(o, [](F x, F lo, F hi) { return V::min(hi, V::max(lo, x)); }); }
void opWhere(const OpArgs& o) {
    ternary(o, [](F c, F a, F b) { return V::select(V::eq(c, V::zero()), b, a); });
}
void opMulAdd(const OpArgs& o) { ternary(o, [](F a, F b, F c) { return V::add(V::mul(a, b), c); }); }

constexpr OpFn kOps[] = {
    opCopy, opAbs, opNeg, opExp, opLog, opSqrt, opReciprocal, opFloor, opCeil, opRound, opSign, opErf, opRelu, opLeakyRelu,
    opElu, opCelu, opSelu, opSigmoid, opTanh, opSoftplus, opSoftsign, opMish, opHardSigmoid, opHardSwish, opGelu,
    opGeluTanh, opThresholdedRelu, opShrink, opNot, opIsNaN,
    opAdd, opSub, opMul, opDiv, opMin, opMax, opPRelu, opEqual, opLess, opLessOrEqual, opAnd, opOr, opXor,
    opClip, opWhere, opMulAdd,
};
static_assert(sizeof(kOps) / sizeof(kOps[0]) == static_cast<int>(Op::Count), "one function for each Op, in its order");

}  // namespace
}  // namespace sinter::pointwise
