// Gather, GatherElements and GatherND: every output element reads one or several indices and one element of x. ELEMENT_T:
// elements by size; I_T: index type; DEPTH: indices of one element.
#include "fault.cuh"
#include "loop.cuh"

struct Gather {
    Loop loop;  ///< over y
    View x, indices, y;
    int64_t depth_stride;          ///< of indices: from one index of an element to the next
    int64_t axis_strides[DEPTH];   ///< of x
    int extents[DEPTH];
};

extern "C" __global__ void __launch_bounds__(256) gather(const Gather g, const Fault fault) {
    follow_producers();
    SINTER_FOR_ITEMS(item, g.loop.total) {
        int at[8];
        g.loop.coordinates(item, at);
        const I_T* index = address<const I_T>(g.indices) + offset_of(g.indices, at, g.loop.rank);
        int64_t from = offset_of(g.x, at, g.loop.rank);
#pragma unroll
        for (int k = 0; k < DEPTH; ++k) from += checked_index(fault, index[k * g.depth_stride], g.extents[k]) * g.axis_strides[k];
        address<ELEMENT_T>(g.y)[offset_of(g.y, at, g.loop.rank)] = address<const ELEMENT_T>(g.x)[from];
    }
}

/// Rows of whole pieces of 16 bytes: x is read and y written contiguously along the loop's last axis.
extern "C" __global__ void __launch_bounds__(256) gather_pieces(const Gather g, const Fault fault) {
    follow_producers();
    SINTER_FOR_ITEMS(item, g.loop.total) {
        int at[8];
        g.loop.coordinates(item, at);
        const I_T* index = address<const I_T>(g.indices) + offset_of(g.indices, at, g.loop.rank);
        int64_t from = offset_of(g.x, at, g.loop.rank);
#pragma unroll
        for (int k = 0; k < DEPTH; ++k) from += checked_index(fault, index[k * g.depth_stride], g.extents[k]) * g.axis_strides[k];
        constexpr int kPiece = widest<ELEMENT_T>();
        ELEMENT_T v[kPiece];
        load_vec<kPiece>(address<const ELEMENT_T>(g.x) + from, v);
        store_vec<kPiece>(address<ELEMENT_T>(g.y) + offset_of(g.y, at, g.loop.rank), v);
    }
}
