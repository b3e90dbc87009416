#pragma once
#include <stdexcept>
#include <string>

#include "core/index_error.h"
#include "cpu/reference/convert.h"

namespace sinter::ref {

inline bool isIndexType(DType t) { return t == DType::I32 || t == DType::I64; }

/// Index of an axis of n elements, counted from the end when negative.
inline int64_t checkedIndex(int64_t i, int64_t n, const std::string& layer) {
    if (i < -n || i >= n)
        throw std::runtime_error(indexOutside(layer, i, n));
    return i < 0 ? i + n : i;
}

}  // namespace sinter::ref
