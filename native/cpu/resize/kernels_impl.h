#pragma once
#include "cpu/resize/kernels.h"
#include "cpu/simd/vec.h"

namespace sinter::resize {
namespace {

using V = simd::Native;

template <typename Load>
inline V::F sumOf(const float* const* rows, const float* weights, int taps, int64_t i, Load load) {
    V::F sum = V::mul(V::set(weights[0]), load(rows[0] + i));
    for (int t = 1; t < taps; ++t) sum = V::fma(V::set(weights[t]), load(rows[t] + i), sum);
    return sum;
}

void combine(const float* const* rows, const float* weights, int taps, int64_t n, float* out) {
    int64_t i = 0;
    for (; i + V::kLanes <= n; i += V::kLanes)
        V::store(out + i, sumOf(rows, weights, taps, i, [](const float* p) { return V::load(p); }));
    if (i < n) {
        const V::Mask m = V::firstN(static_cast<int>(n - i));
        V::store(out + i, sumOf(rows, weights, taps, i, [m](const float* p) { return V::load(p, m); }), m);
    }
}

}  // namespace
}  // namespace sinter::resize
