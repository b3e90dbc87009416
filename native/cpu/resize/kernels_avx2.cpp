#include "cpu/resize/kernels_impl.h"

namespace sinter::resize {

CombineFn combineAvx2() { return combine; }

}  // namespace sinter::resize
