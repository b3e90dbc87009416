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

SINTER_DEVICE acc_t finished(const Shape& s, SUM_T best, int inside, int counted) {
#if QUANTIZED
    const float y = static_cast<float>(best);
    return IS_MAX ? (y - s.zero) * s.scale : (y - inside * s.zero) * s.scale / static_cast<float>(s.count_pad ? counted : inside);
#else
    return IS_MAX ? static_cast<acc_t>(best) : static_cast<acc_t>(best / SUM_T(s.count_pad ? counted : inside));
#endif
}
SINTER_DEVICE SUM_T joined(SUM_T best, SUM_T x, bool first) {
    if (first) return x;
    if (!IS_MAX) return best + x;
    return best != best ? best : x > best || x != x ? x : best;
}

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
                        best[i] = joined(best[i], y, inside == 0);
                    }
                    ++inside;
                }
            }
        }
        acc_t v[V];
#pragma unroll
        for (int i = 0; i < V; ++i) v[i] = finished(s, best[i], inside, counted);
        epilogue<V>(e, row, column, v);
    }
}

/// Few results with large windows: block 32×8, neighbouring channels side by side, eight parts of a window on top of
/// each other.
extern "C" __global__ void __launch_bounds__(256) pool_wide(const Shape s, const EpilogueParams e) {
    __shared__ SUM_T parts[8][33];
    __shared__ int seen[8], possible[8];
    const int columns = ceil_div(s.columns, 32);
    const int row = blockIdx.x / columns, column = blockIdx.x % columns * 32 + threadIdx.x;
    int first[3], rest = row;
    for (int a = 2; a >= 0; --a) {
        first[a] = rest % s.out[a] * s.stride[a] - s.pad[a];
        rest /= s.out[a];
    }
    const X_T* base = static_cast<const X_T*>(s.x) + rest * s.image + min(column, s.columns - 1) * s.channel;
    const int taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
    SUM_T best = SUM_T(0);
    int inside = 0, counted = 0;
#pragma unroll 4
    for (int t = threadIdx.y; t < taps; t += 8) {
        const int p2 = first[2] + t % s.kernel[2] * s.dilation[2];
        const int p1 = first[1] + t / s.kernel[2] % s.kernel[1] * s.dilation[1];
        const int p0 = first[0] + t / (s.kernel[2] * s.kernel[1]) * s.dilation[0];
        if (p0 < s.in[0] + s.pad_end[0] && p1 < s.in[1] + s.pad_end[1] && p2 < s.in[2] + s.pad_end[2]) ++counted;
        if (p0 < 0 || p0 >= s.in[0] || p1 < 0 || p1 >= s.in[1] || p2 < 0 || p2 >= s.in[2]) continue;
        best = joined(best, convert<SUM_T>(base[p0 * s.axis[0] + p1 * s.axis[1] + p2 * s.axis[2]]), inside == 0);
        ++inside;
    }
    parts[threadIdx.y][threadIdx.x] = best;
    if (threadIdx.x == 0) {
        seen[threadIdx.y] = inside;
        possible[threadIdx.y] = counted;
    }
    __syncthreads();
    if (threadIdx.y != 0 || column >= s.columns) return;
    for (int i = 1; i < 8; ++i) {
        if (seen[i] > 0) best = joined(best, parts[i][threadIdx.x], inside == 0);
        inside += seen[i];
        counted += possible[i];
    }
    acc_t v[1] = {finished(s, best, inside, counted)};
    epilogue<1>(e, row, column, v);
}

extern "C" __global__ void __launch_bounds__(128) pool_vector(const Shape s, const EpilogueParams e) { pool<SINTER_STORE_VECTOR>(s, e); }
extern "C" __global__ void __launch_bounds__(128) pool_scalar(const Shape s, const EpilogueParams e) { pool<1>(s, e); }
