#pragma once
#include "cpu/norm/kernels.h"
#include "cpu/simd/math.h"

namespace sinter::norm {
namespace {

using V = simd::Native;
using F = V::F;

/// body(offset, load, store) over whole vectors, then once under a mask.
template <typename Body>
inline void vectors(int64_t n, Body body) {
    int64_t i = 0;
    for (; i + V::kLanes <= n; i += V::kLanes) {
        body(i, [](const float* p) { return V::load(p); }, [](float* p, F v) { V::store(p, v); }, false, V::Mask{});
    }
    if (i < n) {
        const V::Mask m = V::firstN(static_cast<int>(n - i));
        body(i, [m](const float* p) { return V::load(p, m); }, [m](float* p, F v) { V::store(p, v, m); }, true, m);
    }
}

/// Lanes of v that the mask leaves out become zero.
inline F keep(F v, V::Mask m) {
    alignas(64) float lanes[V::kLanes] = {};
    V::store(lanes, v, m);
    return V::load(lanes);
}

void softmax(const float* x, float* y, int64_t n, bool log) {
    F top = V::set(x[0]);
    int64_t i = 0;
    for (; i + V::kLanes <= n; i += V::kLanes) top = V::max(top, V::load(x + i));
    float max = V::maxOf(top);
    for (; i < n; ++i) max = x[i] > max ? x[i] : max;
    const F shift = V::set(max);
    F sums = V::zero();
    vectors(n, [&](int64_t at, auto load, auto store, bool partial, V::Mask m) {
        const F d = V::sub(load(x + at), shift);
        const F e = simd::exp(d);
        sums = V::add(sums, partial ? keep(e, m) : e);
        store(y + at, log ? d : e);
    });
    const float sum = V::sum(sums);
    if (log) {
        alignas(64) float lanes[V::kLanes];
        V::store(lanes, simd::log(V::set(sum)));
        const F l = V::set(lanes[0]);
        vectors(n, [&](int64_t at, auto load, auto store, bool, V::Mask) { store(y + at, V::sub(load(y + at), l)); });
    } else {
        const F r = V::set(1.0f / sum);
        vectors(n, [&](int64_t at, auto load, auto store, bool, V::Mask) { store(y + at, V::mul(load(y + at), r)); });
    }
}

void layerNorm(const float* x, const float* scale, const float* bias, float* y, int64_t n, float epsilon) {
    F sum = V::zero();
    vectors(n, [&](int64_t at, auto load, auto, bool, V::Mask) { sum = V::add(sum, load(x + at)); });
    const F mean = V::set(V::sum(sum) / static_cast<float>(n));
    F squares = V::zero();
    vectors(n, [&](int64_t at, auto load, auto, bool partial, V::Mask m) {
        const F d = V::sub(load(x + at), mean);
        const F kept = partial ? keep(d, m) : d;
        squares = V::fma(kept, kept, squares);
    });
    const F variance = V::set(V::sum(squares) / static_cast<float>(n) + epsilon);
    const F inverse = V::div(V::set(1.0f), V::sqrt(variance));
    vectors(n, [&](int64_t at, auto load, auto store, bool, V::Mask) {
        const F v = V::mul(V::mul(V::sub(load(x + at), mean), inverse), load(scale + at));
        store(y + at, bias != nullptr ? V::add(v, load(bias + at)) : v);
    });
}

void lrn(const float* x, float* y, int64_t n, int64_t before, int64_t after, float factor, float bias, float beta, float* squares) {
    vectors(n, [&](int64_t at, auto load, auto store, bool, V::Mask) {
        const F v = load(x + at);
        store(squares + before + at, V::mul(v, v));
    });
    const int64_t size = before + after + 1;
    vectors(n, [&](int64_t at, auto load, auto store, bool, V::Mask) {
        F sum = load(squares + at);
        for (int64_t k = 1; k < size; ++k) sum = V::add(sum, load(squares + at + k));
        const F t = V::add(V::set(bias), V::mul(V::set(factor), sum));
        F power;
        if (beta == 0.75f) {
            const F root = V::sqrt(t);
            power = V::div(V::set(1.0f), V::mul(root, V::sqrt(root)));
        } else if (beta == 0.5f) {
            power = V::div(V::set(1.0f), V::sqrt(t));
        } else {
            power = simd::exp(V::mul(V::set(-beta), simd::log(t)));
        }
        store(y + at, V::mul(load(x + at), power));
    });
}

float sum(const float* x, int64_t n) {
    F sums[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
    int64_t i = 0;
    for (; i + 4 * V::kLanes <= n; i += 4 * V::kLanes) {
        for (int k = 0; k < 4; ++k) sums[k] = V::add(sums[k], V::load(x + i + k * V::kLanes));
    }
    vectors(n - i, [&](int64_t at, auto load, auto, bool, V::Mask) { sums[0] = V::add(sums[0], load(x + i + at)); });
    return V::sum(V::add(V::add(sums[0], sums[1]), V::add(sums[2], sums[3])));
}

float squares(const float* x, int64_t n, float mean) {
    const F m = V::set(mean);
    F sums[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
    int64_t i = 0;
    for (; i + 4 * V::kLanes <= n; i += 4 * V::kLanes) {
        for (int k = 0; k < 4; ++k) {
            const F d = V::sub(V::load(x + i + k * V::kLanes), m);
            sums[k] = V::fma(d, d, sums[k]);
        }
    }
    vectors(n - i, [&](int64_t at, auto load, auto, bool partial, V::Mask mask) {
        const F d = V::sub(load(x + i + at), m);
        const F kept = partial ? keep(d, mask) : d;
        sums[0] = V::fma(kept, kept, sums[0]);
    });
    return V::sum(V::add(V::add(sums[0], sums[1]), V::add(sums[2], sums[3])));
}

void scaleShift(const float* x, float* y, int64_t n, float factor, float shift) {
    const F f = V::set(factor), s = V::set(shift);
    vectors(n, [&](int64_t at, auto load, auto store, bool, V::Mask) { store(y + at, V::fma(load(x + at), f, s)); });
}

constexpr Kernels kKernels{softmax, layerNorm, lrn, sum, squares, scaleShift};

}  // namespace
}  // namespace sinter::norm
