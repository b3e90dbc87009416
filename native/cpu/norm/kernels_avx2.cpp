#include "cpu/norm/kernels_impl.h"

namespace sinter::norm {

const Kernels& kernelsAvx2() { return kKernels; }

}  // namespace sinter::norm
