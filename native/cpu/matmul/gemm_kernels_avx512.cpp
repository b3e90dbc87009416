#include "cpu/matmul/gemm_kernels_impl.h"

namespace sinter::gemm {

const Kernels& kernelsAvx512() {
    static constexpr TileFn wide[] = {
        tile<FloatWeights, 1, 2>, tile<FloatWeights, 2, 2>, tile<FloatWeights, 3, 2>, tile<FloatWeights, 4, 2>,
        tile<FloatWeights, 5, 2>, tile<FloatWeights, 6, 2>, tile<FloatWeights, 7, 2>, tile<FloatWeights, 8, 2>,
        tile<FloatWeights, 9, 2>, tile<FloatWeights, 10, 2>, tile<FloatWeights, 11, 2>, tile<FloatWeights, 12, 2>,
        tile<FloatWeights, 13, 2>, tile<FloatWeights, 14, 2>};
    static constexpr TileFn narrow[] = {
        tile<FloatWeights, 1, 1>, tile<FloatWeights, 2, 1>, tile<FloatWeights, 3, 1>, tile<FloatWeights, 4, 1>,
        tile<FloatWeights, 5, 1>, tile<FloatWeights, 6, 1>, tile<FloatWeights, 7, 1>, tile<FloatWeights, 8, 1>,
        tile<FloatWeights, 9, 1>, tile<FloatWeights, 10, 1>, tile<FloatWeights, 11, 1>, tile<FloatWeights, 12, 1>,
        tile<FloatWeights, 13, 1>, tile<FloatWeights, 14, 1>};
    static constexpr Kernels kernels{FloatWeights::kForm, FloatWeights::kBytes, 16, 14, wide, narrow};
    return kernels;
}

const Kernels& kernelsAvx512F16() {
    static constexpr TileFn wide[] = {
        tile<HalfWeights, 1, 2>, tile<HalfWeights, 2, 2>, tile<HalfWeights, 3, 2>, tile<HalfWeights, 4, 2>,
        tile<HalfWeights, 5, 2>, tile<HalfWeights, 6, 2>, tile<HalfWeights, 7, 2>, tile<HalfWeights, 8, 2>,
        tile<HalfWeights, 9, 2>, tile<HalfWeights, 10, 2>, tile<HalfWeights, 11, 2>, tile<HalfWeights, 12, 2>,
        tile<HalfWeights, 13, 2>, tile<HalfWeights, 14, 2>};
    static constexpr TileFn narrow[] = {
        tile<HalfWeights, 1, 1>, tile<HalfWeights, 2, 1>, tile<HalfWeights, 3, 1>, tile<HalfWeights, 4, 1>,
        tile<HalfWeights, 5, 1>, tile<HalfWeights, 6, 1>, tile<HalfWeights, 7, 1>, tile<HalfWeights, 8, 1>,
        tile<HalfWeights, 9, 1>, tile<HalfWeights, 10, 1>, tile<HalfWeights, 11, 1>, tile<HalfWeights, 12, 1>,
        tile<HalfWeights, 13, 1>, tile<HalfWeights, 14, 1>};
    static constexpr Kernels kernels{HalfWeights::kForm, HalfWeights::kBytes, 16, 14, wide, narrow};
    return kernels;
}

const Kernels& kernelsAvx512Bf16() {
    static constexpr TileFn wide[] = {
        tile<BfloatWeights, 1, 2>, tile<BfloatWeights, 2, 2>, tile<BfloatWeights, 3, 2>, tile<BfloatWeights, 4, 2>,
        tile<BfloatWeights, 5, 2>, tile<BfloatWeights, 6, 2>, tile<BfloatWeights, 7, 2>, tile<BfloatWeights, 8, 2>,
        tile<BfloatWeights, 9, 2>, tile<BfloatWeights, 10, 2>, tile<BfloatWeights, 11, 2>, tile<BfloatWeights, 12, 2>,
        tile<BfloatWeights, 13, 2>, tile<BfloatWeights, 14, 2>};
    static constexpr TileFn narrow[] = {
        tile<BfloatWeights, 1, 1>, tile<BfloatWeights, 2, 1>, tile<BfloatWeights, 3, 1>, tile<BfloatWeights, 4, 1>,
        tile<BfloatWeights, 5, 1>, tile<BfloatWeights, 6, 1>, tile<BfloatWeights, 7, 1>, tile<BfloatWeights, 8, 1>,
        tile<BfloatWeights, 9, 1>, tile<BfloatWeights, 10, 1>, tile<BfloatWeights, 11, 1>, tile<BfloatWeights, 12, 1>,
        tile<BfloatWeights, 13, 1>, tile<BfloatWeights, 14, 1>};
    static constexpr Kernels kernels{BfloatWeights::kForm, BfloatWeights::kBytes, 16, 14, wide, narrow};
    return kernels;
}

}  // namespace sinter::gemm
