#pragma once
#include <string>
#include <vector>

#include "cases/selection.h"
#include "core/layer.h"

namespace sinter::cases {

/// With SINTER_CUDA_COMPILE ("sm_80,sm_90,sm_100") and an NVRTC at hand: compiles every CUDA kernel that takes the layer
/// for these targets and that the selection has for this case of the group, and returns what does not compile. Equal sources are
/// compiled once a process. Nothing otherwise.
std::vector<std::string> compileRows(const LayerDesc& layer, const Selection& selection, size_t caseIndex);
/// How many sources were compiled so far.
int compiledSources();

}  // namespace sinter::cases
