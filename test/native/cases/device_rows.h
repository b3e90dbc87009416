#pragma once
#include <span>
#include <vector>

#include "core/kernel.h"

namespace sinter::cases {

/// The tactics that devices other than the CPU offer for a layer, as kernels on host memory: operands are copied to the
/// device and back around each run, gaps between the elements of strided views included. Empty without such a device.
std::vector<KernelRow> deviceRows(const LayerDesc& layer);

/// Compiles what the devices need for these layers, on all cores; `only`: kernels with this in their name.
void compileAhead(std::span<const LayerDesc> layers, const char* only);

}  // namespace sinter::cases
