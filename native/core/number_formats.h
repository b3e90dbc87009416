#pragma once
#include <cstddef>
#include <cstdint>

#include "core/dtype.h"

namespace sinter {

/// Elements as float64 and back. Widening is exact (64-bit integers beyond 2^53 excepted); narrowing rounds once, to
/// nearest even. Floats of 8 bits and less saturate as ONNX Cast does by default; integers truncate towards zero and saturate.
double loadElement(DType type, const void* data, size_t index);
void storeElement(DType type, void* data, size_t index, double value);

/// How a number becomes a power of two (float8e8m0).
enum class PowerRounding : uint8_t { Up, Down, Nearest };

/// The bit pattern of the number nearest to `value` in a float type of 16 bits or less, ties to even. What lies beyond the
/// range becomes infinity, NaN where the type has no infinity, and the largest number where it has neither.
uint32_t encodeFloat(DType type, double value, PowerRounding rounding = PowerRounding::Up);
double decodeFloat(DType type, uint32_t bits);
/// Brings a number into the range of a float type of 8 bits or less; other types and NaN pass.
double saturateFloat(DType type, double value);

/// Converts `count` elements, integers exactly among themselves.
void castElements(DType from, const void* in, DType to, void* out, size_t count);

/// Bytes of `count` elements as models and callers store them: types of 2 and 4 bits share bytes, from the low bits up.
uint64_t storedBytes(DType type, int64_t count);
/// Between the stored form and the one in memory (one element to a byte); a plain copy for every other type.
void unpackStored(DType type, const void* stored, void* elements, int64_t count);
void packStored(DType type, const void* elements, void* stored, int64_t count);

}  // namespace sinter
