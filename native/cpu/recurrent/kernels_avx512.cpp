#include "cpu/recurrent/kernels_impl.h"

namespace sinter::recurrent {

const Kernels& kernelsAvx512() { return kKernels; }

}  // namespace sinter::recurrent
