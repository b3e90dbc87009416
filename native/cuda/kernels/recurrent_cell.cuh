// What all kernels of LSTM, GRU and RNN share: operands, activations and the cell's update. Macros: CELL (0 LSTM, 1 GRU,
// 2 RNN), GATES, HIDDEN, DIRECTIONS, BATCH_FIRST, REVERSE, LINEAR_BEFORE_RESET, INPUT_FORGET, CLIPPED and CLIP, H0_T,
// C0_T, W_T, Y_T, STATE_T (what a hidden state is rounded to), ACC. "activations.cuh" defines activation_0 … activation_2.
#pragma once
#include "ops.cuh"

typedef ACC acc_t;
#include "activations.cuh"

/// Absent operands have no data. Weights and biases are dense and row-major, as ONNX has them.
struct Sequence {
    const W_T* r;      ///< [directions, gates · hidden, hidden]
    const W_T* bias;   ///< [directions, 2 · gates · hidden]
    const W_T* peephole;
    View lengths;      ///< strides: batch
    View h0, c0;       ///< strides: direction, batch, unit
    View y;            ///< strides: time, direction, batch, unit
    View y_h, y_c;     ///< strides: direction, batch, unit
    acc_t* projected;  ///< W · x without biases: [steps · batch in x's order, directions · gates · hidden]
    acc_t* work;
    int steps, batch;
};

constexpr bool kLate = CELL == 1 && !LINEAR_BEFORE_RESET;  ///< the candidate needs r · h of every unit

SINTER_DEVICE acc_t clipped(acc_t x) {
#if CLIPPED
    return x < -acc_t(CLIP) ? -acc_t(CLIP) : x > acc_t(CLIP) ? acc_t(CLIP) : x;
#else
    return x;
#endif
}
SINTER_DEVICE acc_t state_rounded(acc_t x) { return convert<acc_t>(convert<STATE_T>(x)); }

SINTER_DEVICE int length_of(const Sequence& s, int b) {
    if (!s.lengths.data) return s.steps;
    const int n = address<int>(s.lengths)[b * s.lengths.strides[0]];
    return n < 0 ? 0 : n > s.steps ? s.steps : n;
}
/// Which time step a row computes in turn k. Rows that have ended write zeros from their length on.
SINTER_DEVICE int time_of(int direction, int k, int length) { return (REVERSE || direction == 1) && k < length ? length - 1 - k : k; }
SINTER_DEVICE int64_t projected_row(const Sequence& s, int t, int b) { return BATCH_FIRST ? static_cast<int64_t>(b) * s.steps + t : static_cast<int64_t>(t) * s.batch + b; }

template <typename T> SINTER_DEVICE acc_t state_at(const View& v, int d, int b, int unit) {
    return v.data ? convert<acc_t>(address<const T>(v)[d * v.strides[0] + b * v.strides[1] + unit * v.strides[2]]) : acc_t(0);
}
SINTER_DEVICE void put_state(const View& v, int d, int b, int unit, acc_t x) {
    if (v.data) address<Y_T>(v)[d * v.strides[0] + b * v.strides[1] + unit * v.strides[2]] = convert<Y_T>(x);
}
SINTER_DEVICE void put_output(const Sequence& s, int t, int d, int b, int unit, acc_t x) {
    if (s.y.data) address<Y_T>(s.y)[t * s.y.strides[0] + d * s.y.strides[1] + b * s.y.strides[2] + unit * s.y.strides[3]] = convert<Y_T>(x);
}

/// Biases and peepholes of one unit.
struct UnitConstants {
    acc_t x[GATES], h[GATES], peephole[3];
    SINTER_DEVICE void load(const Sequence& s, int d, int unit) {
#pragma unroll
        for (int g = 0; g < GATES; ++g) {
            const int64_t at = static_cast<int64_t>(2 * d) * GATES * HIDDEN + g * HIDDEN + unit;
            x[g] = s.bias ? convert<acc_t>(s.bias[at]) : acc_t(0);
            h[g] = s.bias ? convert<acc_t>(s.bias[at + GATES * HIDDEN]) : acc_t(0);
        }
#pragma unroll
        for (int g = 0; g < 3; ++g) peephole[g] = s.peephole ? convert<acc_t>(s.peephole[(d * 3 + g) * HIDDEN + unit]) : acc_t(0);
    }
};

/// LSTM (gates i, o, f, c) and RNN, and a GRU that resets last (z, r, h): one unit's new state from W · x and R · h.
SINTER_DEVICE void update_unit(int d, const UnitConstants& k, const acc_t* x, const acc_t* h, acc_t& state, acc_t& cell) {
#if CELL == 0
    const acc_t in = activation_0(d, clipped(x[0] + h[0] + k.x[0] + k.h[0] + k.peephole[0] * cell));
    const acc_t forget = INPUT_FORGET ? acc_t(1) - in : activation_0(d, clipped(x[2] + h[2] + k.x[2] + k.h[2] + k.peephole[2] * cell));
    cell = forget * cell + in * activation_1(d, clipped(x[3] + h[3] + k.x[3] + k.h[3]));
    const acc_t out = activation_0(d, clipped(x[1] + h[1] + k.x[1] + k.h[1] + k.peephole[1] * cell));
    state = state_rounded(out * activation_2(d, cell));
#elif CELL == 1
    const acc_t z = activation_0(d, clipped(x[0] + h[0] + k.x[0] + k.h[0]));
    const acc_t r = activation_0(d, clipped(x[1] + h[1] + k.x[1] + k.h[1]));
    const acc_t candidate = activation_1(d, clipped(x[2] + k.x[2] + r * (h[2] + k.h[2])));
    state = state_rounded((acc_t(1) - z) * candidate + z * state);
#else
    state = state_rounded(activation_0(d, clipped(x[0] + h[0] + k.x[0] + k.h[0])));
#endif
}
/// A GRU that resets first, in two parts.
SINTER_DEVICE acc_t late_gate(int d, const UnitConstants& k, int gate, acc_t x, acc_t h) { return activation_0(d, clipped(x + h + k.x[gate] + k.h[gate])); }
SINTER_DEVICE acc_t late_state(int d, const UnitConstants& k, acc_t z, acc_t x, acc_t h, acc_t state) {
#if CELL == 1
    const acc_t candidate = activation_1(d, clipped(x + k.x[GATES - 1] + h + k.h[GATES - 1]));
    return state_rounded((acc_t(1) - z) * candidate + z * state);
#else
    return state;
#endif
}
