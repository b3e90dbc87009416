// QuantizeLinear and DequantizeLinear with scales that are operands. X_T, Y_T, SCALE_T, ZERO_T; DEQUANTIZE; ACC: float, or double
// where one operand is; LOW, HIGH: the integers' range; HAS_ZERO; VECTOR: neighbours that a thread converts at once.
#include "ops.cuh"
#include "loop.cuh"

struct Quantize {
    Loop loop;  ///< the innermost axis counts pieces of VECTOR
    View x, y, scale, zero;
    int inner, whole;
};

SINTER_DEVICE Y_T converted(X_T x, ACC scale, ACC zero) {
#if DEQUANTIZE
    return convert<Y_T>((convert<ACC>(x) - zero) * scale);
#else
    const float q = static_cast<float>(convert<ACC>(x) / scale);
    if (q != q) return static_cast<Y_T>(static_cast<int>(zero));
    const float rounded = rintf(q) + static_cast<float>(zero);
    return static_cast<Y_T>(static_cast<int>(rounded < LOW ? LOW : rounded > HIGH ? HIGH : rounded));
#endif
}

extern "C" __global__ void __launch_bounds__(256) quantize_linear(const Quantize q) {
    follow_producers();
    const int last = q.loop.rank - 1;
    SINTER_FOR_ITEMS(item, q.loop.total) {
        int at[8];
        q.loop.coordinates(item, at);
        int first = 0;
#pragma unroll
        for (int a = 0; a < 8; ++a) {
            if (a == last) {
                at[a] *= VECTOR;
                first = at[a];
            }
        }
        const X_T* x = address<const X_T>(q.x) + offset_of(q.x, at, q.loop.rank);
        Y_T* y = address<Y_T>(q.y) + offset_of(q.y, at, q.loop.rank);
        const SCALE_T* scale = address<const SCALE_T>(q.scale) + offset_of(q.scale, at, q.loop.rank);
#if HAS_ZERO
        const ZERO_T* zero = address<const ZERO_T>(q.zero) + offset_of(q.zero, at, q.loop.rank);
#endif
        X_T in[VECTOR];
        Y_T out[VECTOR];
        if (q.whole) load_vec<VECTOR>(x, in);
#pragma unroll
        for (int i = 0; i < VECTOR; ++i) {
            if (first + i >= q.inner) continue;
            if (!q.whole) in[i] = x[i * q.x.strides[last]];
#if HAS_ZERO
            out[i] = converted(in[i], convert<ACC>(scale[i * q.scale.strides[last]]), convert<ACC>(zero[i * q.zero.strides[last]]));
#else
            out[i] = converted(in[i], convert<ACC>(scale[i * q.scale.strides[last]]), ACC(0));
#endif
            if (!q.whole) y[i * q.y.strides[last]] = out[i];
        }
        if (q.whole) store_vec<VECTOR>(y, out);
    }
}
