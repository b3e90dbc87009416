#include "core/quantized_layer.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sinter::quant {

bool usable(double scale) { return std::isfinite(scale) && scale > 0 && static_cast<float>(scale) > 0 && std::isfinite(1 / static_cast<float>(scale)); }

bool isStored(const TensorInfo& t) {
    if (t.scale.size() != 1 || !usable(t.scale[0])) return false;
    if (t.dtype == DType::I8) return t.zeroPoint >= -128 && t.zeroPoint <= 127;
    return t.dtype == DType::U8 && t.zeroPoint >= 0 && t.zeroPoint <= 255;
}

Quantizer::Quantizer(const TensorInfo& t) {
    if (!t.quantized()) return;
    zeroPoint = static_cast<int>(t.zeroPoint);
    inverse = 1.0f / static_cast<float>(t.scale[0]);
    lo = static_cast<float>((t.dtype == DType::U8 ? 0 : -128) - zeroPoint);
    hi = static_cast<float>((t.dtype == DType::U8 ? 255 : 127) - zeroPoint);
}

int Quantizer::quantize(float x) const {
    const float scaled = x * inverse;
    const float bounded = std::min(scaled > lo ? scaled : lo, hi);
    return static_cast<int>(std::nearbyintf(bounded)) + zeroPoint;
}

void Quantizer::clamp(float least, float most) {
    // Scaling keeps the order, rounding included; where bounds cross the upper one wins, as it does in Clip.
    const float least8 = lo, most8 = hi;
    lo = std::clamp(least * inverse, least8, most8);
    hi = std::clamp(most * inverse, least8, most8);
}

bool hasIntegerBias(const LayerDesc& layer) {
    return layer.opInputs > 2 && layer.inputs.size() > 2 && layer.inputs[2].present() && layer.inputs[2].dtype == DType::I32;
}

std::optional<Bounds> clampOf(const PointwiseProgram& program) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    Bounds b{-kInfinity, kInfinity};
    if (program.empty()) return b;
    if (program.outputs.size() != 1 || program.code.empty() || program.outputs[0] != program.inputCount + program.code.size() - 1) return std::nullopt;
    const auto& last = program.code.back();
    if (last.args.empty() || last.args[0] != 0) return std::nullopt;
    if (last.op == "Relu" && program.code.size() == 1) return Bounds{0, kInfinity};
    if (last.op != "Clip" || last.args.size() != 3 || program.code.size() != 3) return std::nullopt;
    for (size_t i = 0; i < 2; ++i) {
        const uint32_t at = last.args[i + 1] - program.inputCount;
        if (last.args[i + 1] < program.inputCount || at > 1 || program.code[at].op != "Const" || program.code[at].params.empty()) return std::nullopt;
        (i == 0 ? b.lo : b.hi) = static_cast<float>(program.code[at].params[0]);
    }
    return b;
}

bool requantizes(const LayerDesc& layer) {
    if (layer.inputs.size() < 2 || layer.inputs[1].dtype == DType::F32 || !clampOf(layer.program)) return false;
    const bool bias = layer.opInputs > 2 && layer.inputs.size() > 2 && layer.inputs[2].present();
    if (bias && !hasIntegerBias(layer)) return false;
    return std::all_of(layer.outputs.begin(), layer.outputs.end(), isStored);
}

}  // namespace sinter::quant
