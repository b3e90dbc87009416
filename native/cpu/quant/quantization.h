#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "core/layer.h"
#include "core/quantized_layer.h"

/// What quantized values mean (docs/layers.md, "Quantized values"), shared by the scalar references and the kernels.
namespace sinter::quant {

/// Equal storage: neither is quantized, or type, scale and zero point agree.
bool sameQuantization(const TensorInfo& a, const TensorInfo& b);
bool anyQuantized(const LayerDesc& layer);
/// True when kernels that know nothing of scales compute the layer right: it has no quantized operand, or it only moves
/// (or compares) stored numbers between equal scales.
bool plainOrMoved(const LayerDesc& layer);

/// `t` as the float32 values that it stands for.
TensorInfo dequantizedInfo(const TensorInfo& t);

/// The weights of a Conv or MatMul as integers of at most 8 bits with a scale per output channel. Constant float32
/// weights get scale max|w| / 127 per channel; quantized ones keep theirs (zero point subtracted).
struct IntegerWeights {
    std::vector<int16_t> values;  ///< in the order given
    std::vector<double> scales;   ///< per output channel
};

/// Which output channel an element of a row-major weight belongs to: element / inner % channels.
struct WeightAxis {
    int64_t inner = 1, channels = 1;
    size_t axis = 0;
};
WeightAxis weightAxis(const LayerDesc& layer);
/// True when input 1 is a constant that `integerWeights` takes.
bool hasIntegerWeights(const LayerDesc& layer);
IntegerWeights integerWeights(const LayerDesc& layer, const void* raw);

/// A copy whose bias is of the type that kernels for real numbers know.
LayerDesc withFloatBias(const LayerDesc& layer);

/// float32(scale of x · scale of the channel's weights · alpha): what an int32 sum is multiplied with.
float productScale(const LayerDesc& layer, double weightScale);

}  // namespace sinter::quant
