#pragma once
#include "cuda/attention/plan.h"

namespace sinter::cuda::attention {

/// What the copy engine knows of queries, keys or values: boxes of `box` rows of 64 columns of one head.
TensorMap mapOf(const DeviceOperand& o, DType type, int64_t depth, int64_t rows, int64_t heads, int64_t batches, int box);

}  // namespace sinter::cuda::attention
