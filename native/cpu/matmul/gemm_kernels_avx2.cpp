#include "cpu/matmul/gemm_kernels_impl.h"

namespace sinter::gemm {

const Kernels& kernelsAvx2() {
    static constexpr TileFn wide[] = {
        tile<FloatWeights, 1, 2>, tile<FloatWeights, 2, 2>, tile<FloatWeights, 3, 2>, tile<FloatWeights, 4, 2>,
        tile<FloatWeights, 5, 2>, tile<FloatWeights, 6, 2>};
    static constexpr TileFn narrow[] = {
        tile<FloatWeights, 1, 1>, tile<FloatWeights, 2, 1>, tile<FloatWeights, 3, 1>, tile<FloatWeights, 4, 1>,
        tile<FloatWeights, 5, 1>, tile<FloatWeights, 6, 1>};
    static constexpr Kernels kernels{FloatWeights::kForm, FloatWeights::kBytes, 8, 6, wide, narrow};
    return kernels;
}

const Kernels& kernelsAvx2F16() {
    static constexpr TileFn wide[] = {
        tile<HalfWeights, 1, 2>, tile<HalfWeights, 2, 2>, tile<HalfWeights, 3, 2>, tile<HalfWeights, 4, 2>,
        tile<HalfWeights, 5, 2>, tile<HalfWeights, 6, 2>};
    static constexpr TileFn narrow[] = {
        tile<HalfWeights, 1, 1>, tile<HalfWeights, 2, 1>, tile<HalfWeights, 3, 1>, tile<HalfWeights, 4, 1>,
        tile<HalfWeights, 5, 1>, tile<HalfWeights, 6, 1>};
    static constexpr Kernels kernels{HalfWeights::kForm, HalfWeights::kBytes, 8, 6, wide, narrow};
    return kernels;
}

const Kernels& kernelsAvx2Bf16() {
    static constexpr TileFn wide[] = {
        tile<BfloatWeights, 1, 2>, tile<BfloatWeights, 2, 2>, tile<BfloatWeights, 3, 2>, tile<BfloatWeights, 4, 2>,
        tile<BfloatWeights, 5, 2>, tile<BfloatWeights, 6, 2>};
    static constexpr TileFn narrow[] = {
        tile<BfloatWeights, 1, 1>, tile<BfloatWeights, 2, 1>, tile<BfloatWeights, 3, 1>, tile<BfloatWeights, 4, 1>,
        tile<BfloatWeights, 5, 1>, tile<BfloatWeights, 6, 1>};
    static constexpr Kernels kernels{BfloatWeights::kForm, BfloatWeights::kBytes, 8, 6, wide, narrow};
    return kernels;
}

}  // namespace sinter::gemm
