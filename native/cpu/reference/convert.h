#pragma once
#include <cstdint>

#include "core/tensor.h"

namespace sinter::ref {

/// Reference arithmetic happens in one of two domains: float64 for every floating type, int64 for integers and bool
/// (uint64 as its bit pattern).
bool isFloatType(DType t);
bool isIntType(DType t);  ///< bool included
inline bool isNumeric(DType t) { return isFloatType(t) || isIntType(t); }

/// `n` elements starting at element `offset` of `data`, `stride` elements apart, widened to the domain.
void load(DType t, const void* data, int64_t offset, int64_t stride, int64_t n, double* out);
void load(DType t, const void* data, int64_t offset, int64_t stride, int64_t n, int64_t* out);
/// The inverse: floats are rounded to nearest even and do not saturate, integers keep their low bits.
void store(DType t, void* data, int64_t offset, int64_t stride, int64_t n, const double* in);
void store(DType t, void* data, int64_t offset, int64_t stride, int64_t n, const int64_t* in);

/// One element of a floating or integer tensor.
double loadFloat(const TensorView& v, int64_t offset);
int64_t loadInt(const TensorView& v, int64_t offset);

/// Whole view, in row-major order of its dims.
void loadDense(const TensorView& v, double* out);
void loadDense(const TensorView& v, int64_t* out);

/// Value after a round trip through a floating type.
double roundTo(DType t, double x);
/// Value after a round trip through an integer type (low bits kept, sign extended).
int64_t wrapTo(DType t, int64_t x);
/// Conversion of a floating value to an integer type as x86 compilers do it (truncation; what numpy and ONNX Runtime show).
int64_t floatToInt(DType t, double x);

uint16_t floatToHalf(double x);
double halfToFloat(uint16_t h);
uint16_t floatToBfloat(double x);
double bfloatToFloat(uint16_t h);

}  // namespace sinter::ref
