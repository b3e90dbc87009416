#pragma once
#include <cstdint>

#include "core/kernel.h"
#include "core/thread_pool.h"
#include "cpu/quant/quantization.h"
#include "cpu/quant/rows.h"

/// Numbers from one storage to another: rows, and whole tensors of any strides.
namespace sinter::quant {

Storage storageOf(DType t);
inline int64_t sizeOf(Storage s) { return s == Storage::F32 ? 4 : s == Storage::F16 || s == Storage::BF16 ? 2 : 1; }
/// float32, float16 or bfloat16 as they are, or an activation that is stored in 8 bits.
bool movableRow(const TensorInfo& t);
RowMove moveBetween(const TensorInfo& from, const TensorInfo& to);

/// Moves every element of x to y, which have one shape, whatever their strides are.
void moveTensor(const TensorView& x, const TensorView& y, const RowMove& move, RowMoveFn rowMove, ThreadPool* pool);

}  // namespace sinter::quant
