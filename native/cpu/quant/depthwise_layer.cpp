#include "cpu/quant/depthwise_layer.h"

#include <stdexcept>

#include "cpu/quant/product.h"

namespace sinter::quant {

using conv::Geometry;

std::optional<Geometry> depthwiseGeometry(const LayerDesc& layer) {
    if (layer.inputs.size() < 2 || layer.outputs.size() != 1 || !isStored(layer.inputs[0])) return std::nullopt;
    if (!hasIntegerWeights(layer) || !readableRow(layer.outputs[0])) return std::nullopt;
    if (layer.outputs[0].dims.size() != layer.inputs[0].dims.size()) return std::nullopt;
    LayerDesc plain = withFloatBias(layer);
    plain.inputs[0] = dequantizedInfo(layer.inputs[0]);
    plain.inputs[1] = dequantizedInfo(layer.inputs[1]);
    plain.outputs[0] = dequantizedInfo(layer.outputs[0]);
    const auto g = conv::geometryOf(plain);
    if (!g || g->groups != g->inChannels || g->outChannels != g->inChannels || !fitsInt32(layer, g->taps())) return std::nullopt;
    return g;
}

std::optional<gemm::Epilogue> depthwiseClamp(const LayerDesc& layer, const Geometry& g) {
    auto e = compileEpilogue(layer, g.resultDims(), familyAvx2());
    if (!e || e->general || e->residual >= 0) return std::nullopt;
    return e;
}

std::array<int64_t, 3> spatialStrides(const TensorView& t) {
    std::array<int64_t, 3> strides{};
    for (int i = 0; i < t.rank - 2; ++i) strides[static_cast<size_t>(5 - t.rank + i)] = t.strides[static_cast<size_t>(i + 2)];
    return strides;
}

void wantChannelsLast(const std::string& layer, int64_t channels, const TensorView& x, const TensorView& y) {
    if (channels > 1 && (x.strides[1] != 1 || y.strides[1] != 1)) throw std::runtime_error("Layer \"" + layer + "\" wants its tensors channels last.");
}

}  // namespace sinter::quant
