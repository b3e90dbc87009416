#include "cpu/conv/geometry.h"

#include <numeric>

#include "cpu/matmul/epilogue.h"

namespace sinter::conv {

std::optional<Geometry> geometryOf(const LayerDesc& layer, DType xType, DType wType, bool halves) {
    if (layer.op != "Conv" || layer.opInputs < 2 || layer.inputs.size() < 2 || layer.outputs.empty()) return std::nullopt;
    const TensorInfo& x = layer.inputs[0];
    const TensorInfo& w = layer.inputs[1];
    if (x.dtype != xType || w.dtype != wType || !w.constant || x.quantized() || w.quantized()) return std::nullopt;
    if (layer.opInputs > 2 && layer.inputs[2].present() && layer.inputs[2].dtype != DType::F32) return std::nullopt;
    for (const TensorInfo& o : layer.outputs) {
        if (o.dtype != DType::F32 && !(halves && gemm::numbersOf(o))) return std::nullopt;
    }
    const size_t rank = x.dims.size();
    if (rank < 3 || rank > 5 || w.dims.size() != rank || layer.outputs[0].dims.size() != rank) return std::nullopt;
    Geometry g;
    g.rank = static_cast<int>(rank);
    g.batch = x.dims[0];
    g.inChannels = x.dims[1];
    g.outChannels = w.dims[0];
    g.groups = layer.intAttr("group", 1);
    const auto strides = layer.intsAttr("strides");
    const auto dilations = layer.intsAttr("dilations");
    const auto pads = layer.intsAttr("pads");
    const size_t spatial = rank - 2;
    if (strides.size() != spatial || dilations.size() != spatial || pads.size() != 2 * spatial) return std::nullopt;
    for (size_t i = 0; i < spatial; ++i) {
        const size_t at = 3 - spatial + i;
        g.in[at] = x.dims[i + 2];
        g.out[at] = layer.outputs[0].dims[i + 2];
        g.kernel[at] = w.dims[i + 2];
        g.stride[at] = strides[i];
        g.dilation[at] = dilations[i];
        g.pad[at] = pads[i];
        g.padEnd[at] = pads[i + spatial];
        if (pads[i] < 0 || pads[i + spatial] < 0) return std::nullopt;
    }
    if (g.groups < 1 || g.inChannels % g.groups != 0 || g.outChannels % g.groups != 0) return std::nullopt;
    if (w.dims[1] != g.groupChannels()) return std::nullopt;
    if (layer.opInputs > 2 && layer.inputs[2].present() && layer.inputs[2].count() != g.outChannels) return std::nullopt;
    for (int64_t d : x.dims) {
        if (d < 1) return std::nullopt;
    }
    if (g.outPixels() < 1) return std::nullopt;
    return g;
}

}  // namespace sinter::conv
