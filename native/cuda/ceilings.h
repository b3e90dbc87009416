#pragma once
#include "core/device.h"
#include "cuda/kernel.h"

namespace sinter::cuda {

class CudaDevice;

/// What the card reaches: multiply-adds in registers, matrix products on its tensor cores, and a copy between blocks that
/// its cache cannot hold. The best of several launches of about a millisecond each. Throws Error.
Ceilings measureCeilings(CudaDevice& device, const StopToken* stop);

}  // namespace sinter::cuda
