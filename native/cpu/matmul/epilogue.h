#pragma once
#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "core/kernel.h"
#include "cpu/pointwise/program.h"

namespace sinter::gemm {

/// An epilogue program compiled into the store path: clamp(result + residual, lo, hi); anything else is kept as
/// `general` and interpreted over the tile that was just written.
struct Epilogue {
    int residual = -1;  ///< index into the layer's extra inputs, -1 = none
    float lo = -std::numeric_limits<float>::infinity();
    float hi = std::numeric_limits<float>::infinity();
    std::shared_ptr<const pointwise::Program> general;
};

/// Nothing when the program holds what no vectorized kernel computes (an unknown operation, another dtype).
/// `result` is the shape before any split.
std::optional<Epilogue> compileEpilogue(const LayerDesc& layer, std::span<const int64_t> result,
                                        const simd::IsaFamily& family);

}  // namespace sinter::gemm
