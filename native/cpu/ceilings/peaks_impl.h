#pragma once
#include "cpu/quant/bytes.h"

namespace sinter::ceilings {
namespace {

using V = simd::Native;

/// Ten chains: more than latency times units.
inline double floats(int64_t rounds) {
    // All different: equal chains would be computed once.
    V::F a0 = V::set(0.50f), a1 = V::set(0.51f), a2 = V::set(0.52f), a3 = V::set(0.53f), a4 = V::set(0.54f);
    V::F a5 = V::set(0.55f), a6 = V::set(0.56f), a7 = V::set(0.57f), a8 = V::set(0.58f), a9 = V::set(0.59f);
    const V::F m = V::set(0.999f);
    for (int64_t i = 0; i < rounds; ++i) {
        a0 = V::fma(a0, m, m), a1 = V::fma(a1, m, m), a2 = V::fma(a2, m, m), a3 = V::fma(a3, m, m), a4 = V::fma(a4, m, m);
        a5 = V::fma(a5, m, m), a6 = V::fma(a6, m, m), a7 = V::fma(a7, m, m), a8 = V::fma(a8, m, m), a9 = V::fma(a9, m, m);
    }
    const V::F all = V::add(V::add(V::add(a0, a1), V::add(a2, a3)), V::add(V::add(V::add(a4, a5), V::add(a6, a7)), V::add(a8, a9)));
    volatile float keep = V::sum(all);
    (void)keep;
    return static_cast<double>(rounds) * 10 * 2 * V::kLanes;
}

/// `dot(sum, a, b)` adds to each lane of `sum` the products of kProducts pairs. Its factors must look different every
/// time, or the compiler multiplies once.
template <int kProducts, typename Dot>
double bytes(int64_t rounds, Dot dot) {
    V::I s0 = V::setInt(0), s1 = V::setInt(1), s2 = V::setInt(2), s3 = V::setInt(3), s4 = V::setInt(4);
    V::I s5 = V::setInt(5), s6 = V::setInt(6), s7 = V::setInt(7), s8 = V::setInt(8), s9 = V::setInt(9);
    V::I a = V::setInt(0x01020301), b = V::setInt(0x01010201);
    for (int64_t i = 0; i < rounds; ++i) {
        __asm__("" : "+v"(a), "+v"(b));
        s0 = dot(s0, a, b), s1 = dot(s1, b, a), s2 = dot(s2, a, a), s3 = dot(s3, b, b);
        __asm__("" : "+v"(a), "+v"(b));
        s4 = dot(s4, a, b), s5 = dot(s5, b, a), s6 = dot(s6, a, a), s7 = dot(s7, b, b);
        __asm__("" : "+v"(a), "+v"(b));
        s8 = dot(s8, a, b), s9 = dot(s9, b, a);
    }
    const V::I all = V::addInt(V::addInt(V::addInt(s0, s1), V::addInt(s2, s3)), V::addInt(V::addInt(V::addInt(s4, s5), V::addInt(s6, s7)), V::addInt(s8, s9)));
    volatile float keep = V::sum(V::toFloat(all));
    (void)keep;
    return static_cast<double>(rounds) * 10 * 2 * V::kLanes * kProducts;
}

}  // namespace
}  // namespace sinter::ceilings
