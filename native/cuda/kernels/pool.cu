// MaxPool and AveragePool of up to three spatial axes: V channels of one output pixel per thread. X_T: element type;
// IS_MAX; PAIRS: of 16-bit floats; BYTES: of quantized int8; SUM_T: float, double or an integer type; KERNEL_, STRIDE_ and DILATION_ 0, 1,
// 2: the window, so that a row of taps loads at once; PLAIN: maxima are stored as they are.
#include "epilogue.cuh"

struct Shape {
    const void* x;
    int64_t image, channel, axis[3];  ///< strides
    int in[3], out[3], pad[3], pad_end[3];
    int rows, columns;
    int count_pad;
    float scale, zero;                ///< quantized input: real = (x - zero) · scale
};

constexpr int kKernel[3] = {KERNEL_0, KERNEL_1, KERNEL_2}, kStride[3] = {STRIDE_0, STRIDE_1, STRIDE_2}, kDilation[3] = {DILATION_0, DILATION_1, DILATION_2};
constexpr int kTaps = KERNEL_0 * KERNEL_1 * KERNEL_2;

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

/// How maxima are kept: one by one, 16-bit floats in pairs, or signed bytes as the upper halves of 16-bit numbers in pairs.
enum class Kept { Single, Pairs, Bytes };
#if BYTES && !defined(SINTER_EMULATED) && __CUDA_ARCH__ >= 900
constexpr Kept kKept = Kept::Bytes;
SINTER_DEVICE unsigned larger_bytes(unsigned a, unsigned b) {  // what lies below the upper halves does not matter
    unsigned r;
    asm("max.s16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b));
    return r;
}
#elif PAIRS && !defined(SINTER_EMULATED) && __CUDA_ARCH__ >= 800
constexpr Kept kKept = Kept::Pairs;
SINTER_DEVICE unsigned larger(unsigned a, unsigned b, half_t) {
    unsigned r;
    asm("max.NaN.f16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b));
    return r;
}
SINTER_DEVICE unsigned larger(unsigned a, unsigned b, bf16_t) {
    unsigned r;
    asm("max.NaN.bf16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b));
    return r;
}
#else
constexpr Kept kKept = Kept::Single;
template <typename T> SINTER_DEVICE unsigned larger(unsigned a, unsigned, T) { return a; }
#endif

/// V channels as they lie in memory.
template <int V> using Words = Vec<uint32_t, V * sizeof(X_T) < 4 ? 1 : V * sizeof(X_T) / 4>;

/// Running result of V channels.
template <int V, Kept KEPT> struct Window {
    SUM_T best[V] = {};
    SINTER_DEVICE void add(const X_T (&x)[V], bool first) {
#pragma unroll
        for (int i = 0; i < V; ++i) best[i] = joined(best[i], convert<SUM_T>(x[i]), first);
    }
    SINTER_DEVICE void add(const Words<V>& x, bool first) { add(reinterpret_cast<const X_T(&)[V]>(x.at), first); }
    SINTER_DEVICE SUM_T result(int i) const { return best[i]; }
    SINTER_DEVICE Words<V> words() const {
        Words<V> y;
#pragma unroll
        for (int i = 0; i < V; ++i) reinterpret_cast<X_T*>(y.at)[i] = convert<X_T>(best[i]);
        return y;
    }
};
SINTER_DEVICE constexpr unsigned two_infinities(half_t) { return 0xfc00fc00u; }
SINTER_DEVICE constexpr unsigned two_infinities(bf16_t) { return 0xff80ff80u; }
template <typename T> SINTER_DEVICE constexpr unsigned two_infinities(T) { return 0; }
template <int V> struct Window<V, Kept::Pairs> {
    unsigned best[V / 2];
    SINTER_DEVICE Window() {
#pragma unroll
        for (int i = 0; i < V / 2; ++i) best[i] = two_infinities(X_T{});
    }
    SINTER_DEVICE void add(const X_T (&x)[V], bool) {
#pragma unroll
        for (int i = 0; i < V / 2; ++i) best[i] = larger(best[i], x[2 * i].bits | static_cast<unsigned>(x[2 * i + 1].bits) << 16, X_T{});
    }
    SINTER_DEVICE SUM_T result(int i) const { return convert<SUM_T>(X_T{static_cast<uint16_t>(best[i / 2] >> (i & 1) * 16)}); }
    SINTER_DEVICE void add(const Words<V>& x, bool) {
#pragma unroll
        for (int i = 0; i < V / 2; ++i) best[i] = larger(best[i], x[i], X_T{});
    }
    SINTER_DEVICE Words<V> words() const {
        Words<V> y;
#pragma unroll
        for (int i = 0; i < V / 2; ++i) y[i] = best[i];
        return y;
    }
};

#if BYTES && !defined(SINTER_EMULATED) && __CUDA_ARCH__ >= 900
template <int V> struct Window<V, Kept::Bytes> {
    unsigned even[V / 4], odd[V / 4];
    SINTER_DEVICE Window() {
#pragma unroll
        for (int i = 0; i < V / 4; ++i) even[i] = odd[i] = 0x80008000u;
    }
    SINTER_DEVICE void add(const X_T (&x)[V], bool) {
#pragma unroll
        for (int i = 0; i < V / 4; ++i) {
            unsigned word = 0;
#pragma unroll
            for (int k = 0; k < 4; ++k) word |= static_cast<unsigned>(static_cast<uint8_t>(x[4 * i + k])) << 8 * k;
            even[i] = larger_bytes(even[i], word << 8);
            odd[i] = larger_bytes(odd[i], word);
        }
    }
    SINTER_DEVICE void add(const Words<V>& x, bool) {
#pragma unroll
        for (int i = 0; i < V / 4; ++i) {
            even[i] = larger_bytes(even[i], x[i] << 8);
            odd[i] = larger_bytes(odd[i], x[i]);
        }
    }
    SINTER_DEVICE SUM_T result(int i) const { return static_cast<SUM_T>(static_cast<int>((i & 1 ? odd : even)[i / 4] << (i & 2 ? 0 : 16)) >> 24); }
    SINTER_DEVICE Words<V> words() const {
        Words<V> y;
#pragma unroll
        for (int i = 0; i < V / 4; ++i) y[i] = __byte_perm(even[i], odd[i], 0x7351);
        return y;
    }
};
#endif

template <int V> SINTER_DEVICE void load(const X_T* p, X_T (&x)[V]) {
    if constexpr (V > 1) load_vec<V>(p, x);
    else x[0] = *p;
}
SINTER_DEVICE bool within(int p, int extent) { return static_cast<unsigned>(p) < static_cast<unsigned>(extent); }

/// First tap of an output pixel, and its image.
SINTER_DEVICE int locate(const Shape& s, int row, int (&first)[3]) {
#pragma unroll
    for (int a = 2; a >= 0; --a) {
        first[a] = row % s.out[a] * kStride[a] - s.pad[a];
        row /= s.out[a];
    }
    return row;
}

template <int V> SINTER_DEVICE void pool(const Shape& s, const EpilogueParams& e) {
    constexpr bool kUnrolled = kTaps <= 25;
    constexpr int kRun = KERNEL_2 <= 5 ? KERNEL_2 : 1;  ///< taps that load together
    const int groups = ceil_div(s.columns, V);
    follow_producers();
    for (int64_t item = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x; item < static_cast<int64_t>(s.rows) * groups; item += static_cast<int64_t>(gridDim.x) * blockDim.x) {
        const int row = static_cast<int>(item / groups), column = static_cast<int>(item % groups) * V;
        int first[3];
        const int image = locate(s, row, first);
        const X_T* base = static_cast<const X_T*>(s.x) + image * s.image + column * s.channel;
        Window<V, V % 4 == 0 ? kKept : Kept::Single> window;
        int inside = 0, counted = 0;
#pragma unroll(kUnrolled ? KERNEL_0 : 1)
        for (int d = 0; d < KERNEL_0; ++d) {
            const int p0 = first[0] + d * kDilation[0];
#pragma unroll(kUnrolled ? KERNEL_1 : 1)
            for (int h = 0; h < KERNEL_1; ++h) {
                const int p1 = first[1] + h * kDilation[1];
                const bool rowInside = within(p0, s.in[0]) && within(p1, s.in[1]);
                const bool rowCounted = p0 < s.in[0] + s.pad_end[0] && p1 < s.in[1] + s.pad_end[1];
                const X_T* const line = base + p0 * s.axis[0] + p1 * s.axis[1];
#pragma unroll(kUnrolled ? KERNEL_2 : 1)
                for (int w = 0; w < KERNEL_2; w += kRun) {
                    X_T x[kRun][V];
                    bool valid[kRun];
#pragma unroll
                    for (int i = 0; i < kRun; ++i) {
                        const int p2 = first[2] + (w + i) * kDilation[2];
                        valid[i] = rowInside && within(p2, s.in[2]);
                        counted += rowCounted && p2 < s.in[2] + s.pad_end[2];
                        if (valid[i]) load<V>(line + p2 * s.axis[2], x[i]);
                    }
#pragma unroll
                    for (int i = 0; i < kRun; ++i) {
                        if (valid[i]) window.add(x[i], inside == 0);
                        inside += valid[i];
                    }
                }
            }
        }
        acc_t v[V];
#pragma unroll
        for (int i = 0; i < V; ++i) v[i] = finished(s, inside == 0 ? SUM_T(0) : window.result(i), inside, counted);
        epilogue<V>(e, row, column, v);
    }
}

/// Few results with large windows: LANES threads of V neighbouring channels side by side, the parts of a window on top of each
/// other; their results meet in shared memory.
template <int V, int LANES> SINTER_DEVICE void pool_parts(const Shape& s, const EpilogueParams& e) {
    constexpr int kParts = 256 / LANES, kWidth = V * LANES;
    __shared__ SUM_T parts[kParts][kWidth + 1];
    __shared__ int seen[kParts], possible[kParts];
    const int lane = threadIdx.x % LANES, part = threadIdx.x / LANES;
    const int columns = ceil_div(s.columns, kWidth);
    const int row = blockIdx.x / columns, column0 = blockIdx.x % columns * kWidth;
    int first[3];
    const int image = locate(s, row, first);
    const X_T* base = static_cast<const X_T*>(s.x) + image * s.image + min(column0 + lane * V, s.columns - V) * s.channel;
    Window<V, V % 4 == 0 ? kKept : Kept::Single> window;
    int inside = 0, counted = 0;
    follow_producers();
#pragma unroll 4
    for (int t = part; t < kTaps; t += kParts) {
        const int p2 = first[2] + t % KERNEL_2 * kDilation[2];
        const int p1 = first[1] + t / KERNEL_2 % KERNEL_1 * kDilation[1];
        const int p0 = first[0] + t / (KERNEL_2 * KERNEL_1) * kDilation[0];
        counted += p0 < s.in[0] + s.pad_end[0] && p1 < s.in[1] + s.pad_end[1] && p2 < s.in[2] + s.pad_end[2];
        if (!within(p0, s.in[0]) || !within(p1, s.in[1]) || !within(p2, s.in[2])) continue;
        X_T x[V];
        load<V>(base + p0 * s.axis[0] + p1 * s.axis[1] + p2 * s.axis[2], x);
        window.add(x, inside == 0);
        ++inside;
    }
#pragma unroll
    for (int i = 0; i < V; ++i) parts[part][lane * V + i] = inside == 0 ? SUM_T(0) : window.result(i);
    if (lane == 0) {
        seen[part] = inside;
        possible[part] = counted;
    }
    __syncthreads();
    const int column = column0 + threadIdx.x;
    if (threadIdx.x >= kWidth || column >= s.columns) return;
    SUM_T best = SUM_T(0);
    inside = counted = 0;
    for (int i = 0; i < kParts; ++i) {
        if (seen[i] > 0) best = joined(best, parts[i][threadIdx.x], inside == 0);
        inside += seen[i];
        counted += possible[i];
    }
    acc_t v[1] = {finished(s, best, inside, counted)};
    epilogue<1>(e, row, column, v);
}

struct Target {
    void* y;
    int64_t image, axis[2];  ///< strides
};

SINTER_DEVICE int nearest(int p, int extent) { return p < 0 ? 0 : p < extent ? p : extent - 1; }

/// Maxima of 16 bytes of channels per thread, threads of a block along a row of the result (blockIdx.y: image and row). Windows
/// reach into the image, without dilation: a tap in the padding is as good as the nearest one inside, which the window has too.
template <int V> SINTER_DEVICE void largest(const Shape& s, const Target& t) {
    const int groups = s.columns / V, at = blockIdx.x * blockDim.x + threadIdx.x, q = at / groups, channel = (at - q * groups) * V;
    const int image = blockIdx.y / s.out[1], p = blockIdx.y - image * s.out[1];
    follow_producers();
    if (q >= s.out[2]) return;
    const X_T* const base = static_cast<const X_T*>(s.x) + image * s.image + channel;
    int offset[KERNEL_2];
#pragma unroll
    for (int w = 0; w < KERNEL_2; ++w) offset[w] = nearest(q * STRIDE_2 - s.pad[2] + w, s.in[2]) * static_cast<int>(s.axis[2]);
    Window<V, kKept> window;
#pragma unroll
    for (int h = 0; h < KERNEL_1; ++h) {
        const X_T* const line = base + nearest(p * STRIDE_1 - s.pad[1] + h, s.in[1]) * s.axis[1];
        Words<V> x[KERNEL_2];
#pragma unroll
        for (int w = 0; w < KERNEL_2; ++w) x[w] = *reinterpret_cast<const Words<V>*>(line + offset[w]);
#pragma unroll
        for (int w = 0; w < KERNEL_2; ++w) window.add(x[w], h + w == 0);
    }
    *reinterpret_cast<Words<V>*>(static_cast<X_T*>(t.y) + image * t.image + p * t.axis[0] + q * t.axis[1] + channel) = window.words();
}
extern "C" __global__ void __launch_bounds__(256) pool_window(const Shape s, const Target t) {
#if PLAIN
    largest<widest<X_T>()>(s, t);
#endif
}
extern "C" __global__ void __launch_bounds__(128) pool_vector(const Shape s, const EpilogueParams e) { pool<SINTER_STORE_VECTOR>(s, e); }
extern "C" __global__ void __launch_bounds__(128) pool_vectors(const Shape s, const EpilogueParams e) { pool<2 * SINTER_STORE_VECTOR>(s, e); }
extern "C" __global__ void __launch_bounds__(128) pool_scalar(const Shape s, const EpilogueParams e) { pool<1>(s, e); }
extern "C" __global__ void __launch_bounds__(256) pool_wide_vector(const Shape s, const EpilogueParams e) { pool_parts<SINTER_STORE_VECTOR, 8>(s, e); }
extern "C" __global__ void __launch_bounds__(256) pool_wide(const Shape s, const EpilogueParams e) { pool_parts<1, 32>(s, e); }
