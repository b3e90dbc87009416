#include "cpu/quant/depthwise_row_impl.h"

namespace sinter::quant {

void depthwiseRowAvx512(const DepthwiseRow& r) { depthwiseRow<PairsDot>(r); }

}  // namespace sinter::quant
