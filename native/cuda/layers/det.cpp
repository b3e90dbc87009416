// Det.
#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || d.inputs[0].count() == 0) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.workspace = static_cast<uint64_t>(d.inputs[0].count()) * sizeof(double);
    const double n = static_cast<double>(d.inputs[0].dims.back());
    info.estimate = moveEstimate(d, device, 3) + static_cast<double>(d.inputs[0].count()) * n / 50 + n * n * 10;
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    Source source;
    source.file = "det.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"ACC", "double"}};
    return {std::move(source), [device](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView &x = args.inputs[0], &y = args.outputs[0];
                const DeviceLoop loop = deviceLoop(dimsOf(y));
                const auto rows = static_cast<size_t>(x.rank - 2);
                LaunchSpec spec = launchOver("det", int64_t{loop.total} * 32, device);
                ParameterBlock().put(loop).put(deviceView(x)).put(deviceView(y)).put(x.strides[rows]).put(x.strides[rows + 1]).put(static_cast<int32_t>(x.dims[rows])).put(args.workspace).addTo(spec.params);
                return {spec};
            }};
}

SINTER_CUDA_KERNEL(det)({.name = "any_det__cuda", .op = "Det", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
