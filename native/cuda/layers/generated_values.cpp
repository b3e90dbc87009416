// Range, AffineGrid and Dims: elements computed from little or nothing.
#include <algorithm>

#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

constexpr size_t kMostDims = 256;

std::vector<int64_t> valuesOf(const LayerDesc& d) {
    std::vector<int64_t> all;
    for (const auto& part : d.dims) all.insert(all.end(), part.begin(), part.end());
    return all;
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || (d.op == "Dims" && (d.outputs[0].count() > static_cast<int64_t>(kMostDims) || d.outputs[0].count() == 0))) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 1.2);
    return info;
}

Source sourceOf(const LayerDesc& d, const char* file) {
    Source source;
    source.file = file;
    const DType y = d.outputs[0].dtype;
    // Range adds in float64: far elements of a float32 range would lose the step.
    source.defines = {{"Y_T", storageType(y)}, {"X_T", storageType(d.inputs.empty() ? y : d.inputs[0].dtype)}, {"ACC", isFloat(y) ? (d.op == "Range" || y == DType::F64 ? "double" : "float") : storageType(y)}};
    return source;
}

Specialization rangeMake(const LayerDesc& d, const DeviceProperties& device) {
    return {sourceOf(d, "range.cu"), [device](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView& y = args.outputs[0];
                if (y.count() == 0) return {};
                LaunchSpec spec = launchOver("range", y.count(), device);
                const void *start = args.inputs[0].data, *delta = args.inputs[2].data;
                ParameterBlock().put(start).put(delta).put(y.data).put(y.strides[0]).put(static_cast<int32_t>(y.dims[0])).addTo(spec.params);
                return {spec};
            }};
}

Specialization gridMake(const LayerDesc& d, const DeviceProperties& device) {
    return {sourceOf(d, "affine_grid.cu"), [d, device](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView& y = args.outputs[0];
                if (y.count() == 0) return {};
                LaunchSpec spec = launchOver("affine_grid", y.count(), device);
                const auto axes = static_cast<int32_t>(y.rank - 2), corners = static_cast<int32_t>(d.intAttr("align_corners", 0) != 0);
                ParameterBlock().put(deviceLoop(dimsOf(y))).put(deviceView(args.inputs[0])).put(deviceView(y)).put(axes).put(corners).addTo(spec.params);
                return {spec};
            }};
}

Specialization dimsMake(const LayerDesc& d, const DeviceProperties&) {
    Source source = sourceOf(d, "dims.cu");
    const auto values = valuesOf(d);
    source.define("COUNT", static_cast<int64_t>(values.size()));
    return {std::move(source), [values](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView& y = args.outputs[0];
                LaunchSpec spec;
                spec.entry = "dims";
                spec.block = {64, 1, 1};
                ParameterBlock block;
                block.put(y.data).put(y.rank > 0 ? y.strides[0] : int64_t{1}).put(static_cast<int32_t>(values.size()));
                for (const int64_t v : values) block.put(v);
                block.addTo(spec.params);
                return {spec};
            }};
}

SINTER_CUDA_KERNEL(generated_values)(std::vector<KernelRow>{
    plainRow("any_range__cuda", "Range", supports, rangeMake),
    plainRow("any_affinegrid__cuda", "AffineGrid", supports, gridMake),
    plainRow("any_dims__cuda", "Dims", supports, dimsMake),
});

}  // namespace
}  // namespace sinter::cuda
