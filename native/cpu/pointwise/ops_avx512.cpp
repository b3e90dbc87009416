#include "cpu/pointwise/ops_impl.h"

namespace sinter::pointwise {

const OpFn* opsAvx512() { return kOps; }

}  // namespace sinter::pointwise
