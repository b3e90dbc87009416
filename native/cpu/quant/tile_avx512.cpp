#include "cpu/quant/tile_impl.h"

namespace sinter::quant {

const Kernels& kernelsAvx512() {
    static constexpr TileFn wide[] = {tile<1, 2>, tile<2, 2>, tile<3, 2>, tile<4, 2>, tile<5, 2>, tile<6, 2>, tile<7, 2>,
                                     tile<8, 2>, tile<9, 2>, tile<10, 2>, tile<11, 2>, tile<12, 2>, tile<13, 2>, tile<14,
                                     2>};
    static constexpr TileFn narrow[] = {tile<1, 1>, tile<2, 1>, tile<3, 1>, tile<4, 1>, tile<5, 1>, tile<6, 1>, tile<7, 1>,
                                     tile<8, 1>, tile<9, 1>, tile<10, 1>, tile<11, 1>, tile<12, 1>, tile<13, 1>, tile<14,
                                     1>};
    static constexpr Kernels kernels{V::kLanes, 14, kPerWord, wide, narrow, widen};
    return kernels;
}

}  // namespace sinter::quant
