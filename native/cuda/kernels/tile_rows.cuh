#pragma once
// From fragments to rows: accumulators pass through shared memory so that the epilogue gets runs of columns of one row, and
// the partial sums of a cluster (split reductions) meet there.
#include "prelude_async.cuh"

template <typename T>
struct alignas(8) Pair {
    T first, second;
};

/// The last argument of epilogue_apply in epilogues that read statistics of rows (tile_statistics.cuh).
#if SINTER_EPILOGUE_ROWS
#define EPILOGUE_ROW(rows, r) , rows[r]
#else
#define EPILOGUE_ROW(rows, r)
#endif

/// Widest run of columns an epilogue is called with.
constexpr int kRun = SINTER_STORE_VECTOR < 8 ? SINTER_STORE_VECTOR : 8;

/// Where a column of a staged row lies: in every second group of 32 columns the halves of eight change places, so that eight
/// lanes that each load eight columns meet all banks. Pairs stay together.
__device__ __forceinline__ constexpr int staged(int column) { return column ^ ((column >> 3) & 4); }

__device__ __forceinline__ float sum_to_float(float sum) { return sum; }
/// Products of bytes are at most 2^14.
__device__ __forceinline__ float sum_to_float(int sum) { return CONV_R * CONV_S * CONV_C <= 256 ? small_to_float(sum) : static_cast<float>(sum); }

/// A run of V staged accumulators of a row, as floats.
template <int V, typename T>
__device__ __forceinline__ void load_run(const T* row, int column, float (&v)[V]) {
    if constexpr (V % 4 == 0) {
        struct alignas(16) Four {
            T at[4];
        };
#pragma unroll
        for (int i = 0; i < V; i += 4) {
            const Four four = *reinterpret_cast<const Four*>(row + staged(column + i));
#pragma unroll
            for (int k = 0; k < 4; ++k) v[i + k] = sum_to_float(four.at[k]);
        }
    } else {
#pragma unroll
        for (int k = 0; k < V; ++k) v[k] = sum_to_float(row[staged(column + k)]);
    }
}

/// Stages a fragment's pair of accumulators.
template <typename T>
__device__ __forceinline__ void stage_pair(T* row, int column, T first, T second) {
    *reinterpret_cast<Pair<T>*>(row + staged(column)) = {first, second};
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
        for (int k = 0; k < V; ++k) v[k] = sum_to_float(total[k]);
    }
};

#endif
