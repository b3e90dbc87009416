#pragma once
#include <cstdint>

#include "core/host_memory.h"
#include "core/tensor.h"

namespace sinter {

/// Bytes of a dense tensor in whole cache lines.
uint64_t paddedBytes(const TensorInfo& t);

/// Random, never constant numbers for timing: zeros and denormals make some kernels faster than they are. Integers that may
/// be indices are 0. Equal seeds, equal data. Long tensors repeat their beginning, `randomPeriod` bytes; `once`: that alone.
HostMemory randomData(const TensorInfo& t, uint32_t seed, bool once = false);
uint64_t randomPeriod(const TensorInfo& t);

}  // namespace sinter
