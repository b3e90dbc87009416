#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "cuda/kernel.h"

namespace sinter::cuda {

/// Number of output channels of a Conv or ConvTranspose weight, or columns of a MatMul's right side.
/// `columnOf(i)`: the output channel that element i of the row-major constant belongs to.
struct IntegerWeights {
    std::vector<int8_t> values;   ///< row-major, as the constant
    std::vector<float> factors;   ///< per column: scale of x · scale of the column's weights (· alpha), over the scale of the result where
                                  ///< the layer requantizes (core/quantized_layer.h)
};
/// The int8 form of a constant of a quantized layer: float weights are quantized per column (scale = max|w| / 127, half to
/// even), int8 ones keep their scales.
IntegerWeights integerWeights(const LayerDesc& layer, const void* raw, int64_t columns, const std::function<int64_t(int64_t)>& columnOf);

/// Whether a layer multiplies quantized numbers: input 0 int8 or uint8 with one scale, input 1 a constant in float32, or
/// int8 with scales and no zero point, or uint8 with the zero point 128.
bool isIntegerProduct(const LayerDesc& layer);

/// Moves elements of `size` bytes: element i of `raw` goes to place(i) of `packed`.
void scatter(const void* raw, void* packed, int64_t count, size_t size, const std::function<int64_t(int64_t)>& place);

}  // namespace sinter::cuda
