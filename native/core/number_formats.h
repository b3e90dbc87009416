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

/// Bytes of `count` elements as models and callers store them: 4-bit types two to a byte, low half first.
uint64_t storedBytes(DType type, int64_t count);
/// Between the stored form and the one in memory (one element to a byte); a plain copy for every other type.
void unpackStored(DType type, const void* stored, void* elements, int64_t count);
void packStored(DType type, const void* elements, void* stored, int64_t count);

}  // namespace sinter
