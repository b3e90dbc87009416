// Reduce over any axes. Two shapes of work: a warp per result where the reduced elements lie close together, and a column
// of threads per 32 neighbouring results where the results do. KIND names the reduction; ACC_T is float, double or an
// integer type.
#include "epilogue.cuh"

struct Shape {
    const void* x;
    int64_t kept_strides[8], reduced_strides[8];
    int kept[8], reduced[8];
    int kept_rank, reduced_rank;
    int results, count;  ///< how many results; how many elements each
    int columns;         ///< of the result as rows × columns
    float scale, zero;   ///< quantized input
};

enum Kind { Mean, Sum, Max, Min, Prod, L1, L2, LogSum, LogSumExp, SumSquare };

SINTER_DEVICE ACC_T start() {
    if (KIND == Prod) return ACC_T(1);
    return ACC_T(0);
}
SINTER_DEVICE ACC_T join(ACC_T a, ACC_T b) {
    if (KIND == Max) return Largest()(a, b);
    if (KIND == Min) return Smallest()(a, b);
    if (KIND == Prod) return a * b;
    return a + b;
}
SINTER_DEVICE ACC_T mapped(ACC_T x) {
    if (KIND == L1) return op_abs(x);
    if (KIND == L2 || KIND == SumSquare) return x * x;
    return x;
}
SINTER_DEVICE ACC_T finished(ACC_T a, int count) {
    if (KIND == Mean) return a / ACC_T(count);
#if IS_FLOAT
    if (KIND == L2) return f_sqrt(a);
    if (KIND == LogSum) return f_log(a);
#else
    if (KIND == L2) return static_cast<ACC_T>(sqrt(static_cast<double>(a)));
#endif
    return a;
}
SINTER_DEVICE int64_t place(int index, const int (&dims)[8], const int64_t (&strides)[8], int rank) {
    int64_t offset = 0;
    for (int a = rank - 1; a >= 0; --a) {
        offset += static_cast<int64_t>(a == 0 ? index : index % dims[a]) * strides[a];
        index /= dims[a];
    }
    return offset;
}
SINTER_DEVICE ACC_T value_of(const Shape& s, X_T x) {
#if QUANTIZED
    return (static_cast<float>(x) - s.zero) * s.scale;
#else
    return convert<ACC_T>(x);
#endif
}
SINTER_DEVICE ACC_T loaded(const Shape& s, int64_t offset) { return value_of(s, static_cast<const X_T*>(s.x)[offset]); }

/// Elements first, first + step, … of one result. An empty Max or Min never happens: every caller has an element or is
/// joined with one that has (`any`).
SINTER_DEVICE ACC_T partial(const Shape& s, int64_t base, int first, int step, bool& any) {
    constexpr int kTogether = 4;  // loads under way
    ACC_T a = start();
    any = first < s.count;
    for (int k = first; k < s.count; k += step * kTogether) {
        ACC_T x[kTogether];
#pragma unroll
        for (int i = 0; i < kTogether; ++i) {
            if (k + i * step < s.count) x[i] = loaded(s, base + place(k + i * step, s.reduced, s.reduced_strides, s.reduced_rank));
        }
#pragma unroll
        for (int i = 0; i < kTogether; ++i) {
            if (k + i * step < s.count) a = k == first && i == 0 ? mapped(x[i]) : join(a, mapped(x[i]));
        }
    }
    return a;
}
#if IS_FLOAT
SINTER_DEVICE ACC_T largest_of(const Shape& s, int64_t base, int first, int step) {
    ACC_T top = -__uint_as_float(0x7f800000u);
    for (int k = first; k < s.count; k += step) top = Largest()(top, loaded(s, base + place(k, s.reduced, s.reduced_strides, s.reduced_rank)));
    return top;
}
SINTER_DEVICE ACC_T exps_of(const Shape& s, int64_t base, int first, int step, ACC_T top) {
    ACC_T sum = 0;
    for (int k = first; k < s.count; k += step) sum += f_exp(loaded(s, base + place(k, s.reduced, s.reduced_strides, s.reduced_rank)) - top);
    return sum;
}
#endif

SINTER_DEVICE void finish(const Shape& s, const EpilogueParams& e, int result, ACC_T value) {
    acc_t v[1] = {static_cast<acc_t>(value)};
    epilogue<1>(e, result / s.columns, result % s.columns, v);
}

extern "C" __global__ void __launch_bounds__(256) reduce_warp(const Shape s, const EpilogueParams e) {
    follow_producers();
    const int lane = threadIdx.x & 31;
    for (int result = blockIdx.x * 8 + (threadIdx.x >> 5); result < s.results; result += gridDim.x * 8) {
        const int64_t base = place(result, s.kept, s.kept_strides, s.kept_rank);
#if IS_FLOAT
        if (KIND == LogSumExp) {
            const ACC_T top = warp_reduce(largest_of(s, base, lane, 32), Largest());
            const ACC_T safe = top - top == ACC_T(0) ? top : ACC_T(0);
            const ACC_T sum = warp_reduce(exps_of(s, base, lane, 32, safe), Add());
            if (lane == 0) finish(s, e, result, safe + f_log(sum));
            continue;
        }
#endif
        bool any;
        ACC_T a = partial(s, base, lane, 32, any);
        // Threads without an element repeat the first one's where that changes nothing, else add nothing.
        if (!any && (KIND == Max || KIND == Min)) a = mapped(loaded(s, base));
        a = warp_reduce(a, [](ACC_T x, ACC_T y) { return join(x, y); });
        if (lane == 0) finish(s, e, result, finished(a, s.count));
    }
}

/// Block 32×8: neighbouring results side by side, eight parts of each on top of each other.
extern "C" __global__ void __launch_bounds__(256) reduce_columns(const Shape s, const EpilogueParams e) {
    follow_producers();
    __shared__ ACC_T parts[8][33];
    __shared__ bool filled[8];
    const int result = blockIdx.x * 32 + threadIdx.x;
    const bool mine = result < s.results;
    const int64_t base = place(mine ? result : 0, s.kept, s.kept_strides, s.kept_rank);
    ACC_T safe = ACC_T(0);
#if IS_FLOAT
    if (KIND == LogSumExp) {
        parts[threadIdx.y][threadIdx.x] = largest_of(s, base, threadIdx.y, 8);
        __syncthreads();
        ACC_T top = parts[0][threadIdx.x];
        for (int i = 1; i < 8; ++i) top = Largest()(top, parts[i][threadIdx.x]);
        safe = top - top == ACC_T(0) ? top : ACC_T(0);
        __syncthreads();
        parts[threadIdx.y][threadIdx.x] = exps_of(s, base, threadIdx.y, 8, safe);
        if (threadIdx.x == 0) filled[threadIdx.y] = true;
    } else
#endif
    {
        bool any;
        parts[threadIdx.y][threadIdx.x] = partial(s, base, threadIdx.y, 8, any);
        if (threadIdx.x == 0) filled[threadIdx.y] = any;
    }
    __syncthreads();
    if (threadIdx.y != 0 || !mine) return;
    ACC_T a = parts[0][threadIdx.x];
    for (int i = 1; i < 8; ++i) {
        if (!filled[i]) continue;
        a = KIND == LogSumExp ? a + parts[i][threadIdx.x] : join(a, parts[i][threadIdx.x]);
    }
#if IS_FLOAT
    if (KIND == LogSumExp) a = safe + f_log(a);
#endif
    finish(s, e, result, finished(a, s.count));
}

/// As reduce_columns, VECTOR neighbouring results a thread: 8 threads side by side, 32 parts of each result. Not for LogSumExp.
extern "C" __global__ void __launch_bounds__(256) reduce_vectors(const Shape s, const EpilogueParams e) {
    constexpr int V = VECTOR, kLanes = 8, kParts = 32, kWidth = V * kLanes, kTogether = 2;
    __shared__ ACC_T parts[kParts][kWidth + 1];
    const int lane = threadIdx.x % kLanes, part = threadIdx.x / kLanes;
    const int result0 = blockIdx.x * kWidth;
    const int64_t base = place(min(result0 + lane * V, s.results - V), s.kept, s.kept_strides, s.kept_rank);
    ACC_T sums[V];
#pragma unroll
    for (int i = 0; i < V; ++i) sums[i] = start();
    follow_producers();
    for (int k = part; k < s.count; k += kParts * kTogether) {
        X_T x[kTogether][V];
#pragma unroll
        for (int t = 0; t < kTogether; ++t) {
            const int at = k + t * kParts;
            if (at < s.count) load_vec<V>(static_cast<const X_T*>(s.x) + base + place(at, s.reduced, s.reduced_strides, s.reduced_rank), x[t]);
        }
#pragma unroll
        for (int t = 0; t < kTogether; ++t) {
            if (k + t * kParts >= s.count) break;
#pragma unroll
            for (int i = 0; i < V; ++i) sums[i] = k == part && t == 0 ? mapped(value_of(s, x[t][i])) : join(sums[i], mapped(value_of(s, x[t][i])));
        }
    }
#pragma unroll
    for (int i = 0; i < V; ++i) parts[part][lane * V + i] = sums[i];
    __syncthreads();
    const int result = result0 + threadIdx.x;
    if (threadIdx.x >= kWidth || result >= s.results) return;
    ACC_T a = parts[0][threadIdx.x];
    for (int i = 1; i < min(kParts, s.count); ++i) a = join(a, parts[i][threadIdx.x]);
    finish(s, e, result, finished(a, s.count));
}
