#include "cpu/recurrent/kernels_impl.h"

namespace sinter::recurrent {

const Kernels& kernelsAvx2() { return kKernels; }

}  // namespace sinter::recurrent
