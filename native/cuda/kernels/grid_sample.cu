// GridSample: an image read at given places. X_T, GRID_T, ACC; AXES (spatial, 1 to 3); MODE 0 nearest, 1 linear, 2 cubic;
// OUTSIDE 0 zeros, 1 border, 2 reflection; CORNERS. A thread computes CHUNK channels of one place.
#include "ops.cuh"
#include "loop.cuh"

#define TAPS (MODE == 0 ? 1 : MODE == 1 ? 2 : 4)

struct GridSample {
    Loop loop;            ///< image, chunk of channels, places of the output
    View x, grid, y;      ///< x: image, channel, spatial…; grid: image, places…, coordinate; y: image, channel, places…
    int size[AXES], channels;
};

/// x folded back into [low, high].
SINTER_DEVICE double reflected(double x, double low, double high) {
    const double range = high - low;
    if (range <= 0) return low;
    const double turns = floor((x - low) / range), rest = x - low - turns * range;
    return fmod(turns, 2.0) == 0 ? low + rest : high - rest;
}
SINTER_DEVICE double folded(double i, int n) { return CORNERS ? reflected(i, 0, n - 1) : reflected(i, -0.5, n - 0.5); }
SINTER_DEVICE double bounded(double i, int n) { return i < 0 ? 0 : i > n - 1 ? n - 1 : i; }
SINTER_DEVICE double cubic_weight(double t) {
    const double a = -0.75;
    t = fabs(t);
    if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}
/// -1: outside, counts as zero.
SINTER_DEVICE int settled(double i, int n) {
    if (OUTSIDE == 1) return static_cast<int>(bounded(i, n));
    if (OUTSIDE == 2) return static_cast<int>(bounded(round(folded(i, n)), n));
    return i < 0 || i > n - 1 ? -1 : static_cast<int>(i);
}

struct Taps {
    int index[TAPS];
    ACC weight[TAPS];
    SINTER_DEVICE void place(double g, int n) {
        double at = CORNERS ? (g + 1) / 2 * (n - 1) : ((g + 1) * n - 1) / 2;
        if (!(at - at == 0)) at = -1e9;
        if (MODE != 2 && OUTSIDE == 1) at = bounded(at, n);
        if (MODE != 2 && OUTSIDE == 2) at = bounded(folded(at, n), n);
        if (MODE == 0) {
            index[0] = settled(rint(at), n);
            weight[0] = ACC(1);
            return;
        }
        const double base = floor(at);
#pragma unroll
        for (int k = 0; k < TAPS; ++k) {
            const double tap = base + k - (MODE == 2 ? 1 : 0);
            index[k] = settled(tap, n);
            weight[k] = static_cast<ACC>(MODE == 2 ? cubic_weight(at - tap) : 1 - fabs(at - tap));
            if (index[k] < 0) weight[k] = ACC(0);
        }
    }
};

template <int AXIS> SINTER_DEVICE ACC sampled(const GridSample& g, const X_T* x, const Taps (&taps)[AXES]) {
    if constexpr (AXIS == AXES) {
        return convert<ACC>(*x);
    } else {
        ACC sum = 0;
#pragma unroll
        for (int k = 0; k < TAPS; ++k) {
            if (taps[AXIS].index[k] < 0 || taps[AXIS].weight[k] == ACC(0)) continue;
            sum += taps[AXIS].weight[k] * sampled<AXIS + 1>(g, x + taps[AXIS].index[k] * g.x.strides[2 + AXIS], taps);
        }
        return sum;
    }
}

extern "C" __global__ void __launch_bounds__(256) grid_sample(const GridSample g) {
    follow_producers();
    SINTER_FOR_ITEMS(item, g.loop.total) {
        int at[8];
        g.loop.coordinates(item, at);
        const GRID_T* place = address<const GRID_T>(g.grid) + at[0] * g.grid.strides[0];
        int64_t to = at[0] * g.y.strides[0];
#pragma unroll
        for (int a = 0; a < AXES; ++a) {
            place += at[2 + a] * g.grid.strides[1 + a];
            to += at[2 + a] * g.y.strides[2 + a];
        }
        Taps taps[AXES];
#pragma unroll
        for (int a = 0; a < AXES; ++a) taps[a].place(convert<double>(place[(AXES - 1 - a) * g.grid.strides[1 + AXES]]), g.size[a]);
        for (int i = 0; i < CHUNK; ++i) {
            const int c = at[1] * CHUNK + i;
            if (c >= g.channels) break;
            const X_T* x = address<const X_T>(g.x) + at[0] * g.x.strides[0] + c * g.x.strides[1];
            address<X_T>(g.y)[to + c * g.y.strides[1]] = convert<X_T>(sampled<0>(g, x, taps));
        }
    }
}
