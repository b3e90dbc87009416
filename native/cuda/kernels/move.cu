// Elements from one arrangement to another: transposes, slices, reformats, conversions. "value.cuh" defines X (stored
// input), Y (stored output), VECTOR and value(X) → Y.
#include "prelude.cuh"
#include "value.cuh"

struct Move {
    const void* from;
    void* to;
    int64_t from_strides[8];
    int64_t to_strides[8];
    int dims[8];
    int rank;
    int total;
    int p, q;  ///< tiled: the axes that are contiguous in the input and in the output
};

template <int V> SINTER_DEVICE void run(const Move& m) {
    follow_producers();
    const int total = m.total / V;
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < total; item += gridDim.x * blockDim.x) {
        int64_t from = 0, to = 0;
        int rest = item;
        for (int a = m.rank - 1; a >= 0; --a) {
            const int d = a == m.rank - 1 ? m.dims[a] / V : m.dims[a];
            const int index = a == 0 ? rest : rest % d;
            rest /= d;
            const int64_t scaled = static_cast<int64_t>(index) * (a == m.rank - 1 ? V : 1);
            from += scaled * m.from_strides[a];
            to += scaled * m.to_strides[a];
        }
        const X* x = static_cast<const X*>(m.from) + from;
        Y* y = static_cast<Y*>(m.to) + to;
        if constexpr (V == 1) *y = value(*x);
        else {
            X in[V];
            Y out[V];
            load_vec<V>(x, in);
#pragma unroll
            for (int i = 0; i < V; ++i) out[i] = value(in[i]);
            store_vec<V>(y, out);
        }
    }
}

extern "C" __global__ void __launch_bounds__(256) move_scalar(const Move m) { run<1>(m); }
extern "C" __global__ void __launch_bounds__(256) move_vector(const Move m) { run<VECTOR>(m); }

/// 32×32 tiles of the two contiguous axes through shared memory; block 32×8.
extern "C" __global__ void __launch_bounds__(256) move_tiled(const Move m) {
    __shared__ Y tile[32][33];
    follow_producers();
    const int tiles_p = ceil_div(m.dims[m.p], 32), tiles_q = ceil_div(m.dims[m.q], 32);
    int rest = blockIdx.x;
    const int p0 = rest % tiles_p * 32;
    rest /= tiles_p;
    const int q0 = rest % tiles_q * 32;
    rest /= tiles_q;
    int64_t from = 0, to = 0;
    for (int a = m.rank - 1; a >= 0; --a) {
        if (a == m.p || a == m.q) continue;
        const int index = rest % m.dims[a];
        rest /= m.dims[a];
        from += static_cast<int64_t>(index) * m.from_strides[a];
        to += static_cast<int64_t>(index) * m.to_strides[a];
    }
    const X* x = static_cast<const X*>(m.from) + from;
    Y* y = static_cast<Y*>(m.to) + to;
#pragma unroll
    for (int k = 0; k < 32; k += 8) {
        const int p = p0 + threadIdx.x, q = q0 + threadIdx.y + k;
        if (p < m.dims[m.p] && q < m.dims[m.q]) tile[threadIdx.y + k][threadIdx.x] = value(x[p + q * m.from_strides[m.q]]);
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < 32; k += 8) {
        const int p = p0 + threadIdx.y + k, q = q0 + threadIdx.x;
        if (p < m.dims[m.p] && q < m.dims[m.q]) y[q + p * m.to_strides[m.p]] = tile[threadIdx.x][threadIdx.y + k];
    }
}
