// What generated epilogues are made of: operands addressed by (row, column) of the layer's result.
#pragma once
#include "ops.cuh"

struct EpilogueOperand {
    void* data;
    int row;        ///< elements from one row to the next; -1 = rows are not evenly spaced: by coordinates
    int column;     ///< elements from one column to the next
    int align;      ///< so many consecutive columns (a power of two) may be accessed at once; 0 = columns are apart
    int strides[7]; ///< per row axis
};

struct EpilogueShape {
    int dims[7];  ///< of the row axes
    int columns;
};

template <int AXES> SINTER_DEVICE int64_t epilogue_offset(const EpilogueOperand& o, const EpilogueShape& s, int row) {
    if (o.row >= 0) return static_cast<int64_t>(row) * o.row;
    int64_t offset = 0;
#pragma unroll
    for (int a = AXES - 1; a >= 0; --a) {
        const int d = s.dims[a];
        offset += static_cast<int64_t>(row % d) * o.strides[a];
        row /= d;
    }
    return offset;
}

/// V columns of an operand, as they are stored; columns past the end read nothing.
template <typename T, int V> SINTER_DEVICE void epilogue_load(const EpilogueOperand& o, int64_t offset, int column, int columns, T (&out)[V]) {
    const T* p = static_cast<const T*>(o.data) + offset;
    if (o.column == 0) {
        const T x = *p;
#pragma unroll
        for (int i = 0; i < V; ++i) out[i] = x;
    } else if (V <= o.align && column % V == 0 && column + V <= columns) {
        load_vec<V>(p + column, out);
    } else {
#pragma unroll
        for (int i = 0; i < V; ++i) {
            if (column + i < columns) out[i] = p[static_cast<int64_t>(column + i) * o.column];
            else out[i] = T{};
        }
    }
}

/// Columns [first, end) of the result are this output's.
template <typename T, int V> SINTER_DEVICE void epilogue_write(const EpilogueOperand& o, int64_t offset, int column, int first, int end, const T (&v)[V]) {
    if (column + V <= first || column >= end) return;
    T* p = static_cast<T*>(o.data) + offset;
    const int at = column - first;
    if (V <= o.align && at >= 0 && at % V == 0 && column + V <= end) {
        store_vec<V>(p + at, v);
    } else {
#pragma unroll
        for (int i = 0; i < V; ++i) {
            if (column + i >= first && column + i < end) p[static_cast<int64_t>(at + i) * o.column] = v[i];
        }
    }
}
