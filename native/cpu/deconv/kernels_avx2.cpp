#include "cpu/deconv/kernels_impl.h"

namespace sinter::deconv {

const Kernels& kernelsAvx2() { return kKernels; }

}  // namespace sinter::deconv
