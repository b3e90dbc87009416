#pragma once
#include <memory>

#include "core/device.h"
#include "core/kernel_tracer.h"

namespace sinter::cuda {

/// Where CUPTI is, or what its absence costs.
const SupportLibrary& cuptiInfo();
/// Traces every kernel of this process; null where CUPTI is missing, cannot be used, or traces for somebody else already.
std::unique_ptr<KernelTracer> makeCuptiTracer();

}  // namespace sinter::cuda
