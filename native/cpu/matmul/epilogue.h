#pragma once
#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "core/kernel.h"
#include "cpu/matmul/gemm_kernels.h"
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

/// float32, float16 or bfloat16 as they are; nothing for other types and quantized values.
std::optional<Numbers> numbersOf(const TensorInfo& t);
/// The same for a type that was accepted.
Numbers numbersOf(DType t);

/// Nothing when the program holds what no vectorized kernel computes (an unknown operation, another dtype).
/// `result` is the shape before any split.
/// With `halves`, outputs and a residual operand may have 16 bits where nothing is left to interpret.
std::optional<Epilogue> compileEpilogue(const LayerDesc& layer, std::span<const int64_t> result,
                                        const simd::IsaFamily& family, bool halves = false);

}  // namespace sinter::gemm
