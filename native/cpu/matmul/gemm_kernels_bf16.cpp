#include "cpu/matmul/gemm_kernels_impl.h"

namespace sinter::gemm {

const Kernels& kernelsPairs() {
    static constexpr TileFn wide[] = {
        tile<PairWeights, 1, 2>, tile<PairWeights, 2, 2>, tile<PairWeights, 3, 2>, tile<PairWeights, 4, 2>,
        tile<PairWeights, 5, 2>, tile<PairWeights, 6, 2>, tile<PairWeights, 7, 2>, tile<PairWeights, 8, 2>,
        tile<PairWeights, 9, 2>, tile<PairWeights, 10, 2>, tile<PairWeights, 11, 2>, tile<PairWeights, 12, 2>,
        tile<PairWeights, 13, 2>, tile<PairWeights, 14, 2>};
    static constexpr TileFn narrow[] = {
        tile<PairWeights, 1, 1>, tile<PairWeights, 2, 1>, tile<PairWeights, 3, 1>, tile<PairWeights, 4, 1>,
        tile<PairWeights, 5, 1>, tile<PairWeights, 6, 1>, tile<PairWeights, 7, 1>, tile<PairWeights, 8, 1>,
        tile<PairWeights, 9, 1>, tile<PairWeights, 10, 1>, tile<PairWeights, 11, 1>, tile<PairWeights, 12, 1>,
        tile<PairWeights, 13, 1>, tile<PairWeights, 14, 1>};
    static constexpr Kernels kernels{PairWeights::kForm, PairWeights::kBytes, 16, 14, wide, narrow};
    return kernels;
}

}  // namespace sinter::gemm
