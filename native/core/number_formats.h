#pragma once
#include <cstddef>
#include <cstdint>

#include "core/dtype.h"

namespace sinter {

/// Elements as float64 and back. Widening is exact (64-bit integers beyond 2^53 excepted); narrowing rounds once, to
/// nearest even. FP8 saturates as ONNX Cast does by default; integers truncate towards zero and saturate.
double loadElement(DType type, const void* data, size_t index);
void storeElement(DType type, void* data, size_t index, double value);

/// Converts `count` elements, integers exactly among themselves.
void castElements(DType from, const void* in, DType to, void* out, size_t count);

}  // namespace sinter
