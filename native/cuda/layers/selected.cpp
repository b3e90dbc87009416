// Trilu, EyeLike, ReverseSequence, OneHot and TensorScatter.
#include <algorithm>

#include "core/number_formats.h"
#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

int kindOf(const LayerDesc& d) { return d.op == "Trilu" ? 0 : d.op == "EyeLike" ? 1 : d.op == "ReverseSequence" ? 2 : d.op == "OneHot" ? 3 : 4; }

/// Which input holds lengths, indices or begins; -1: none.
int indexInput(const LayerDesc& d) {
    switch (kindOf(d)) {
        case 2: return 1;
        case 3: return 0;
        case 4: return hasInput(d, 2) ? 2 : -1;
        default: return -1;
    }
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d)) return std::nullopt;
    for (const TensorInfo& t : d.inputs) {
        if (t.quantized()) return std::nullopt;
    }
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 1.5);
    return info;
}

std::string outsideCache(const std::string&, int64_t entry, int64_t size) {
    return "entry " + std::to_string(entry) + " lies outside a cache of " + std::to_string(size);
}

/// Strides along y's axes of an operand that has only some of them.
template <typename StrideOf>
DeviceView alongAxes(void* data, const std::vector<size_t>& order, StrideOf strideOf) {
    DeviceView v;
    v.data = data;
    for (size_t a = 0; a < order.size(); ++a) v.strides[a] = strideOf(order[a]);
    return v;
}

std::vector<LaunchSpec> launches(const LayerDesc& d, const KernelArgs& args, const DeviceProperties& device) {
    const TensorView& y = args.outputs[0];
    if (y.count() == 0) return {};
    const int kind = kindOf(d);
    const auto order = axesByStride(y);
    const auto placeOf = [&](size_t axis) { return static_cast<int32_t>(std::find(order.begin(), order.end(), axis) - order.begin()); };
    const auto rank = static_cast<size_t>(y.rank);
    DeviceView x, other, update;
    int32_t axis = 8, axis2 = 8;
    int64_t value = 0;
    const void* diagonal = nullptr;
    uint64_t one = 0;
    if (kind <= 1) {
        axis = placeOf(rank - 2);
        axis2 = placeOf(rank - 1);
        value = kind == 1 ? d.intAttr("k", 0) : 0;
        if (kind == 0 && given(args, d, 1)) diagonal = args.inputs[1].data;
        if (kind == 1) storeElement(y.dtype, &one, 0, 1);
    }
    if (kind == 0 || kind == 2 || kind == 4) x = orderedView(args.inputs[0], order);
    if (kind == 2) {
        const size_t batch = axisAt(d.intAttr("batch_axis", 1), rank);
        axis = placeOf(axisAt(d.intAttr("time_axis", 0), rank));
        other = alongAxes(args.inputs[1].data, order, [&](size_t a) { return a == batch ? args.inputs[1].strides[0] : 0; });
    } else if (kind == 3) {
        const size_t depth = axisAt(d.intAttr("axis", -1), rank);
        axis = placeOf(depth);
        x.data = args.inputs[2].data;
        value = args.inputs[2].strides[0];
        other = alongAxes(args.inputs[0].data, order, [&](size_t a) { return a == depth ? 0 : args.inputs[0].strides[a < depth ? a : a - 1]; });
    } else if (kind == 4) {
        const size_t along = axisAt(d.intAttr("axis", -2), rank);
        axis = placeOf(along);
        update = orderedView(args.inputs[1], order);
        value = args.inputs[1].dims[along];
        if (given(args, d, 2)) other = alongAxes(args.inputs[2].data, order, [&](size_t a) { return a == 0 ? args.inputs[2].strides[0] : 0; });
    }
    const DeviceLoop loop = deviceLoop(inOrder(order, std::span(y.dims).first(rank)));
    LaunchSpec spec = launchOver("selected", loop.total, device);
    ParameterBlock().put(loop).put(x).put(orderedView(y, order)).put(other).put(update).put(axis).put(axis2).put(value).put(diagonal).put(one).addTo(spec.params);
    spec.params.add(DeviceFault{args.fault.record, args.fault.layer});
    return {spec};
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const int index = indexInput(d);
    const DType type = index >= 0 ? d.inputs[static_cast<size_t>(index)].dtype : DType::I64;
    Specialization k;
    k.source.file = "selected.cu";
    k.source.defines = {{"ELEMENT_T", plainType(d.outputs[0].dtype)}, {"INDEX_T", storageType(type)}};
    k.source.define("INDEX_FLOAT", isFloat(type));
    k.source.define("KIND", kindOf(d));
    k.source.define("UPPER", d.intAttr("upper", 1) != 0);
    k.source.define("CIRCULAR", d.stringAttr("mode", "linear") == "circular");
    k.launches = [d, device](const KernelArgs& args) { return launches(d, args, device); };
    if (d.op == "TensorScatter") k.fault = outsideCache;
    return k;
}

SINTER_CUDA_KERNEL(selected)(std::vector<KernelRow>{
    plainRow("any_trilu__cuda", "Trilu", supports, make),
    plainRow("any_eyelike__cuda", "EyeLike", supports, make),
    plainRow("any_reversesequence__cuda", "ReverseSequence", supports, make),
    plainRow("any_onehot__cuda", "OneHot", supports, make),
    plainRow("any_tensorscatter__cuda", "TensorScatter", supports, make),
});

}  // namespace
}  // namespace sinter::cuda
