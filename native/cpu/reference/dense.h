#pragma once
// Whole tensors in the reference domain: simple kernels read their inputs, compute, and store their outputs.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {

/// All elements in row-major order; whole numbers are widened when C is double.
template <typename C>
std::vector<C> loadAll(const TensorView& v) {
    std::vector<C> out(static_cast<size_t>(v.count()));
    if constexpr (std::is_same_v<C, double>) {
        if (!isFloatType(v.dtype)) {
            std::vector<int64_t> whole(out.size());
            loadDense(v, whole.data());
            std::transform(whole.begin(), whole.end(), out.begin(), [](int64_t x) { return static_cast<double>(x); });
            return out;
        }
    }
    loadDense(v, out.data());
    return out;
}

/// Stores all elements in row-major order; floating results round to the view's type.
template <typename C>
void storeAll(const TensorView& v, const std::vector<C>& values) {
    if (v.count() == 0) return;
    if (v.rank == 0) return store(v.dtype, v.data, 0, 1, 1, values.data());
    const auto last = static_cast<size_t>(v.rank - 1);
    const int64_t n = v.dims[last];
    const auto outer = dimsOf(v).first(last);
    Odometer at(outer);
    for (int64_t r = 0; r < countOf(outer); ++r, at.next()) store(v.dtype, v.data, offsetOf(at.at(), v.strides), v.strides[last], n, values.data() + r * n);
}

/// The one element of a scalar input. Both throw where it has none, or several.
inline void checkScalar(const TensorView& v) {
    if (v.count() != 1) throw std::runtime_error("a scalar input has " + std::to_string(v.count()) + " elements");
}
inline int64_t scalarInt(const TensorView& v) {
    checkScalar(v);
    return isFloatType(v.dtype) ? static_cast<int64_t>(loadFloat(v, 0)) : loadInt(v, 0);
}
inline double scalarFloat(const TensorView& v) {
    checkScalar(v);
    return isFloatType(v.dtype) ? loadFloat(v, 0) : static_cast<double>(loadInt(v, 0));
}

}  // namespace sinter::ref
