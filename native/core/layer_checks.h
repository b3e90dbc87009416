#pragma once
#include "core/layer.h"

namespace sinter {

/// Whether a layer read from a file keeps to docs/layers.md in what kernels index by: programs and their operands, and
/// the shapes of the compute-heavy kinds. A checksum finds damage, not a header that was made wrong.
/// Throws Error(Corrupt) with the layer's name.
void checkLayerContract(const LayerDesc& layer);

}  // namespace sinter
