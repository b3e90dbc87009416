// MaxPool and AveragePool of up to three spatial axes: V channels of one output pixel per thread. X_T: element type;
// IS_MAX; SUM_T: float, double or an integer type.
#include "epilogue.cuh"

struct Shape {
    const void* x;
    int64_t image, channel, axis[3];  ///< strides
    int in[3], out[3], kernel[3], stride[3], dilation[3], pad[3], pad_end[3];
    int rows, columns;
    int count_pad;
    int vector;                       ///< channels are contiguous and aligned for V
    float scale, zero;                ///< quantized input: real = (x - zero) · scale
};

template <int V> SINTER_DEVICE void pool(const Shape& s, const EpilogueParams& e) {
    const int groups = ceil_div(s.columns, V);
    for (int64_t item = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x; item < static_cast<int64_t>(s.rows) * groups; item += static_cast<int64_t>(gridDim.x) * blockDim.x) {
        const int row = static_cast<int>(item / groups), column = static_cast<int>(item % groups) * V;
        int first[3], rest = row;
#pragma unroll
        for (int a = 2; a >= 0; --a) {
            first[a] = rest % s.out[a] * s.stride[a] - s.pad[a];
            rest /= s.out[a];
        }
        const X_T* base = static_cast<const X_T*>(s.x) + rest * s.image + column * s.channel;
        SUM_T best[V];
#pragma unroll
        for (int i = 0; i < V; ++i) best[i] = SUM_T(0);
        int inside = 0, counted = 0;
        for (int d = 0; d < s.kernel[0]; ++d) {
            const int p0 = first[0] + d * s.dilation[0];
            for (int h = 0; h < s.kernel[1]; ++h) {
                const int p1 = first[1] + h * s.dilation[1];
                for (int w = 0; w < s.kernel[2]; ++w) {
                    const int p2 = first[2] + w * s.dilation[2];
                    if (p0 < s.in[0] + s.pad_end[0] && p1 < s.in[1] + s.pad_end[1] && p2 < s.in[2] + s.pad_end[2]) ++counted;
                    if (p0 < 0 || p0 >= s.in[0] || p1 < 0 || p1 >= s.in[1] || p2 < 0 || p2 >= s.in[2]) continue;
                    const X_T* p = base + p0 * s.axis[0] + p1 * s.axis[1] + p2 * s.axis[2];
                    X_T x[V];
                    if constexpr (V > 1) load_vec<V>(p, x);
                    else x[0] = *p;
#pragma unroll
                    for (int i = 0; i < V; ++i) {
                        const SUM_T y = convert<SUM_T>(x[i]);
                        if (IS_MAX) best[i] = inside == 0 || y > best[i] || y != y ? (inside != 0 && best[i] != best[i] ? best[i] : y) : best[i];
                        else best[i] += y;
                    }
                    ++inside;
                }
            }
        }
        acc_t v[V];
#pragma unroll
        for (int i = 0; i < V; ++i) {
#if QUANTIZED
            float y = static_cast<float>(best[i]);
            if (IS_MAX) y = (y - s.zero) * s.scale;
            else y = (y - inside * s.zero) * s.scale / static_cast<float>(s.count_pad ? counted : inside);
            v[i] = y;
#else
            v[i] = IS_MAX ? static_cast<acc_t>(best[i]) : static_cast<acc_t>(best[i] / SUM_T(s.count_pad ? counted : inside));
#endif
        }
        epilogue<V>(e, row, column, v);
    }
}

extern "C" __global__ void __launch_bounds__(128) pool_vector(const Shape s, const EpilogueParams e) { pool<SINTER_STORE_VECTOR>(s, e); }
extern "C" __global__ void __launch_bounds__(128) pool_scalar(const Shape s, const EpilogueParams e) { pool<1>(s, e); }
