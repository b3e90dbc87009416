#include "cpu/pointwise/ops_impl.h"

namespace sinter::pointwise {

const OpFn* opsAvx2() { return kOps; }

}  // namespace sinter::pointwise
