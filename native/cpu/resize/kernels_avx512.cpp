#include "cpu/resize/kernels_impl.h"

namespace sinter::resize {

CombineFn combineAvx512() { return combine; }

}  // namespace sinter::resize
