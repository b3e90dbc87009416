// LRN across channels: x · (bias + alpha / size · Σ x²)^-beta over `size` neighbouring channels.
#include "epilogue.cuh"

struct Shape {
    int rows, columns, size;
    float alpha, beta, bias;
};

extern "C" __global__ void __launch_bounds__(256) lrn(const EpilogueOperand x, const Shape s, const EpilogueParams e) {
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < s.rows * s.columns; item += gridDim.x * blockDim.x) {
        const int row = item / s.columns, column = item % s.columns;
        const X_T* p = static_cast<const X_T*>(x.data) + epilogue_offset<RESULT_AXES>(x, e.shape, row);
        const int first = max(column - (s.size - 1) / 2, 0), last = min(column + s.size / 2, s.columns - 1);
        acc_t sum = 0;
        for (int c = first; c <= last; ++c) {
            const acc_t v = convert<acc_t>(p[static_cast<int64_t>(c) * x.column]);
            sum += v * v;
        }
        const acc_t here = convert<acc_t>(p[static_cast<int64_t>(column) * x.column]);
#if BETA_IS_3_4
        const acc_t inverse = acc_t(1) / f_sqrt(acc_t(s.bias) + acc_t(s.alpha) / acc_t(s.size) * sum);
        acc_t v[1] = {here * inverse * f_sqrt(inverse)};
#else
        acc_t v[1] = {here / op_pow(acc_t(s.bias) + acc_t(s.alpha) / acc_t(s.size) * sum, acc_t(s.beta))};
#endif
        epilogue<1>(e, row, column, v);
    }
}
