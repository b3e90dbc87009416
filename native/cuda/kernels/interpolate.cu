// Resize, linear and cubic: weighted sums of the elements around each output's position. X_T, Y_T, ACC; CUBIC, ANTIALIAS,
// EXCLUDE_OUTSIDE, CUBIC_COEFFICIENT; ACTIVE: how many axes are resized (they come first in `axes`); VECTOR: neighbours of the
// innermost axis that a thread computes, where that axis is not resized; ROW: where it is (the last of the resized axes).
// QUANTIZED_X, QUANTIZED_Y: 8-bit numbers with a scale.
#include "ops.cuh"
#include "loop.cuh"
#include "resize_position.cuh"

typedef ACC acc_t;

struct Resized {
    ResizeAxis axis;
    int64_t x_stride;
    int loop_axis;  ///< of the output
};
struct Interpolate {
    Loop loop;  ///< the innermost axis counts pieces of VECTOR
    View x, y;  ///< x: strides of axes that are not resized, 0 along the others
    Resized axes[ACTIVE];
    float x_scale, x_zero, y_inverse, y_zero;
    acc_t extrapolation;
};

SINTER_DEVICE acc_t cubic_weight(acc_t x) {
    x = f_abs(x);
    const acc_t c = acc_t(CUBIC_COEFFICIENT);
    if (x <= acc_t(1)) return ((c + acc_t(2)) * x - (c + acc_t(3))) * x * x + acc_t(1);
    return x < acc_t(2) ? ((c * x - acc_t(5) * c) * x + acc_t(8) * c) * x - acc_t(4) * c : acc_t(0);
}

// Loops over taps whose number only running tells are not unrolled: NVRTC 13.0 keeps an unrolled one's bound in a register that it
// writes at the loop's end alone, so that the first turn reads what another kernel left there.

/// The taps of one axis: source elements first + i for 0 <= i < count, those outside moved to the border.
struct Taps {
    int first, count, in, start;  ///< `start`: of the first tap, from the element below the position
    acc_t ratio, shrink, inverse_sum;

    SINTER_DEVICE acc_t raw(int i) const {
        if (EXCLUDE_OUTSIDE && (first + i < 0 || first + i >= in)) return acc_t(0);
        const acc_t distance = (acc_t(i + start) - ratio) * shrink;
        if (CUBIC) return cubic_weight(distance);
        const acc_t w = acc_t(1) - f_abs(distance);
        return w < acc_t(0) ? acc_t(0) : w;
    }
    SINTER_DEVICE acc_t weight(int i) const { return raw(i) * inverse_sum; }
    SINTER_DEVICE int source(int i) const {
        const int k = first + i;
        return k < 0 ? 0 : k >= in ? in - 1 : k;
    }
    SINTER_DEVICE bool place(const ResizeAxis& a, int o) {
        float p = 0.0f;
        const bool inside = resize_position(a, o, p);
        if (!inside) p = 0.0f;  // taps that nobody uses
        const float base = ceilf(p) - 1.0f;  // the ratio lies in (0, 1]
        ratio = acc_t(p) - acc_t(base);
        shrink = ANTIALIAS && a.scale < 1.0f ? acc_t(a.scale) : acc_t(1);
        start = ANTIALIAS ? static_cast<int>(floor(acc_t(CUBIC ? -2 : -1) / shrink)) + 1 : CUBIC ? -1 : 0;
        count = 2 - 2 * start;
        first = static_cast<int>(base) + start;
        in = a.in;
        acc_t sum = 0;
#if ANTIALIAS
#pragma unroll 1
        for (int i = 0; i < count; ++i) sum += raw(i);
#elif !EXCLUDE_OUTSIDE
        sum = acc_t(1);  // as the weights are made
#else
#pragma unroll
        for (int i = 0; i < (CUBIC ? 4 : 2); ++i) sum += raw(i);
#endif
        inverse_sum = acc_t(1) / sum;
        return inside;
    }
};

SINTER_DEVICE acc_t loaded(const Interpolate& m, X_T x) {
#if QUANTIZED_X
    return (static_cast<float>(x) - m.x_zero) * m.x_scale;
#else
    return convert<acc_t>(x);
#endif
}
SINTER_DEVICE Y_T stored(const Interpolate& m, acc_t x) {
#if QUANTIZED_Y
    return quantize<Y_T>(x, m.y_inverse, m.y_zero);
#elif WHOLE
    return float_to_int<Y_T>(x);
#else
    return convert<Y_T>(x);
#endif
}

/// The sum over axes [axis, ACTIVE) of the elements below `x`.
template <int AXIS, int V> SINTER_DEVICE void gather(const Interpolate& m, const Taps (&taps)[ACTIVE], const X_T* x, acc_t weight, acc_t (&sum)[V]) {
    if constexpr (AXIS == ACTIVE) {
        X_T v[V];
        load_vec<V>(x, v);
#pragma unroll
        for (int i = 0; i < V; ++i) sum[i] += weight * loaded(m, v[i]);
    } else {
        const Taps& t = taps[AXIS];
#if ANTIALIAS
#pragma unroll 1
        for (int i = 0; i < t.count; ++i) {
#else
#pragma unroll
        for (int i = 0; i < (CUBIC ? 4 : 2); ++i) {
#endif
            const acc_t w = t.weight(i);
            if (w != acc_t(0)) gather<AXIS + 1, V>(m, taps, x + t.source(i) * m.axes[AXIS].x_stride, weight * w, sum);
        }
    }
}

template <int V> SINTER_DEVICE void run(const Interpolate& m) {
    SINTER_FOR_ITEMS(item, m.loop.total) {
        int at[8];
        m.loop.coordinates(item, at);
#pragma unroll
        for (int a = 0; a < 8; ++a) {
            if (a == m.loop.rank - 1) at[a] *= V;
        }
        Taps taps[ACTIVE];
        bool inside = true;
#pragma unroll
        for (int k = 0; k < ACTIVE; ++k) {
            int o = 0;
#pragma unroll
            for (int a = 0; a < 8; ++a) {
                if (a == m.axes[k].loop_axis) o = at[a];
            }
            inside = taps[k].place(m.axes[k].axis, o) && inside;
        }
        acc_t sum[V];
#pragma unroll
        for (int i = 0; i < V; ++i) sum[i] = inside ? acc_t(0) : m.extrapolation;
        if (inside) gather<0, V>(m, taps, address<const X_T>(m.x) + offset_of(m.x, at, m.loop.rank), acc_t(1), sum);
        Y_T out[V];
#pragma unroll
        for (int i = 0; i < V; ++i) out[i] = stored(m, sum[i]);
        store_vec<V>(address<Y_T>(m.y) + offset_of(m.y, at, m.loop.rank), out);
    }
}

extern "C" __global__ void __launch_bounds__(256) interpolate(const Interpolate m) {
    follow_producers();
    run<VECTOR>(m);
}
extern "C" __global__ void __launch_bounds__(256) interpolate_single(const Interpolate m) {
    follow_producers();
    run<1>(m);
}

/// The same for ROW neighbours along the last of the resized axes, which share the taps of all other axes.
template <int AXIS> SINTER_DEVICE void gather_row(const Interpolate& m, const Taps (&outer)[ACTIVE], const Taps (&inner)[ROW], const X_T* x, acc_t weight, acc_t (&sum)[ROW]) {
    if constexpr (AXIS == ACTIVE - 1) {
#pragma unroll
        for (int r = 0; r < ROW; ++r) {
            acc_t own = 0;
#if ANTIALIAS
#pragma unroll 1
            for (int i = 0; i < inner[r].count; ++i) {
#else
#pragma unroll
            for (int i = 0; i < (CUBIC ? 4 : 2); ++i) {
#endif
                own += inner[r].weight(i) * loaded(m, x[inner[r].source(i) * m.axes[AXIS].x_stride]);
            }
            sum[r] += weight * own;
        }
    } else {
        const Taps& t = outer[AXIS];
#if ANTIALIAS
#pragma unroll 1
        for (int i = 0; i < t.count; ++i) {
#else
#pragma unroll
        for (int i = 0; i < (CUBIC ? 4 : 2); ++i) {
#endif
            gather_row<AXIS + 1>(m, outer, inner, x + t.source(i) * m.axes[AXIS].x_stride, weight * t.weight(i), sum);
        }
    }
}

/// The loop's innermost axis counts rows of ROW elements of y, contiguous and, with `whole`, aligned.
extern "C" __global__ void __launch_bounds__(256) interpolate_row(const Interpolate m, int size, int whole) {
    follow_producers();
    const int last = m.loop.rank - 1;
    SINTER_FOR_ITEMS(item, m.loop.total) {
        int at[8];
        m.loop.coordinates(item, at);
        int first = 0;
#pragma unroll
        for (int a = 0; a < 8; ++a) {
            if (a != last) continue;
            first = at[a] * ROW;
            at[a] = 0;  // x has no stride there
        }
        Taps outer[ACTIVE], inner[ROW];
        bool inside = true, within[ROW];
#pragma unroll
        for (int k = 0; k < ACTIVE - 1; ++k) {
            int o = 0;
#pragma unroll
            for (int a = 0; a < 8; ++a) {
                if (a == m.axes[k].loop_axis) o = at[a];
            }
            inside = outer[k].place(m.axes[k].axis, o) && inside;
        }
#pragma unroll
        for (int r = 0; r < ROW; ++r) within[r] = inner[r].place(m.axes[ACTIVE - 1].axis, first + r < size ? first + r : size - 1);
        acc_t sum[ROW];
#pragma unroll
        for (int r = 0; r < ROW; ++r) sum[r] = 0;
        if (inside) gather_row<0>(m, outer, inner, address<const X_T>(m.x) + offset_of(m.x, at, m.loop.rank), acc_t(1), sum);
        Y_T out[ROW];
#pragma unroll
        for (int r = 0; r < ROW; ++r) out[r] = stored(m, inside && within[r] ? sum[r] : m.extrapolation);
        Y_T* y = address<Y_T>(m.y) + offset_of(m.y, at, m.loop.rank) + first;
        if (whole) {
            store_vec<ROW>(y, out);
        } else {
#pragma unroll
            for (int r = 0; r < ROW; ++r) {
                if (first + r < size) y[r] = out[r];
            }
        }
    }
}
