// Pad, and Resize to the nearest: along each axis an output index has one source index, or none. ELEMENT_T: elements by size;
// VECTOR: neighbours of the innermost axis that a thread moves; RESIZE, ROUNDING (0 floor, 1 ceil, 2 prefers floor, 3 prefers
// ceil), REPEATS (every element of a resized axis stands for as many as the axis grows by), or MODE (0 constant, 1 reflect, 2 edge, 3 wrap).
#include "loop.cuh"
#if RESIZE
#include "resize_position.cuh"
#endif

struct AxisMap {
#if RESIZE && REPEATS
    Divider repeats;
    SINTER_DEVICE int source(int o) const { return repeats.divide(o); }
#elif RESIZE
    ResizeAxis axis;
    /// The source index, or -1.
    SINTER_DEVICE int source(int o) const {
        if (axis.untouched) return o;
        float p;
        if (!resize_position(axis, o, p)) return -1;
        const float below = floorf(p);
        float at = below;
        if (ROUNDING == 1) at = ceilf(p);
        if (ROUNDING == 2) at = p == below + 0.5f ? below : roundf(p);
        if (ROUNDING == 3) at = p == below + 0.5f ? below + 1.0f : roundf(p);
        const int i = static_cast<int>(at);
        return i < 0 ? 0 : i >= axis.in ? axis.in - 1 : i;
    }
#else
    int begin, in;
    SINTER_DEVICE int source(int o) const {
        const int i = o - begin;
        if (i >= 0 && i < in) return i;
        if (MODE == 2) return i < 0 ? 0 : in - 1;
        if (MODE == 3) return (i % in + in) % in;
        if (MODE == 1) {
            if (in == 1) return 0;
            const int period = 2 * (in - 1), r = (i % period + period) % period;
            return r < in ? r : period - r;
        }
        return -1;
    }
#endif
};

struct Mapped {
    Loop loop;   ///< the innermost axis counts pieces of VECTOR
    View x, y;
    AxisMap maps[8];
    uint64_t fill;
    int inner;     ///< elements of the innermost axis
    int straight;  ///< the innermost axis is not mapped and contiguous in x: pieces are whole there too
    int whole;     ///< y takes pieces in one access
};

extern "C" __global__ void __launch_bounds__(256) mapped(const Mapped m) {
    follow_producers();
    const int last = m.loop.rank - 1;
    const ELEMENT_T fill = static_cast<ELEMENT_T>(m.fill);
    SINTER_FOR_ITEMS(item, m.loop.total) {
        int at[8];
        m.loop.coordinates(item, at);
        int64_t from = 0, to = 0;
        bool inside = true;
#pragma unroll
        for (int a = 0; a < 8; ++a) {
            if (a >= last) continue;
            const int i = m.maps[a].source(at[a]);
            inside = inside && i >= 0;
            from += i * m.x.strides[a];
            to += at[a] * m.y.strides[a];
        }
        int first = 0;
#pragma unroll
        for (int a = 0; a < 8; ++a) {
            if (a == last) first = at[a] * VECTOR;
        }
        const AxisMap& map = m.maps[last];
        const int64_t x_step = m.x.strides[last], y_step = m.y.strides[last];
        const ELEMENT_T* x = address<const ELEMENT_T>(m.x) + from;
        ELEMENT_T* y = address<ELEMENT_T>(m.y) + to + first * y_step;
        ELEMENT_T v[VECTOR];
        if (inside && m.straight) {
            load_vec<VECTOR>(x + first, v);
        } else {
#pragma unroll
            for (int i = 0; i < VECTOR; ++i) {
                const int k = inside && first + i < m.inner ? map.source(first + i) : -1;
                v[i] = k >= 0 ? x[k * x_step] : fill;
            }
        }
        if (m.whole) {
            store_vec<VECTOR>(y, v);
        } else {
#pragma unroll
            for (int i = 0; i < VECTOR; ++i) {
                if (first + i < m.inner) y[i * y_step] = v[i];
            }
        }
    }
}
