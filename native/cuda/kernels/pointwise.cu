// A generated elementwise program over operands with any strides. "program.cuh" defines OPERANDS (outputs first),
// VECTOR and compute<V>(addresses).
#include "ops.cuh"

struct Operand {
    void* data;
    int strides[8];
};
template <int N> struct Nest {
    Operand operands[N];
    int dims[8];
    int rank;
    int total;
};

template <int V, typename T> SINTER_DEVICE void load_inner(const T* p, int step, T (&out)[V]) {
    if (V == 1 || step == 0) {
        const T x = *p;
#pragma unroll
        for (int i = 0; i < V; ++i) out[i] = x;
    } else {
        load_vec<V>(p, out);
    }
}

#include "program.cuh"

template <int V> SINTER_DEVICE void run(const Nest<OPERANDS>& nest) {
    follow_producers();
    const int total = nest.total / V;
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < total; item += gridDim.x * blockDim.x) {
        int64_t offsets[OPERANDS];
        int rest = item;
        const int inner = nest.dims[nest.rank - 1] / V;
        const int at = nest.rank == 1 ? rest : rest % inner;
#pragma unroll
        for (int k = 0; k < OPERANDS; ++k) offsets[k] = static_cast<int64_t>(at) * V * nest.operands[k].strides[nest.rank - 1];
        if (nest.rank > 1) {
            rest /= inner;
            for (int a = nest.rank - 2; a >= 0; --a) {
                const int d = nest.dims[a];
                const int index = a == 0 ? rest : rest % d;
                rest /= d;
#pragma unroll
                for (int k = 0; k < OPERANDS; ++k) offsets[k] += static_cast<int64_t>(index) * nest.operands[k].strides[a];
            }
        }
        compute<V>(nest, offsets, nest.rank - 1);
    }
}

extern "C" __global__ void __launch_bounds__(256) pointwise_vector(const Nest<OPERANDS> nest) { run<VECTOR>(nest); }
extern "C" __global__ void __launch_bounds__(256) pointwise_scalar(const Nest<OPERANDS> nest) { run<1>(nest); }
