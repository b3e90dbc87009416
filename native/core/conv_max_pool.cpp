#include "core/conv_max_pool.h"

#include <algorithm>

namespace sinter {

std::optional<LayerDesc> convolutionIn(const LayerDesc& layer) {
    if (layer.op != "ConvMaxPool" || layer.inputs.size() < 2 || layer.opInputs < 2 || layer.outputs.size() != 1) return std::nullopt;
    const auto &x = layer.inputs[0].dims, &w = layer.inputs[1].dims, &y = layer.outputs[0].dims;
    const auto strides = layer.intsAttr("strides"), pads = layer.intsAttr("pads");
    auto dilations = layer.intsAttr("dilations");
    if (dilations.empty()) dilations = {1, 1};
    if (x.size() != 4 || w.size() != 4 || y.size() != 4 || strides.size() != 2 || pads.size() != 4 || dilations.size() != 2) return std::nullopt;
    LayerDesc conv = layer;
    conv.op = "Conv";
    auto& out = conv.outputs[0].dims;
    for (size_t i = 0; i < 2; ++i) {
        const int64_t free = x[2 + i] + pads[i] + pads[2 + i] - dilations[i] * (w[2 + i] - 1) - 1;
        if (strides[i] < 1 || free < 0) return std::nullopt;
        out[2 + i] = free / strides[i] + 1;
        if (y[2 + i] < 1 || y[2 + i] != out[2 + i] / 2) return std::nullopt;
    }
    return conv;
}

bool risesWithFirst(const PointwiseProgram& program) {
    if (program.empty()) return true;
    if (program.inputCount != 1 || program.outputs.size() != 1 || program.outputs[0] != program.code.size()) return false;
    for (size_t i = 0; i < program.code.size(); ++i) {
        const auto& step = program.code[i];
        if ((step.op != "Relu" && step.op != "Clip") || step.args.size() != 1 || step.args[0] != i) return false;
    }
    return true;
}

}  // namespace sinter
