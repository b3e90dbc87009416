#include "cpu/quant/rows_impl.h"

namespace sinter::quant {

RowMoveFn rowMoveAvx512() { return rowMove; }

}  // namespace sinter::quant
