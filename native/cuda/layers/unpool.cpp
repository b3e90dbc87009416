// MaxUnpool.
#include <algorithm>
#include <limits>

#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

/// What the window alone makes of the input's shape: the tensor that the indices count in; nothing where it does not fit.
std::optional<std::vector<int64_t>> fullShape(const LayerDesc& d) {
    std::vector<int64_t> full = d.inputs[0].dims;
    const size_t spatial = full.size() - 2;
    auto kernel = d.intsAttr("kernel_shape"), strides = d.intsAttr("strides"), pads = d.intsAttr("pads");
    if (strides.empty()) strides.assign(spatial, 1);
    if (pads.empty()) pads.assign(2 * spatial, 0);
    if (kernel.size() != spatial || strides.size() != spatial || pads.size() != 2 * spatial) return std::nullopt;
    int64_t count = full[0] * full[1];
    for (size_t i = 0; i < spatial; ++i) {
        full[i + 2] = (full[i + 2] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + spatial];
        if (full[i + 2] < 1 || full[i + 2] > std::numeric_limits<int32_t>::max() / std::max<int64_t>(1, count)) return std::nullopt;
        count *= full[i + 2];
    }
    return full;
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || d.inputs[0].quantized() || !fullShape(d)) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.workspace = static_cast<uint64_t>(d.outputs[0].count()) * sizeof(int32_t);
    info.estimate = moveEstimate(d, device, 3) + 4000;
    return info;
}

std::string outsidePooled(const std::string&, int64_t index, int64_t) { return "index " + std::to_string(index) + " lies outside the pooled tensor"; }

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    Specialization k;
    k.source.file = "unpool.cu";
    k.source.defines = {{"ELEMENT_T", plainType(d.outputs[0].dtype)}};
    k.launches = [full = *fullShape(d), device](const KernelArgs& args) -> std::vector<LaunchSpec> {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        if (y.count() == 0) return {};
        ParameterBlock block;
        block.put(deviceLoop(dimsOf(x))).put(deviceLoop(full)).put(deviceLoop(dimsOf(y))).put(deviceView(x)).put(deviceView(args.inputs[1])).put(deviceView(y)).put(args.workspace);
        LaunchSpec claim = launchOver("claim", x.count(), device), place = launchOver("place", y.count(), device);
        block.addTo(claim.params);
        block.addTo(place.params);
        claim.params.add(DeviceFault{args.fault.record, args.fault.layer});
        claim.zeroed = args.workspace;
        claim.zeroedBytes = static_cast<uint64_t>(y.count()) * sizeof(int32_t);
        return {claim, place};
    };
    k.fault = outsidePooled;
    return k;
}

SINTER_CUDA_KERNEL(unpool)({.name = "any_maxunpool__cuda", .op = "MaxUnpool", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
