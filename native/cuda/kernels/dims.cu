// Dims: COUNT numbers that are known when the layer is made.
#include "prelude.cuh"

struct Numbers {
    int64_t* y;
    int64_t step;
    int total;
    int64_t values[COUNT];
};
extern "C" __global__ void dims(const Numbers v) {
    for (int i = threadIdx.x; i < v.total; i += blockDim.x) v.y[i * v.step] = v.values[i];
}
