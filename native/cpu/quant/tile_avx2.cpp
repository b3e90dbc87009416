#include "cpu/quant/tile_impl.h"

namespace sinter::quant {

const Kernels& kernelsAvx2() {
    static constexpr TileFn wide[] = {tile<1, 2>, tile<2, 2>, tile<3, 2>, tile<4, 2>, tile<5, 2>, tile<6, 2>};
    static constexpr TileFn narrow[] = {tile<1, 1>, tile<2, 1>, tile<3, 1>, tile<4, 1>, tile<5, 1>, tile<6, 1>};
    static constexpr Kernels kernels{V::kLanes, 6, kPerWord, wide, narrow, widen};
    return kernels;
}

}  // namespace sinter::quant
