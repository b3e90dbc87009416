#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "core/kernel.h"

namespace sinter::gemm {

/// The operands of a MatMul layer as matrices with a broadcast batch.
struct MatMulShape {
    int64_t m = 1, n = 0, k = 0;
    bool transA = false, transB = false;
    bool sharedB = false;              ///< b has no batch of its own: all of a's rows make one product
    std::vector<int64_t> batch;        ///< of the result
    std::vector<int64_t> result;       ///< dims before any split
    int64_t batches() const {
        int64_t count = 1;
        for (int64_t d : batch) count *= d;
        return count;
    }
};

/// Nothing when the layer is not a MatMul of these types with a matrix on the right. Outputs are float32, or of 16 bits where
/// `halves` says so.
std::optional<MatMulShape> matMulShapeOf(const LayerDesc& layer, DType a = DType::F32, DType b = DType::F32, bool halves = false);

}  // namespace sinter::gemm
