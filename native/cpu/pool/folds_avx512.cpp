#include "cpu/pool/folds_impl.h"

namespace sinter::pool {

const Folds& foldsAvx512() { return kFolds; }

}  // namespace sinter::pool
