#pragma once
#include <optional>

#include "cuda/kernel.h"

namespace sinter::cuda::attention {

/// An Attention layer as the fused kernels compute it: q[batch, heads, queries, depth], k and v[…, keys, depth].
struct Plan {
    DType type = DType::F16;  ///< of q, k, v and the result
    int64_t batch = 1, heads = 1, queries = 0, keys = 0, depth = 0;
    bool keyHeads = false, keyBatches = false;  ///< k and v have heads and batches of their own; else all share one
    int mask = 0;                               ///< MASK of attention_parts.cuh
    bool maskRows = false;                      ///< the mask has a row per query

    int64_t bytes() const { return static_cast<int64_t>(dtypeSize(type)); }
};

/// Nothing for layers that these kernels do not compute: other types, unequal depths, epilogues.
std::optional<Plan> planOf(const LayerDesc& layer);

/// As in attention_parts.cuh: strides in elements, 0 along axes of size 1.
struct DeviceOperand {
    void* data = nullptr;
    int32_t batch = 0, head = 0, row = 0, column = 0;
};
DeviceOperand operandOf(const TensorView& v);
/// Columns contiguous, rows and address multiples of 16 bytes.
bool aligned(const DeviceOperand& operand, DType type);

/// Operands of any strides; the estimate is left to the caller.
TacticInfo anyOperands(const LayerDesc& layer);
/// The macros that all attention kernels are specialized by.
void definePlan(Source& source, const Plan& plan);

}  // namespace sinter::cuda::attention
