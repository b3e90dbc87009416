#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "core/layer.h"

/// What quantized values mean (docs/layers.md, "Quantized values"), shared by the scalar references and the kernels.
namespace sinter::quant {

/// An int8 or uint8 activation with one usable scale.
bool isStored(const TensorInfo& t);
/// Equal storage: neither is quantized, or type, scale and zero point agree.
bool sameQuantization(const TensorInfo& a, const TensorInfo& b);
bool anyQuantized(const LayerDesc& layer);
/// True when kernels that know nothing of scales compute the layer right: it has no quantized operand, or it only moves
/// (or compares) stored numbers between equal scales.
bool plainOrMoved(const LayerDesc& layer);

/// Float32 to stored numbers: x · inverse, rounded half to even, offset, saturated. NaN becomes the lowest number.
struct Quantizer {
    float inverse = 1;
    float lo = -128, hi = 127;  ///< bounds before the zero point is added
    int zeroPoint = 0;

    explicit Quantizer(const TensorInfo& t);
    int quantize(float x) const;
    /// For numbers that are multiples of the scale already.
    void scaled() { inverse = 1; }
    /// The bounds narrowed to what clamp(x, least, most) leaves: quantizing then clamps too.
    void clamp(float least, float most);
};

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

/// A bias of int32 counts steps of the product's scale, and is added to the sums.
bool hasIntegerBias(const LayerDesc& layer);
/// True where nothing is real between integer sums and integer results: weights and bias come as integers, and the program
/// only clamps. A result is then float32(sum) · float32(factor / scale of the result), clamped, rounded half to even.
bool requantizes(const LayerDesc& layer);
/// Bounds that a program which does nothing else clamps to.
struct Bounds {
    float lo, hi;
};
std::optional<Bounds> clampOf(const PointwiseProgram& program);
/// A copy whose bias is of the type that kernels for real numbers know.
LayerDesc withFloatBias(const LayerDesc& layer);

/// float32(scale of x · scale of the channel's weights · alpha): what an int32 sum is multiplied with.
float productScale(const LayerDesc& layer, double weightScale);

}  // namespace sinter::quant
