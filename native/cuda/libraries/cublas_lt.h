#pragma once
#include "cuda/libraries/tactic_library.h"

namespace sinter::cuda {

/// cuBLASLt: matrix products with constant weights, 1×1 convolutions of channels-last images among them.
TacticLibrary& cublasLtLibrary();

}  // namespace sinter::cuda
