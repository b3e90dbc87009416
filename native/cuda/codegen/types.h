#pragma once
#include <string>

#include "core/layer.h"

namespace sinter::cuda {

/// The C++ type of stored elements; empty for types that kernels cannot hold (strings, float8, 4-bit).
std::string storageType(DType t);
/// The C++ type that arithmetic on them happens in: float for the 16-bit floats, else the storage type.
std::string computeType(DType t);
bool isFloat(DType t);
/// Whether every present operand has a storage type and at most 2^31 - 1 elements, and quantized operands have one scale.
bool storable(const LayerDesc& layer);
/// The element type that arithmetic sees: float32 for quantized operands.
DType valueType(const TensorInfo& t);
/// A float or double literal of exactly this value.
std::string literal(double value, const std::string& type);

/// Whether the layer is what its op expects: asked of the CPU's scalar reference, which knows every op's contract.
bool wellFormed(const LayerDesc& layer);

}  // namespace sinter::cuda
