// ScatterElements and ScatterND: updates written into a copy of the data, repeated places in the order of their
// updates. ELEMENT_T: elements; I_T: index type; DEPTH: indices of one update; REDUCTION: 0 none, 1 add, 2 mul, 3 min, 4 max;
// ACC: what sums are computed in. `scatter_lines`: a thread applies all updates of one line, where lines never meet.
// `scatter_warps`: a warp does, 32 updates at a time, those of the same place one after the other. `scatter_owned`: every warp looks at all updates and applies those whose place it owns, a row of neighbours at a time.
#include "fault.cuh"
#include "ops.cuh"
#include "loop.cuh"

struct Scatter {
    Loop loop;                    ///< over what the updates share: lines, or the elements of a slice
    Loop turns;                   ///< over updates of one line, in order
    View y, updates, indices;     ///< strides along `loop`
    int64_t turn_updates[8], turn_indices[8];  ///< strides along `turns`
    int64_t turn_y[8];            ///< where a turn's own coordinate is part of the place
    int64_t depth_stride;
    int64_t axis_strides[DEPTH];  ///< of y
    int extents[DEPTH];
};

SINTER_DEVICE int64_t along(const int64_t (&strides)[8], const int (&at)[8], int rank) {
    int64_t offset = 0;
#pragma unroll
    for (int a = 0; a < 8; ++a) {
        if (a < rank) offset += at[a] * strides[a];
    }
    return offset;
}

SINTER_DEVICE ELEMENT_T combined(ELEMENT_T old, ELEMENT_T v) {
#if REDUCTION == 0
    return v;
#else
    const ACC a = convert<ACC>(old), b = convert<ACC>(v);
    if (REDUCTION == 1) return convert<ELEMENT_T>(a + b);
    if (REDUCTION == 2) return convert<ELEMENT_T>(a * b);
    if (REDUCTION == 3) return b < a || b != b ? v : old;
    return b > a || b != b ? v : old;
#endif
}

/// Where a turn's updates go, from the line's start in y.
SINTER_DEVICE int64_t place(const Scatter& s, const Fault& fault, const I_T* index, const int (&turn)[8]) {
    int64_t to = along(s.turn_y, turn, s.turns.rank);
#pragma unroll
    for (int k = 0; k < DEPTH; ++k) to += checked_index(fault, index[k * s.depth_stride], s.extents[k]) * s.axis_strides[k];
    return to;
}

extern "C" __global__ void __launch_bounds__(256) scatter_lines(const Scatter s, const Fault fault) {
    follow_producers();
    SINTER_FOR_ITEMS(item, s.loop.total) {
        int at[8], turn[8];
        s.loop.coordinates(item, at);
        ELEMENT_T* y = address<ELEMENT_T>(s.y) + offset_of(s.y, at, s.loop.rank);
        const ELEMENT_T* updates = address<const ELEMENT_T>(s.updates) + offset_of(s.updates, at, s.loop.rank);
        const I_T* indices = address<const I_T>(s.indices) + offset_of(s.indices, at, s.loop.rank);
        for (int n = 0; n < s.turns.total; ++n) {
            s.turns.coordinates(n, turn);
            ELEMENT_T* to = y + place(s, fault, indices + along(s.turn_indices, turn, s.turns.rank), turn);
            *to = combined(*to, updates[along(s.turn_updates, turn, s.turns.rank)]);
        }
    }
}

extern "C" __global__ void __launch_bounds__(256) scatter_warps(const Scatter s, const Fault fault) {
    follow_producers();
    const int lane = threadIdx.x & 31;
    for (int line = blockIdx.x * 8 + (threadIdx.x >> 5); line < s.loop.total; line += gridDim.x * 8) {
        int at[8], turn[8];
        s.loop.coordinates(line, at);
        ELEMENT_T* y = address<ELEMENT_T>(s.y) + offset_of(s.y, at, s.loop.rank);
        const ELEMENT_T* updates = address<const ELEMENT_T>(s.updates) + offset_of(s.updates, at, s.loop.rank);
        const I_T* indices = address<const I_T>(s.indices) + offset_of(s.indices, at, s.loop.rank);
        for (int first = 0; first < s.turns.total; first += 32) {
            const int n = first + lane;
            int64_t to = -1 - lane;  // nobody else's
            ELEMENT_T update{};
            if (n < s.turns.total) {
                s.turns.coordinates(n, turn);
                to = place(s, fault, indices + along(s.turn_indices, turn, s.turns.rank), turn);
                update = updates[along(s.turn_updates, turn, s.turns.rank)];
            }
            const int rank = __popc(__match_any_sync(kFullWarp, static_cast<unsigned long long>(to)) & ((1u << lane) - 1));
            for (int r = 0; __ballot_sync(kFullWarp, rank >= r) != 0; ++r) {
                if (rank == r && n < s.turns.total) y[to] = combined(y[to], update);
                __syncwarp();
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(256) scatter_owned(const Scatter s, const Fault fault) {
    follow_producers();
    const int lane = threadIdx.x & 31, warps = gridDim.x * 8, warp = blockIdx.x * 8 + (threadIdx.x >> 5);
    for (int first = 0; first < s.turns.total; first += 32) {
        const int n = first + lane;
        int turn[8];
        int64_t to = 0;
        bool mine = false;
        if (n < s.turns.total) {
            s.turns.coordinates(n, turn);
            to = place(s, fault, address<const I_T>(s.indices) + along(s.turn_indices, turn, s.turns.rank), turn);
            // Neighbouring places spread over the warps.
            mine = static_cast<unsigned>(static_cast<uint64_t>(to) * 2654435761u >> 7) % static_cast<unsigned>(warps) == static_cast<unsigned>(warp);
        }
        unsigned left = __ballot_sync(kFullWarp, mine);
        while (left != 0) {
            const int from = __ffs(static_cast<int>(left)) - 1;
            left &= left - 1;
            const int64_t there = __shfl_sync(kFullWarp, to, from);
            int own[8], at[8];
            s.turns.coordinates(first + from, own);
            const int64_t update = along(s.turn_updates, own, s.turns.rank);
            for (int item = lane; item < s.loop.total; item += 32) {
                s.loop.coordinates(item, at);
                ELEMENT_T* y = address<ELEMENT_T>(s.y) + there + offset_of(s.y, at, s.loop.rank);
                *y = combined(*y, address<const ELEMENT_T>(s.updates)[update + offset_of(s.updates, at, s.loop.rank)]);
            }
            __syncwarp();
        }
    }
}
