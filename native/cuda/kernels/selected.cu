// Layers whose every element is an element of an input, or a constant: KIND 0 Trilu, 1 EyeLike, 2 ReverseSequence, 3 OneHot,
// 4 TensorScatter. ELEMENT_T: elements by size; INDEX_T: type of lengths, indices or begins; INDEX_FLOAT: it is a float type.
#include "fault.cuh"
#include "loop.cuh"

struct Selected {
    Loop loop;      ///< over y
    View x, y;
    View other;     ///< KIND 2, 4: lengths or begins, strides along the loop; KIND 3: indices; KIND 4 also `update`
    View update;
    int axis, axis2;  ///< KIND 0, 1: rows and columns; 2: time; 3: the depth; 4: the axis that is written along
    int64_t value;    ///< KIND 0, 1: the diagonal; 3: elements from "off" to "on"; 4: how many are written
    const int64_t* diagonal;  ///< KIND 0: overrides `value` where it is given
    uint64_t one;     ///< KIND 1: the bits of 1
};

SINTER_DEVICE int64_t whole(INDEX_T i) {
#if INDEX_FLOAT
    return static_cast<int64_t>(convert<double>(i));
#else
    return static_cast<int64_t>(i);
#endif
}

extern "C" __global__ void __launch_bounds__(256) selected(const Selected s, const Fault fault) {
    follow_producers();
    SINTER_FOR_ITEMS(item, s.loop.total) {
        int at[8];
        s.loop.coordinates(item, at);
        ELEMENT_T* y = address<ELEMENT_T>(s.y) + offset_of(s.y, at, s.loop.rank);
        const ELEMENT_T* x = address<const ELEMENT_T>(s.x);
        const int64_t from = offset_of(s.x, at, s.loop.rank);
        int a = 0, b = 0;
#pragma unroll
        for (int i = 0; i < 8; ++i) {
            if (i == s.axis) a = at[i];
            if (i == s.axis2) b = at[i];
        }
#if KIND == 0
        const int64_t k = s.diagonal ? *s.diagonal : s.value;
        const bool kept = UPPER ? b - a >= k : b - a <= k;
        *y = kept ? x[from] : ELEMENT_T(0);
#elif KIND == 1
        *y = b - a == s.value ? static_cast<ELEMENT_T>(s.one) : ELEMENT_T(0);
#elif KIND == 2
        const int64_t given = whole(address<const INDEX_T>(s.other)[offset_of(s.other, at, s.loop.rank)]), size = s.loop.size(s.axis);
        const int64_t n = given < 0 ? 0 : given > size ? size : given;
        *y = x[from + (a < n ? n - 1 - 2 * a : 0) * s.x.strides[s.axis]];
#elif KIND == 3
        const int64_t i = whole(address<const INDEX_T>(s.other)[offset_of(s.other, at, s.loop.rank)]), depth = s.loop.size(s.axis);
        *y = x[i == a || i + depth == a ? s.value : 0];
#else
        const int64_t begin = s.other.data ? whole(address<const INDEX_T>(s.other)[offset_of(s.other, at, s.loop.rank)]) : 0, size = s.loop.size(s.axis);
        int64_t t = a - begin;
#if CIRCULAR
        t %= size;
        if (t < 0) t += size;
        // Where more is written than there is room for, the last one stays.
        if (t < s.value) t += (s.value - 1 - t) / size * size;
#else
        if (a == 0 && (begin < 0 || begin + s.value > size)) report_fault(fault, begin < 0 ? begin : size > begin ? size : begin, size);
#endif
        if (t >= 0 && t < s.value) {
            int own[8];
#pragma unroll
            for (int i2 = 0; i2 < 8; ++i2) own[i2] = i2 == s.axis ? static_cast<int>(t) : at[i2];
            *y = address<const ELEMENT_T>(s.update)[offset_of(s.update, own, s.loop.rank)];
        } else {
            *y = x[from];
        }
#endif
    }
}
