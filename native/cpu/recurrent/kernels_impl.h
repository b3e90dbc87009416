#pragma once
#include "cpu/recurrent/kernels.h"
#include "cpu/simd/math.h"

namespace sinter::recurrent {
namespace {

using V = simd::Native;
using F = V::F;

/// R rows times C columns, one accumulator each: a row's sum is the same in every tile shape.
template <int R, int C>
inline void tile(const float* w, const float* x, int64_t n, const float* bias1, const float* bias2, float* y, int64_t ldy) {
    F sums[R][C];
    for (auto& row : sums)
        for (F& s : row) s = V::zero();
    int64_t k = 0;
    for (; k + V::kLanes <= n; k += V::kLanes) {
        F xs[C];
        for (int c = 0; c < C; ++c) xs[c] = V::load(x + c * n + k);
        for (int r = 0; r < R; ++r) {
            const F row = V::load(w + r * n + k);
            for (int c = 0; c < C; ++c) sums[r][c] = V::fma(row, xs[c], sums[r][c]);
        }
    }
    if (k < n) {
        const V::Mask m = V::firstN(static_cast<int>(n - k));
        for (int r = 0; r < R; ++r) {
            const F row = V::load(w + r * n + k, m);
            for (int c = 0; c < C; ++c) sums[r][c] = V::fma(row, V::load(x + c * n + k, m), sums[r][c]);
        }
    }
    for (int r = 0; r < R; ++r) {
        const float bias = (bias1 ? bias1[r] : 0.0f) + (bias2 ? bias2[r] : 0.0f);
        for (int c = 0; c < C; ++c) y[c * ldy + r] = V::sum(sums[r][c]) + bias;
    }
}

template <int R>
inline void rowBand(const float* w, const float* x, int64_t columns, int64_t n, const float* bias1, const float* bias2, float* y, int64_t ldy) {
    constexpr int kWide = V::kLanes == 16 ? 4 : 2;
    int64_t c = 0;
    for (; c + kWide <= columns; c += kWide) tile<R, kWide>(w, x + c * n, n, bias1, bias2, y + c * ldy, ldy);
    for (; c < columns; ++c) tile<R, 1>(w, x + c * n, n, bias1, bias2, y + c * ldy, ldy);
}

void project(const float* w, int64_t rows, const float* x, int64_t columns, int64_t n, const float* bias1, const float* bias2, float* y, int64_t ldy) {
    int64_t r = 0;
    const auto band = [&](auto run, int64_t count) {
        for (; r + count <= rows; r += count) run(w + r * n, x, columns, n, bias1 ? bias1 + r : nullptr, bias2 ? bias2 + r : nullptr, y + r, ldy);
    };
    // A single column keeps eight rows in flight to hide the latency of its additions.
    if (columns == 1) band(rowBand<8>, 8);
    band(rowBand<4>, 4);
    band(rowBand<1>, 1);
}

/// body(offset, load, store) over whole vectors, then once under a mask.
template <typename Body>
inline void vectors(int64_t n, Body body) {
    int64_t i = 0;
    for (; i + V::kLanes <= n; i += V::kLanes)
        body(i, [](const float* p) { return V::load(p); }, [](float* p, F v) { V::store(p, v); });
    if (i < n) {
        const V::Mask m = V::firstN(static_cast<int>(n - i));
        body(i, [m](const float* p) { return V::load(p, m); }, [m](float* p, F v) { V::store(p, v, m); });
    }
}

void lstm(const float* x, const float* h, int64_t stride, float* c, float* out, int64_t n) {
    vectors(n, [&](int64_t i, auto load, auto store) {
        const auto sum = [&](int64_t gate) { return V::add(load(x + gate * stride + i), load(h + gate * stride + i)); };
        const F in = simd::sigmoid(sum(0)), open = simd::sigmoid(sum(1)), keep = simd::sigmoid(sum(2)), add = simd::tanh(sum(3));
        const F cell = V::fma(keep, load(c + i), V::mul(in, add));
        store(c + i, cell);
        store(out + i, V::mul(open, simd::tanh(cell)));
    });
}

void gate(const float* x, const float* h, float* out, int64_t n) {
    vectors(n, [&](int64_t i, auto load, auto store) { store(out + i, simd::sigmoid(V::add(load(x + i), load(h + i)))); });
}

void multiply(const float* a, const float* b, float* out, int64_t n) {
    vectors(n, [&](int64_t i, auto load, auto store) { store(out + i, V::mul(load(a + i), load(b + i))); });
}

void gru(const float* x, const float* h, const float* r, const float* z, const float* previous, float* out, int64_t n) {
    vectors(n, [&](int64_t i, auto load, auto store) {
        const F inner = r ? V::fma(load(r + i), load(h + i), load(x + i)) : V::add(load(x + i), load(h + i));
        const F candidate = simd::tanh(inner), share = load(z + i);
        store(out + i, V::fma(share, load(previous + i), V::mul(V::sub(V::set(1.0f), share), candidate)));
    });
}

void rnn(const float* x, const float* h, float* out, int64_t n) {
    vectors(n, [&](int64_t i, auto load, auto store) { store(out + i, simd::tanh(V::add(load(x + i), load(h + i)))); });
}

constexpr Kernels kKernels{project, lstm, gate, multiply, gru, rnn};

}  // namespace
}  // namespace sinter::recurrent
