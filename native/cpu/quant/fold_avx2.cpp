#include "cpu/quant/fold_impl.h"

namespace sinter::quant {

const Folds& foldsAvx2() { return kFolds; }

}  // namespace sinter::quant
