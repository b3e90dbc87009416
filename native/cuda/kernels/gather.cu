// Gather and GatherElements: every output element reads one index and one element of x. ELEMENT_T: elements by size; I_T: index
// type. Indices count from the end when negative; those out of range are moved to the nearest one in range.
#include "prelude.cuh"

struct Gather {
    const void* x;
    const void* indices;
    void* y;
    int64_t x_strides[8], index_strides[8], y_strides[8];
    int64_t axis_stride;
    int dims[8];
    int rank, total, extent;
};

template <typename T> SINTER_DEVICE void run(const Gather& g) {
    follow_producers();
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < g.total; item += gridDim.x * blockDim.x) {
        int64_t x = 0, index = 0, y = 0;
        int rest = item;
        for (int a = g.rank - 1; a >= 0; --a) {
            const int c = rest % g.dims[a];
            rest /= g.dims[a];
            x += c * g.x_strides[a];
            index += c * g.index_strides[a];
            y += c * g.y_strides[a];
        }
        int64_t i = static_cast<int64_t>(static_cast<const I_T*>(g.indices)[index]);
        if (i < 0) i += g.extent;
        i = i < 0 ? 0 : i >= g.extent ? g.extent - 1 : i;
        static_cast<T*>(g.y)[y] = static_cast<const T*>(g.x)[x + i * g.axis_stride];
    }
}

extern "C" __global__ void __launch_bounds__(256) gather(const Gather g) { run<ELEMENT_T>(g); }
/// Runs of 16 bytes as elements: strides and the last dimension count those.
extern "C" __global__ void __launch_bounds__(256) gather_runs(const Gather g) { run<Vec<uint32_t, 4>>(g); }
