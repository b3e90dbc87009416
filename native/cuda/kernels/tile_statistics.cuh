#pragma once
// The statistics of a tile's rows (EpilogueRow, which epilogues with SINTER_EPILOGUE_ROWS take) in shared memory, merged while the
// first operands are on their way.
#include "epilogue.cuh"

/// Rows [first, first + COUNT), merged by THREADS threads, of which this is `thread`; a pair of lanes per row. Rows past `end` get the last one's.
template <int COUNT, int THREADS>
__device__ __forceinline__ void gather_statistics(const EpilogueParams& e, int first, int end, int thread, EpilogueRow* rows) {
    constexpr int TOGETHER = THREADS / 2;
#pragma unroll
    for (int start = 0; start < COUNT; start += TOGETHER) {
        const int r = start + thread / 2;
        // All lanes of a warp take part, so that the loads of all rows are under way at once.
        const EpilogueRow merged = epilogue_row(e, min(first + min(r, COUNT - 1), end - 1), thread & 1);
        if ((thread & 1) == 0 && (COUNT % TOGETHER == 0 || r < COUNT)) rows[r] = merged;
    }
    __syncwarp();
}
