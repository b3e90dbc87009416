#include "cpu/conv/support.h"

namespace sinter::conv {

TacticInfo layoutsOf(const LayerDesc& layer, const gemm::Epilogue& epilogue) {
    TacticInfo info;
    const size_t inputs = layer.inputs.size();
    info.inputLayouts.assign(inputs, "");
    info.outputLayouts.assign(layer.outputs.size(), "nhwc");
    info.packing.resize(inputs);
    info.inputViews.assign(inputs, 1);
    info.outputViews.assign(layer.outputs.size(), 1);
    info.inputLayouts[0] = "nhwc";
    // A weight or bias is read dense.
    for (size_t i = 1; i < layer.opInputs && i < inputs; ++i) info.inputViews[i] = 0;
    for (size_t i = layer.opInputs; i < inputs; ++i) {
        const bool whole = layer.inputs[i].dims.size() == layer.inputs[0].dims.size() && !layer.inputs[i].constant;
        if (whole || static_cast<int>(i - layer.opInputs) == epilogue.residual) info.inputLayouts[i] = "nhwc";
    }
    return info;
}

}  // namespace sinter::conv
