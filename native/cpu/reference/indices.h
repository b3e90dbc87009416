#pragma once
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/index_error.h"
#include "cpu/reference/convert.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {

inline bool isIndexType(DType t) { return t == DType::I32 || t == DType::I64; }

/// Index of an axis of n elements, counted from the end when negative.
inline int64_t checkedIndex(int64_t i, int64_t n, const std::string& layer) {
    if (i < -n || i >= n)
        throw std::runtime_error(indexOutside(layer, i, n));
    return i < 0 ? i + n : i;
}

/// The rows of `indices` along its last axis as numbers in 0 … length-1, one after the other: `use` gets the row's position on
/// all axes (the last at 0) and the row.
template <typename F>
void forIndexRows(const TensorView& indices, int64_t length, const std::string& layer, int64_t begin, int64_t end, F&& use) {
    const auto last = static_cast<size_t>(indices.rank) - 1;
    const int64_t n = indices.dims[last];
    std::vector<int64_t> row(static_cast<size_t>(n));
    Odometer at(dimsOf(indices).first(last), begin);
    for (int64_t r = begin; r < end; ++r, at.next()) {
        load(indices.dtype, indices.data, offsetOf(at.at(), indices.strides), indices.strides[last], n, row.data());
        for (int64_t& i : row) i = checkedIndex(i, length, layer);
        use(at.at(), std::span<const int64_t>(row));
    }
}

/// Calls `use` with a type of `size` bytes.
template <typename F>
void withElement(size_t size, F&& use) {
    switch (size) {
        case 1: return use(uint8_t{});
        case 2: return use(uint16_t{});
        case 4: return use(uint32_t{});
        default: return use(uint64_t{});
    }
}

}  // namespace sinter::ref
