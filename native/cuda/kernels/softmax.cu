// Softmax and log-softmax along one axis, which is the columns of the generated code: its program comes first, on x.
// A block per row; a thread holds up to HELD elements in registers and reads the rest again.
#include "epilogue.cuh"

SINTER_DEVICE acc_t element(const EpilogueOperand& x, const EpilogueParams& e, int row, int column, int columns) {
    X_T stored[1];
    epilogue_load<X_T, 1>(x, epilogue_offset<RESULT_AXES>(x, e.shape, row), column, columns, stored);
    acc_t v[1] = {convert<acc_t>(stored[0])};
    epilogue_apply<1>(e, row, column, v);
    return v[0];
}

extern "C" __global__ void softmax(const EpilogueOperand x, const int rows, const int columns, const EpilogueParams e) {
    __shared__ acc_t shared[32];
    follow_producers();
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        acc_t held[HELD];
        acc_t top = -__uint_as_float(0x7f800000u);
        for (int i = 0, c = threadIdx.x; c < columns; ++i, c += blockDim.x) {
            const acc_t v = element(x, e, row, c, columns);
            if (i < HELD) held[i] = v;
            top = Largest()(top, v);
        }
        top = block_reduce(top, static_cast<acc_t>(-__uint_as_float(0x7f800000u)), Largest(), shared);
        acc_t sum = 0;
        for (int i = 0, c = threadIdx.x; c < columns; ++i, c += blockDim.x) {
            const acc_t v = i < HELD ? held[i] : element(x, e, row, c, columns);
            sum += f_exp(v - top);
        }
        __syncthreads();
        sum = block_reduce(sum, acc_t(0), Add(), shared);
        for (int i = 0, c = threadIdx.x; c < columns; ++i, c += blockDim.x) {
            const acc_t v = i < HELD ? held[i] : element(x, e, row, c, columns);
            const acc_t y[1] = {IS_LOG ? v - top - f_log(sum) : f_exp(v - top) / sum};
            epilogue_store<1>(e, row, c, y);
        }
        __syncthreads();
    }
}
