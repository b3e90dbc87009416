#include "cpu/quant/rows_impl.h"

namespace sinter::quant {

RowMoveFn rowMoveAvx2() { return rowMove; }

}  // namespace sinter::quant
