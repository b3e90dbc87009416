#pragma once
#include <optional>

#include "core/layer.h"

/// What every device needs to know of layers on quantized values (docs/layers.md, "Quantized values").
namespace sinter::quant {

/// A scale that numbers can be divided by and multiplied with.
bool usable(double scale);
/// An int8 or uint8 activation with one usable scale.
bool isStored(const TensorInfo& t);

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

}  // namespace sinter::quant
