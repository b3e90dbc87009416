// ArgMax and ArgMin. X_T, ACC (float, double or an integer type), SMALLEST, SELECT_LAST. A warp compares one line, or a thread
// does where neighbouring lines lie side by side.
#include "ops.cuh"
#include "loop.cuh"

struct Arg {
    Loop loop;   ///< over lines
    View x, y;   ///< strides along the loop
    int64_t step;
    int n;
};
struct Best {
    ACC value;
    int index;
};

/// NaN is larger than everything.
SINTER_DEVICE bool is_less(ACC a, ACC b) { return a < b || (b != b && a == a); }
/// Whether b replaces a.
SINTER_DEVICE bool better(const Best& a, const Best& b) {
    if (SMALLEST ? is_less(b.value, a.value) : is_less(a.value, b.value)) return true;
    if (SMALLEST ? is_less(a.value, b.value) : is_less(b.value, a.value)) return false;
    return SELECT_LAST ? b.index > a.index : b.index < a.index;
}
SINTER_DEVICE Best scan(const X_T* x, const Arg& a, int first, int step) {
    Best best{convert<ACC>(x[first < a.n ? first * a.step : 0]), first < a.n ? first : 0};
    for (int i = first + step; i < a.n; i += step) {
        const Best next{convert<ACC>(x[i * a.step]), i};
        if (better(best, next)) best = next;
    }
    return best;
}

extern "C" __global__ void __launch_bounds__(256) arg_warp(const Arg a) {
    follow_producers();
    const int lane = threadIdx.x & 31;
    for (int line = blockIdx.x * 8 + (threadIdx.x >> 5); line < a.loop.total; line += gridDim.x * 8) {
        int at[8];
        a.loop.coordinates(line, at);
        Best best = scan(address<const X_T>(a.x) + offset_of(a.x, at, a.loop.rank), a, lane, 32);
#pragma unroll
        for (int offset = 16; offset > 0; offset /= 2) {
            const Best other{shuffle_xor(best.value, offset), shuffle_xor(best.index, offset)};
            if (better(best, other)) best = other;
        }
        if (lane == 0) address<int64_t>(a.y)[offset_of(a.y, at, a.loop.rank)] = best.index;
    }
}

extern "C" __global__ void __launch_bounds__(256) arg_thread(const Arg a) {
    follow_producers();
    SINTER_FOR_ITEMS(line, a.loop.total) {
        int at[8];
        a.loop.coordinates(line, at);
        address<int64_t>(a.y)[offset_of(a.y, at, a.loop.rank)] = scan(address<const X_T>(a.x) + offset_of(a.x, at, a.loop.rank), a, 0, 1).index;
    }
}
