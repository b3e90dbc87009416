#pragma once
#include "cpu/simd/vec.h"

namespace sinter::bench {
namespace {

/// Ten chains: more than latency times units.
inline double fma(int64_t rounds) {
    using V = simd::Native;
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

}  // namespace
}  // namespace sinter::bench
