#pragma once
#include <optional>

#include "core/layer.h"

namespace sinter {

/// The convolution within a ConvMaxPool layer, whose result is the largest of each 2 × 2 pixels of it (a last odd row or column is
/// left out): the same layer as a Conv with the convolution's own result shape. Nothing where the layer's shapes do not fit that.
std::optional<LayerDesc> convolutionIn(const LayerDesc& layer);

/// Whether the layer's program never decreases where its first operand grows and reads nothing else: then the maximum may be taken
/// before it.
bool risesWithFirst(const PointwiseProgram& program);

}  // namespace sinter
