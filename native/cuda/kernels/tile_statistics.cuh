#pragma once
// The statistics of a tile's rows (EpilogueRow, which epilogues with SINTER_EPILOGUE_ROWS take) in shared memory, merged while the
// first operands are on their way.
#include "epilogue.cuh"

/// Rows [first, first + COUNT), merged by `threads` threads, of which this is `thread`; a pair of lanes per row. Rows past `end` stay as they are.
template <int COUNT>
__device__ __forceinline__ void gather_statistics(const EpilogueParams& e, int first, int end, int thread, int threads, EpilogueRow* rows) {
#pragma unroll 1
    for (int r = thread / 2; r < COUNT; r += threads / 2) {
        if (first + r < end) {
            const EpilogueRow merged = epilogue_row(e, first + r, thread & 1);
            if ((thread & 1) == 0) rows[r] = merged;
        }
    }
    __syncwarp();
}
