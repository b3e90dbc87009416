#include "cpu/depthwise/kernels_impl.h"

namespace sinter::depthwise {

const Kernels& kernelsAvx512() { return kKernels; }

}  // namespace sinter::depthwise
