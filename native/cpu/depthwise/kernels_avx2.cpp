#include "cpu/depthwise/kernels_impl.h"

namespace sinter::depthwise {

const Kernels& kernelsAvx2() { return kKernels; }

}  // namespace sinter::depthwise
