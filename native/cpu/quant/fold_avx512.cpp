#include "cpu/quant/fold_impl.h"

namespace sinter::quant {

const Folds& foldsAvx512() { return kFolds; }

}  // namespace sinter::quant
