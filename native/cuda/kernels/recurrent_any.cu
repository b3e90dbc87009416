// LSTM, GRU and RNN of any size: one launch per time step (two for a GRU that resets before its product), weights read anew
// in each. A warp computes one unit for up to ROWS rows of the batch.
#include "recurrent_cell.cuh"

#define ROWS 4

struct Scratch {
    acc_t *state, *cell, *z, *kept;  ///< state: before and after a step; each [directions, batch, hidden]
    int lines;                       ///< directions · batch
    SINTER_DEVICE Scratch(const Sequence& s)
        : state(s.work), cell(s.work + 2 * static_cast<int64_t>(DIRECTIONS * s.batch) * HIDDEN), z(cell + static_cast<int64_t>(DIRECTIONS * s.batch) * HIDDEN),
          kept(z + static_cast<int64_t>(DIRECTIONS * s.batch) * HIDDEN), lines(DIRECTIONS * s.batch) {}
    SINTER_DEVICE acc_t* line(acc_t* base, int d, int b, int batch) const { return base + static_cast<int64_t>(d * batch + b) * HIDDEN; }
    SINTER_DEVICE acc_t* states(int step) const { return state + static_cast<int64_t>(step & 1) * lines * HIDDEN; }
};

extern "C" __global__ void __launch_bounds__(256) recurrent_begin(const Sequence s) {
    const Scratch m(s);
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < m.lines * HIDDEN; item += gridDim.x * blockDim.x) {
        const int unit = item % HIDDEN, b = item / HIDDEN % s.batch, d = item / HIDDEN / s.batch;
        m.state[item] = state_at<H0_T>(s.h0, d, b, unit);
        m.cell[item] = state_at<C0_T>(s.c0, d, b, unit);
    }
}

/// R rows of gates [first, end) times a state of up to ROWS batch rows; every thread of the warp gets the sums.
SINTER_DEVICE void products(const Sequence& s, const acc_t* from, int d, int unit, int b0, int first, int end, acc_t (&sum)[GATES][ROWS]) {
    const int lane = threadIdx.x & 31;
#pragma unroll
    for (int g = 0; g < GATES; ++g)
#pragma unroll
        for (int i = 0; i < ROWS; ++i) sum[g][i] = 0;
    for (int k = lane; k < HIDDEN; k += 32) {
        acc_t h[ROWS];
#pragma unroll
        for (int i = 0; i < ROWS; ++i) h[i] = b0 + i < s.batch ? from[static_cast<int64_t>(d * s.batch + b0 + i) * HIDDEN + k] : acc_t(0);
#pragma unroll
        for (int g = 0; g < GATES; ++g) {
            if (g < first || g >= end) continue;
            const acc_t r = convert<acc_t>(s.r[(static_cast<int64_t>(d) * GATES * HIDDEN + g * HIDDEN + unit) * HIDDEN + k]);
#pragma unroll
            for (int i = 0; i < ROWS; ++i) sum[g][i] += r * h[i];
        }
    }
#pragma unroll
    for (int g = 0; g < GATES; ++g) {
        if (g < first || g >= end) continue;
#pragma unroll
        for (int i = 0; i < ROWS; ++i) sum[g][i] = warp_reduce(sum[g][i], Add());
    }
}

/// `part`: 0 = the whole step, or z, r and r · h of a GRU that resets first; 1 = its candidate and new state.
extern "C" __global__ void __launch_bounds__(256) recurrent_step(const Sequence s, int k, int part) {
    const Scratch m(s);
    const int chunks = (s.batch + ROWS - 1) / ROWS, lane = threadIdx.x & 31;
    for (int task = blockIdx.x * 8 + (threadIdx.x >> 5); task < DIRECTIONS * chunks * HIDDEN; task += gridDim.x * 8) {
        const int unit = task % HIDDEN, b0 = task / HIDDEN % chunks * ROWS, d = task / HIDDEN / chunks;
        acc_t sum[GATES][ROWS];
        const int last = kLate ? GATES - 1 : 0;
        if (part == 0) products(s, m.states(k), d, unit, b0, 0, kLate ? GATES - 1 : GATES, sum);
        else products(s, m.kept, d, unit, b0, last, GATES, sum);
#pragma unroll
        for (int i = 0; i < ROWS; ++i) {
            const int b = b0 + i;
            if (lane != i || b >= s.batch) continue;
            UnitConstants constants;
            constants.load(s, d, unit);
            const int length = length_of(s, b), t = time_of(d, k, length);
            const acc_t* p = s.projected + projected_row(s, t, b) * (DIRECTIONS * GATES * HIDDEN) + d * GATES * HIDDEN + unit;
            acc_t x[GATES], h[GATES];
#pragma unroll
            for (int g = 0; g < GATES; ++g) {
                x[g] = p[g * HIDDEN];
                h[g] = sum[g][i];
            }
            const int64_t at = static_cast<int64_t>(d * s.batch + b) * HIDDEN + unit;
            acc_t state = m.states(k)[at];
            if (kLate && part == 0) {
                m.z[at] = late_gate(d, constants, 0, x[0], h[0]);
                m.kept[at] = late_gate(d, constants, GATES > 1 ? 1 : 0, x[GATES > 1 ? 1 : 0], h[GATES > 1 ? 1 : 0]) * state;
                continue;
            }
            if (k >= length) {
                put_output(s, t, d, b, unit, acc_t(0));
            } else {
                if (kLate) state = late_state(d, constants, m.z[at], x[last], h[last], state);
                else update_unit(d, constants, x, h, state, m.cell[at]);
                put_output(s, t, d, b, unit, state);
            }
            m.states(k + 1)[at] = state;
        }
    }
}

extern "C" __global__ void __launch_bounds__(256) recurrent_end(const Sequence s) {
    const Scratch m(s);
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < m.lines * HIDDEN; item += gridDim.x * blockDim.x) {
        const int unit = item % HIDDEN, b = item / HIDDEN % s.batch, d = item / HIDDEN / s.batch;
        put_state(s.y_h, d, b, unit, m.states(s.steps)[item]);
        put_state(s.y_c, d, b, unit, m.cell[item]);
    }
}
