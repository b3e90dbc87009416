#pragma once
// From fragments to rows: accumulators pass through shared memory so that the epilogue gets runs of columns of one row, and
// the partial sums of a cluster (split reductions) meet there.
#include "prelude_async.cuh"

template <typename T>
struct alignas(8) Pair {
    T first, second;
};

/// What an epilogue takes of the rows of a tile (tile_statistics.cuh), and epilogue_apply with that of one of them: nothing where it
/// reads no statistics.
#if SINTER_EPILOGUE_ROWS
using TileStatistics = const EpilogueRow*;
template <int V>
__device__ __forceinline__ void apply_with(TileStatistics rows, int r, const EpilogueParams& e, int row, int column, acc_t (&v)[V]) {
    epilogue_apply(e, row, column, v, rows[r]);
}
#else
struct TileStatistics {
    __device__ __forceinline__ TileStatistics operator+(int) const { return *this; }
};
template <int V>
__device__ __forceinline__ void apply_with(TileStatistics, int, const EpilogueParams& e, int row, int column, acc_t (&v)[V]) {
    epilogue_apply(e, row, column, v);
}
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

/// What of a tile is stored: the inside of ROWS × COLUMNS; RAGGED_…: whether tiles reach beyond.
template <int ROWS, int COLUMNS, bool RAGGED_ROWS, bool RAGGED_COLUMNS>
struct StoredRegion {
    static __device__ __forceinline__ bool row(int r) { return !RAGGED_ROWS || r < ROWS; }
    static __device__ __forceinline__ bool column(int c) { return !RAGGED_COLUMNS || c < COLUMNS; }
    static __device__ __forceinline__ int clamped(int r) { return RAGGED_ROWS && r >= ROWS ? ROWS - 1 : r; }
};

/// How many of PASSES an epilogue keeps in flight, so that their operands load side by side: as registers allow.
__device__ __forceinline__ constexpr int passes_together(int passes, int registers) { return passes % 4 == 0 && registers >= 80 ? 4 : passes % 2 == 0 && registers >= 56 ? 2 : 1; }

/// The epilogue of RUNS staged runs of columns, `threads` at a time from `first` on: `at(index)` names row, column and place of one.
template <int PASSES, int TOGETHER, class Region, class At>
__device__ __forceinline__ void finish_runs(const EpilogueParams& e, TileStatistics rows, int first, int threads, const At& at) {
#pragma unroll 1
    for (int pass = 0; pass < PASSES; pass += TOGETHER) {
        float v[TOGETHER][kRun];
#pragma unroll
        for (int u = 0; u < TOGETHER; ++u) {
            const auto run = at((pass + u) * threads + first);
            if (!Region::row(run.row) || !Region::column(run.column)) continue;
            load_run(run.staged, run.offset, v[u]);
            apply_with(rows, run.tileRow, e, run.row, run.column, v[u]);
        }
#pragma unroll
        for (int u = 0; u < TOGETHER; ++u) {
            const auto run = at((pass + u) * threads + first);
            if (Region::row(run.row) && Region::column(run.column)) epilogue_store(e, run.row, run.column, v[u]);
        }
    }
}
template <typename T>
struct StagedRun {
    int row, column;
    const T* staged;  ///< its row; the run begins at `offset`
    int offset;
    int tileRow;  ///< of the statistics
};

/// Stores a warp's 16 × COLUMNS accumulators, which are the result at (row0, column0), CHUNK columns at a time through `rows` of PITCH.
template <int COLUMNS, int CHUNK, int PITCH, int REGISTERS, class Region, typename T, int N>
__device__ __forceinline__ void store_staged(const EpilogueParams& e, TileStatistics statistics, const T (&acc)[N], T* rows, int row0, int column0, int lane) {
    constexpr int VECTORS = CHUNK / kRun, PASSES = 16 * VECTORS / 32;
#pragma unroll
    for (int chunk = 0; chunk < COLUMNS; chunk += CHUNK) {
#pragma unroll
        for (int j = 0; j < CHUNK / 8; ++j) {
            const T* d = acc + (chunk / 8 + j) * 4;
            T* target = rows + (lane >> 2) * PITCH;
            stage_pair(target, j * 8 + (lane & 3) * 2, d[0], d[1]);
            stage_pair(target + 8 * PITCH, j * 8 + (lane & 3) * 2, d[2], d[3]);
        }
        __syncwarp();
        finish_runs<PASSES, passes_together(PASSES, REGISTERS), Region>(e, statistics, lane, 32, [&](int index) {
            const int r = index / VECTORS, c = index % VECTORS * kRun;
            return StagedRun<T>{row0 + r, column0 + chunk + c, rows + r * PITCH, c, r};
        });
        __syncwarp();
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
        for (int k = 0; k < V; ++k) v[k] = sum_to_float(total[k]);
    }
};

#endif
