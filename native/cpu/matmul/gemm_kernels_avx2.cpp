#include "cpu/matmul/gemm_kernels_impl.h"

namespace sinter::gemm {

const Kernels& kernelsAvx2() {
    static constexpr TileFn wide[] = {tile<1, 2>, tile<2, 2>, tile<3, 2>, tile<4, 2>, tile<5, 2>, tile<6, 2>};
    static constexpr TileFn narrow[] = {tile<1, 1>, tile<2, 1>, tile<3, 1>, tile<4, 1>, tile<5, 1>, tile<6, 1>};
    static constexpr Kernels kernels{8, 6, wide, narrow};
    return kernels;
}

}  // namespace sinter::gemm
