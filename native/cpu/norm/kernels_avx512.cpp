#include "cpu/norm/kernels_impl.h"

namespace sinter::norm {

const Kernels& kernelsAvx512() { return kKernels; }

}  // namespace sinter::norm
