#pragma once
#include "cuda/libraries/tactic_library.h"

namespace sinter::cuda {

/// cuDNN 9: 2-D convolutions of channels-last images with bias, residual sum and Relu as one operation graph.
TacticLibrary& cudnnLibrary();

}  // namespace sinter::cuda
