#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "core/layer.h"

namespace sinter {

/// An Einsum layer's equation: which dimension each axis of each operand is.
struct EinsumPlan {
    std::vector<int64_t> dims;                ///< of every named dimension, the result's first and in its order
    size_t kept = 0;                          ///< how many are the result's
    std::vector<std::vector<size_t>> labels;  ///< per operand and axis, an index of `dims`

    /// Nothing when equation and shapes do not fit.
    static std::optional<EinsumPlan> of(const LayerDesc& d);
};

}  // namespace sinter
