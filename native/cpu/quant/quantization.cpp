#include "cpu/quant/quantization.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

namespace sinter::quant {
namespace {

constexpr std::string_view kMoving[] = {"ArgMax",       "ArgMin", "Concat",  "Copy", "DepthToSpace", "Gather", "GatherElements", "GatherND",
                                        "Reshape",      "Shuffle", "Slice",  "Split", "SpaceToDepth", "Tile",   "TopK",           "Transpose"};

}  // namespace

bool sameQuantization(const TensorInfo& a, const TensorInfo& b) {
    if (a.quantized() != b.quantized()) return false;
    return !a.quantized() || (a.dtype == b.dtype && a.scale == b.scale && a.zeroPoint == b.zeroPoint && a.scale.size() == 1);
}

bool anyQuantized(const LayerDesc& layer) {
    const auto quantized = [](const TensorInfo& t) { return t.quantized(); };
    return std::any_of(layer.inputs.begin(), layer.inputs.end(), quantized) || std::any_of(layer.outputs.begin(), layer.outputs.end(), quantized);
}

bool plainOrMoved(const LayerDesc& layer) {
    if (!anyQuantized(layer)) return true;
    const bool chosen = (layer.op == "MaxPool" && layer.outputs.size() == 1) || (layer.op == "Resize" && layer.stringAttr("mode", "") == "nearest" &&
                                                                              layer.stringAttr("coordinate_mode", "") != "tf_crop_and_resize");
    if ((!chosen && std::find(std::begin(kMoving), std::end(kMoving), layer.op) == std::end(kMoving)) || !layer.program.empty()) return false;
    // Numbers that are not quantized beside quantized ones are indices and lengths, except where values move.
    const TensorInfo* first = nullptr;
    const auto fits = [&](const TensorInfo& t) {
        if (!t.present() || t.dtype == DType::I64 || t.dtype == DType::I32) return !t.quantized();
        if (first == nullptr) first = &t;
        return t.quantized() && sameQuantization(*first, t);
    };
    return std::all_of(layer.inputs.begin(), layer.inputs.end(), fits) && std::all_of(layer.outputs.begin(), layer.outputs.end(), fits);
}

TensorInfo dequantizedInfo(const TensorInfo& t) {
    TensorInfo plain = t;
    if (t.quantized()) {
        plain.dtype = DType::F32;
        plain.scale.clear();
        plain.zeroPoint = 0;
        plain.scaleAxis = 0;
    }
    return plain;
}

WeightAxis weightAxis(const LayerDesc& layer) {
    const auto& dims = layer.inputs[1].dims;
    WeightAxis a;
    if (layer.op == "MatMul") a.axis = dims.size() - (layer.intAttr("trans_b", 0) != 0 ? 2 : 1);
    a.channels = dims[a.axis];
    for (size_t i = a.axis + 1; i < dims.size(); ++i) a.inner *= dims[i];
    return a;
}

bool hasIntegerWeights(const LayerDesc& layer) {
    if (layer.inputs.size() < 2 || layer.opInputs < 2 || layer.inputs[1].dims.size() < 2) return false;
    const TensorInfo& w = layer.inputs[1];
    if (!w.constant || w.count() < 1) return false;
    if (w.dtype == DType::F32) return !w.quantized();
    if ((w.dtype != DType::I8 && w.dtype != DType::U8) || !w.quantized()) return false;
    if (!std::all_of(w.scale.begin(), w.scale.end(), usable)) return false;
    const WeightAxis axis = weightAxis(layer);
    return w.scale.size() == 1 || (w.scale.size() == static_cast<size_t>(axis.channels) && w.scaleAxis == axis.axis);
}

IntegerWeights integerWeights(const LayerDesc& layer, const void* raw) {
    const TensorInfo& w = layer.inputs[1];
    const WeightAxis axis = weightAxis(layer);
    const auto count = static_cast<size_t>(w.count());
    const auto channels = static_cast<size_t>(axis.channels);
    const auto channelOf = [&](size_t i) { return i / static_cast<size_t>(axis.inner) % channels; };
    IntegerWeights r;
    r.values.resize(count);
    if (w.dtype != DType::F32) {
        for (size_t i = 0; i < count; ++i) {
            const int stored = w.dtype == DType::I8 ? static_cast<const int8_t*>(raw)[i] : static_cast<const uint8_t*>(raw)[i];
            r.values[i] = static_cast<int16_t>(stored - w.zeroPoint);
        }
        r.scales = w.scale.size() == 1 ? std::vector<double>(channels, w.scale[0]) : w.scale;
        return r;
    }
    const auto* values = static_cast<const float*>(raw);
    std::vector<float> largest(channels, 0.0f);
    for (size_t i = 0; i < count; ++i) largest[channelOf(i)] = std::max(largest[channelOf(i)], std::fabs(values[i]));
    r.scales.resize(channels);
    for (size_t c = 0; c < channels; ++c) r.scales[c] = largest[c] > 0 ? static_cast<double>(largest[c]) / 127 : 1;
    for (size_t i = 0; i < count; ++i) {
        const double q = std::nearbyint(static_cast<double>(values[i]) / r.scales[channelOf(i)]);
        r.values[i] = static_cast<int16_t>(q > -127 ? std::min(q, 127.0) : -127.0);
    }
    return r;
}

LayerDesc withFloatBias(const LayerDesc& layer) {
    LayerDesc plain = layer;
    if (hasIntegerBias(layer)) plain.inputs[2].dtype = DType::F32;
    return plain;
}

float productScale(const LayerDesc& layer, double weightScale) {
    const double alpha = layer.op == "MatMul" ? layer.floatAttr("alpha", 1) : 1;
    return static_cast<float>(layer.inputs[0].scale[0] * weightScale * alpha);
}

}  // namespace sinter::quant
