#pragma once
#include "core/layer.h"

/// Layers on 16-bit floating point, as the float32 layers that they mean (docs/layers.md, "Storage").
namespace sinter::half {

/// True for plain float16 and bfloat16 numbers.
inline bool isHalf(const TensorInfo& t) { return !t.quantized() && (t.dtype == DType::F16 || t.dtype == DType::BF16); }
bool anyHalf(const LayerDesc& layer);

/// `t` as float32.
TensorInfo widened(const TensorInfo& t);
/// The program in float32: constants keep the value that 16 bits gave them, and a Cast to 16 bits stays what it is.
PointwiseProgram widened(const PointwiseProgram& program);

}  // namespace sinter::half
