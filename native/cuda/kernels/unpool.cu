// MaxUnpool: what a MaxPool kept goes back to where it came from, zeros elsewhere. ELEMENT_T: elements by size. Of elements with
// the same index the last one stays: `claim` lets the highest number win, `place` writes the winners.
#include "fault.cuh"
#include "loop.cuh"

struct Unpool {
    Loop loop;   ///< over x
    Loop full;   ///< the tensor that indices count in
    Loop result; ///< over y
    View x, indices, y;
    int* winners;  ///< of each element of y in row-major order: number of the element of x that goes there, and 1 more
};

/// The element of y that an index names, or -1 where y ends before.
SINTER_DEVICE int named(const Unpool& u, int64_t index, int64_t& offset) {
    if (index < 0 || index >= u.full.total) return -1;
    int at[8];
    u.full.coordinates(static_cast<int>(index), at);
    int number = 0;
    offset = 0;
#pragma unroll
    for (int a = 0; a < 8; ++a) {
        if (a >= u.full.rank) continue;
        if (at[a] >= u.result.size(a)) return -1;
        number = number * u.result.size(a) + at[a];
        offset += at[a] * u.y.strides[a];
    }
    return number;
}

extern "C" __global__ void __launch_bounds__(256) claim(const Unpool u, const Fault fault) {
    follow_producers();
    SINTER_FOR_ITEMS(item, u.loop.total) {
        int at[8];
        int64_t offset;
        u.loop.coordinates(item, at);
        const int64_t index = address<const int64_t>(u.indices)[offset_of(u.indices, at, u.loop.rank)];
        if (index < 0 || index >= u.full.total) report_fault(fault, index, u.full.total);
        const int number = named(u, index, offset);
        if (number >= 0) atomicMax(&u.winners[number], item + 1);
    }
}

extern "C" __global__ void __launch_bounds__(256) place(const Unpool u) {
    follow_producers();
    SINTER_FOR_ITEMS(item, u.result.total) {
        int at[8], from[8];
        u.result.coordinates(item, at);
        const int winner = u.winners[item];
        ELEMENT_T v = 0;
        if (winner > 0) {
            u.loop.coordinates(winner - 1, from);
            v = address<const ELEMENT_T>(u.x)[offset_of(u.x, from, u.loop.rank)];
        }
        address<ELEMENT_T>(u.y)[offset_of(u.y, at, u.result.rank)] = v;
    }
}
