// Gather on axis 0 with the layer's program behind it: rows of a table, read as they are needed. X_T, I_T: types of table and
// indices; VECTOR: columns at once.
#include "epilogue.cuh"
#include "fault.cuh"

struct Rows {
    int64_t extent;  ///< rows of the table's first axis
    int inner;       ///< rows of the result per index
    int rows, columns;
};

extern "C" __global__ void __launch_bounds__(256) gather_rows(const X_T* x, const I_T* indices, const Rows r, const Fault fault, const EpilogueParams e) {
    const int steps = (r.columns + VECTOR - 1) / VECTOR;
    const int total = r.rows * steps;
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < total; item += gridDim.x * blockDim.x) {
        const int row = item / steps, column = item % steps * VECTOR;
        const int64_t i = checked_index(fault, indices[row / r.inner], r.extent);
        const X_T* from = x + (i * r.inner + row % r.inner) * r.columns + column;
        X_T stored[VECTOR];
        if (VECTOR > 1) {  // columns are a multiple of it
            load_vec<VECTOR>(from, stored);
        } else {
            stored[0] = *from;
        }
        acc_t v[VECTOR];
#pragma unroll
        for (int k = 0; k < VECTOR; ++k) v[k] = convert<acc_t>(stored[k]);
        epilogue<VECTOR>(e, row, column, v);
    }
}
