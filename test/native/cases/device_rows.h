#pragma once
#include <span>
#include <vector>

#include "cases/case.h"
#include "cases/selection.h"
#include "core/kernel.h"

namespace sinter::cases {

/// The tactics that devices other than the CPU offer for a layer, as kernels on host memory: operands are copied to the
/// device and back around each run, gaps between the elements of strided views included. Empty without such a device.
std::vector<KernelRow> deviceRows(const LayerDesc& layer);

/// Compiles what the devices need for the selected kernels of the selected cases, on all cores.
void compileAhead(std::span<const Case> cases, const Selection& selection);

}  // namespace sinter::cases
