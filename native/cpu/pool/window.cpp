#include "cpu/pool/window.h"

namespace sinter::pool {

std::optional<Window> windowOf(const LayerDesc& layer) {
    if (layer.inputs.size() != 1 || layer.outputs.size() != 1 || !layer.program.empty()) return std::nullopt;
    const TensorInfo& x = layer.inputs[0];
    const TensorInfo& y = layer.outputs[0];
    const size_t rank = x.dims.size();
    if (rank < 3 || rank > 5 || y.dims.size() != rank) return std::nullopt;
    const size_t spatial = rank - 2;
    const auto kernel = layer.intsAttr("kernel_shape");
    const auto strides = layer.intsAttr("strides");
    const auto dilations = layer.intsAttr("dilations");
    const auto pads = layer.intsAttr("pads");
    if (kernel.size() != spatial || strides.size() != spatial || dilations.size() != spatial || pads.size() != 2 * spatial) {
        return std::nullopt;
    }
    Window w;
    w.batch = x.dims[0];
    w.channels = x.dims[1];
    w.average = layer.op == "AveragePool";
    w.countPadding = layer.intAttr("count_include_pad", 0) != 0;
    for (size_t i = 0; i < spatial; ++i) {
        const size_t at = 3 - spatial + i;
        w.in[at] = x.dims[i + 2];
        w.out[at] = y.dims[i + 2];
        w.kernel[at] = kernel[i];
        w.stride[at] = strides[i];
        w.dilation[at] = dilations[i];
        w.pad[at] = pads[i];
        w.padEnd[at] = pads[i + spatial];
        // Every window must meet the input, or there is nothing to fold.
        const int64_t last = (y.dims[i + 2] - 1) * strides[i] - pads[i];
        if (pads[i] < 0 || pads[i + spatial] < 0 || dilations[i] * (kernel[i] - 1) < pads[i] || last >= x.dims[i + 2]) return std::nullopt;
        if (dilations[i] > 1 && (pads[i] > 0 || pads[i + spatial] > 0 || last + dilations[i] * (kernel[i] - 1) >= x.dims[i + 2])) return std::nullopt;
    }
    if (y.dims[0] != w.batch || y.dims[1] != w.channels || w.channels < 1) return std::nullopt;
    return w;
}

}  // namespace sinter::pool
