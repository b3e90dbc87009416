#pragma once
// From fragments to rows: accumulators pass through shared memory so that the epilogue gets runs of columns of one row, and
// the partial sums of a cluster (split reductions) meet there.
#include "prelude_async.cuh"

template <typename T>
struct alignas(8) Pair {
    T first, second;
};

/// Widest run of columns an epilogue is called with.
constexpr int kRun = SINTER_STORE_VECTOR < 8 ? SINTER_STORE_VECTOR : 8;

/// A run of V accumulators in shared memory (aligned to it), as floats. Every other group of four lanes reads the halves of
/// eight in the opposite order: a quarter warp then meets all banks.
template <int V, typename T>
__device__ __forceinline__ void load_run(const T* source, float (&v)[V]) {
    if constexpr (V == 8) {
        struct alignas(16) Four {
            T at[4];
        };
        const int first = threadIdx.x & 4;
        const Four a = *reinterpret_cast<const Four*>(source + first), b = *reinterpret_cast<const Four*>(source + (first ^ 4));
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            v[k] = static_cast<float>(first ? b.at[k] : a.at[k]);
            v[k + 4] = static_cast<float>(first ? a.at[k] : b.at[k]);
        }
    } else {
#pragma unroll
        for (int k = 0; k < V; ++k) v[k] = static_cast<float>(source[k]);
    }
}

#if __CUDA_ARCH__ >= 900

/// The sums of one tile, divided among the blocks of a cluster: block `rank` owns rows [rank, rank + 1) · ROWS / PARTS. Each
/// block sends its partial sums to their owners (`receive` is the owner's shared memory, the same address in all blocks);
/// after a cluster barrier the owner adds them in rank order, so that results never depend on timing.
template <int PARTS, int ROWS, int PITCH, typename T>
struct SharedSums {
    static constexpr int OWNED = ROWS / PARTS;
    static constexpr int BYTES = ROWS * PITCH * 4;
    static_assert(ROWS % PARTS == 0);

    static __device__ __forceinline__ void send(unsigned receive, unsigned rank, int row, int column, T first, T second) {
        const unsigned target = cluster_address(receive + ((rank * OWNED + row % OWNED) * PITCH + column) * 4, row / OWNED);
        store_cluster(target, first, second);
    }
    template <int V>
    static __device__ __forceinline__ void receive(const T* sums, int row, int column, float (&v)[V]) {
        T total[V] = {};
#pragma unroll
        for (int part = 0; part < PARTS; ++part) {
            const T* source = sums + (part * OWNED + row) * PITCH + column;
#pragma unroll
            for (int k = 0; k < V; ++k) total[k] += source[k];
        }
#pragma unroll
        for (int k = 0; k < V; ++k) v[k] = static_cast<float>(total[k]);
    }
};

#endif
