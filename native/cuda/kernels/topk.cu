// TopK: a block per line finds the key of the k-th element digit by digit, collects what comes before it and sorts that. X_T,
// KEY_T (an unsigned type whose order is that of the result), LARGEST, THREADS, SORTED (a power of two: pairs that are sorted at
// once), IN_MEMORY: pairs are sorted in the workspace. Equal elements keep their order.
#include "loop.cuh"
#include "sort_pairs.cuh"

struct TopK {
    Loop loop;  ///< over lines
    View x, values, indices;
    int64_t x_step, value_step, index_step;
    int n, k;
    KEY_T* keys;  ///< IN_MEMORY: SORTED pairs of each block
    int* places;
};

/// Ascending keys are the result's order; NaN is larger than everything.
SINTER_DEVICE KEY_T key_of(X_T x) {
    KEY_T key;
#if KIND == 0  // float, half_t, bf16_t
    key = ordered_bits(to_float(x));
#elif KIND == 1  // double
    const uint64_t u = x != x ? 0x7fffffffffffffffull : x == 0.0 ? 0ull : static_cast<uint64_t>(__double_as_longlong(x));
    key = u >> 63 ? ~u : u | 0x8000000000000000ull;
#elif KIND == 2  // signed
    key = static_cast<KEY_T>(x) ^ (KEY_T(1) << (sizeof(KEY_T) * 8 - 1));
#else
    key = static_cast<KEY_T>(x);
#endif
    return LARGEST ? ~key : key;
}

extern "C" __global__ void __launch_bounds__(THREADS) topk(const TopK t) {
    __shared__ int histogram[256];
    __shared__ int warps[THREADS / 32];
    __shared__ int chosen, before, taken;
#if IN_MEMORY
    const Pairs<KEY_T> pairs{t.keys + static_cast<int64_t>(blockIdx.x) * SORTED, t.places + static_cast<int64_t>(blockIdx.x) * SORTED};
#else
    SINTER_DYNAMIC_SHARED(dynamic);
    const Pairs<KEY_T> pairs{reinterpret_cast<KEY_T*>(dynamic), reinterpret_cast<int*>(dynamic + sizeof(KEY_T) * SORTED)};
#endif
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    for (int line = blockIdx.x; line < t.loop.total; line += gridDim.x) {
        int at[8];
        t.loop.coordinates(line, at);
        const X_T* x = address<const X_T>(t.x) + offset_of(t.x, at, t.loop.rank);
        int filled = t.n;
        if (t.n <= SORTED) {
            for (int i = threadIdx.x; i < t.n; i += THREADS) {
                pairs.keys[i] = key_of(x[i * t.x_step]);
                pairs.places[i] = i;
            }
        } else {
            // The key of the k-th, from its highest digit on: `less` elements come before all that share its digits.
            KEY_T prefix = 0, mask = 0;
            int less = 0;
            for (int shift = sizeof(KEY_T) * 8 - 8; shift >= 0; shift -= 8) {
                for (int i = threadIdx.x; i < 256; i += THREADS) histogram[i] = 0;
                __syncthreads();
                for (int i = threadIdx.x; i < t.n; i += THREADS) {
                    const KEY_T key = key_of(x[i * t.x_step]);
                    if ((key & mask) == prefix) atomicAdd(&histogram[static_cast<int>(key >> shift & 255)], 1);
                }
                __syncthreads();
                if (threadIdx.x == 0) {
                    int sum = less, digit = 0;
                    while (digit < 255 && sum + histogram[digit] < t.k) sum += histogram[digit++];
                    chosen = digit;
                    before = sum;
                }
                __syncthreads();
                prefix |= static_cast<KEY_T>(chosen) << shift;
                mask |= static_cast<KEY_T>(255) << shift;
                less = before;
                __syncthreads();
            }
            // All that come before it, and of its equals the first.
            if (threadIdx.x == 0) taken = 0;
            int equals = 0;  // before this piece
            __syncthreads();
            for (int first = 0; first < t.n; first += THREADS) {
                const int i = first + threadIdx.x;
                const KEY_T key = i < t.n ? key_of(x[i * t.x_step]) : KEY_T(0);
                const bool equal = i < t.n && key == prefix;
                const unsigned vote = __ballot_sync(kFullWarp, equal);
                if (lane == 0) warps[warp] = __popc(vote);
                __syncthreads();
                int rank = equals + __popc(vote & ((1u << lane) - 1));
                for (int w = 0; w < THREADS / 32; ++w) {
                    if (w < warp) rank += warps[w];
                    equals += warps[w];
                }
                int place = -1;
                if (equal && rank < t.k - less) place = less + rank;
                else if (i < t.n && key < prefix) place = atomicAdd(&taken, 1);
                if (place >= 0) {
                    pairs.keys[place] = key;
                    pairs.places[place] = i;
                }
                __syncthreads();
            }
            filled = t.k;
        }
        for (int i = filled + threadIdx.x; i < SORTED; i += THREADS) {
            pairs.keys[i] = ~KEY_T(0);
            pairs.places[i] = 0x7fffffff;
        }
        pairs.sort(SORTED);
        X_T* values = address<X_T>(t.values) + offset_of(t.values, at, t.loop.rank);
        int64_t* indices = address<int64_t>(t.indices) + offset_of(t.indices, at, t.loop.rank);
        for (int i = threadIdx.x; i < t.k; i += THREADS) {
            values[i * t.value_step] = x[pairs.places[i] * t.x_step];
            indices[i * t.index_step] = pairs.places[i];
        }
        __syncthreads();
    }
}
