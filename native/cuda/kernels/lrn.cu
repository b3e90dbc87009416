// LRN across channels: x · (bias + alpha / size · Σ x²)^-beta over `size` neighbouring channels.
// SIZE, X_T; BETA_IS_3_4: the usual power, by square roots.
#include "epilogue.cuh"

struct Shape {
    int rows, columns;
    float alpha, beta, bias;
};

constexpr int kBefore = (SIZE - 1) / 2, kAfter = SIZE / 2;

SINTER_DEVICE acc_t normalized(const Shape& s, acc_t x, acc_t sum) {
    const acc_t base = acc_t(s.bias) + acc_t(s.alpha) / acc_t(SIZE) * sum;
#if BETA_IS_3_4
    const acc_t inverse = f_rsqrt(base);
    return x * inverse * f_sqrt(inverse);
#else
    return x / op_pow(base, acc_t(s.beta));
#endif
}

/// V neighbouring channels a thread, with those beside them that their windows reach.
extern "C" __global__ void __launch_bounds__(128) lrn_vector(const EpilogueOperand x, const Shape s, const EpilogueParams e) {
    constexpr int V = SINTER_STORE_VECTOR, kSpan = 3 * V;
    follow_producers();
    const int groups = s.columns / V;
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < s.rows * groups; item += gridDim.x * blockDim.x) {
        const int row = item / groups, column = item % groups * V;
        const X_T* p = static_cast<const X_T*>(x.data) + epilogue_offset<RESULT_AXES>(x, e.shape, row) + column;
        X_T stored[kSpan] = {};
#pragma unroll
        for (int i = 0; i < 3; ++i) {
            const int first = column + (i - 1) * V;
            if (i == 0 && kBefore == 0) continue;
            if (i == 2 && kAfter == 0) continue;
            X_T part[V] = {};
            if (first >= 0 && first < s.columns) load_vec<V>(p + (i - 1) * V, part);
#pragma unroll
            for (int k = 0; k < V; ++k) stored[i * V + k] = part[k];
        }
        acc_t squares[kSpan], v[V];
#pragma unroll
        for (int i = 0; i < kSpan; ++i) squares[i] = convert<acc_t>(stored[i]) * convert<acc_t>(stored[i]);
#pragma unroll
        for (int i = 0; i < V; ++i) {
            acc_t sum = 0;
#pragma unroll
            for (int k = -kBefore; k <= kAfter; ++k) {
                if (V + i + k >= 0 && V + i + k < kSpan) sum += squares[V + i + k];
            }
            v[i] = normalized(s, convert<acc_t>(stored[V + i]), sum);
        }
        epilogue<V>(e, row, column, v);
    }
}

extern "C" __global__ void __launch_bounds__(256) lrn(const EpilogueOperand x, const Shape s, const EpilogueParams e) {
    follow_producers();
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < s.rows * s.columns; item += gridDim.x * blockDim.x) {
        const int row = item / s.columns, column = item % s.columns;
        const X_T* p = static_cast<const X_T*>(x.data) + epilogue_offset<RESULT_AXES>(x, e.shape, row);
        const int first = max(column - kBefore, 0), last = min(column + kAfter, s.columns - 1);
        acc_t sum = 0;
        for (int c = first; c <= last; ++c) {
            const acc_t v = convert<acc_t>(p[static_cast<int64_t>(c) * x.column]);
            sum += v * v;
        }
        acc_t v[1] = {normalized(s, convert<acc_t>(p[static_cast<int64_t>(column) * x.column]), sum)};
        epilogue<1>(e, row, column, v);
    }
}
