#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/layer.h"

namespace sinter::cuda {

/// A PointwiseProgram as C++ statements on scalars of compute types.
struct ProgramCode {
    std::string statements;            ///< one line per instruction, each defining a constant t<k>
    std::vector<std::string> results;  ///< names of the outputs' values
    std::vector<DType> resultTypes;
};

/// `types` are the operands' value types (float32 for quantized ones), `names` their C++ names (of compute types).
/// Nothing when an operation or a type has no CUDA form. The semantics are those of docs/layers.md: arithmetic in the
/// instruction's type, the 16-bit floats in float32.
std::optional<ProgramCode> generateProgram(const PointwiseProgram& program, const std::vector<DType>& types,
                                           const std::vector<std::string>& names);

}  // namespace sinter::cuda
