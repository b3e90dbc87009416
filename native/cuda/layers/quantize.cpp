// QuantizeLinear and DequantizeLinear whose scales are operands.
#include <algorithm>

#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

bool quantizes(const LayerDesc& d) { return d.op == "QuantizeLinear"; }

const std::pair<const char*, const char*> kNoLimits{"", ""};
std::pair<const char*, const char*> limitsOf(DType t) {
    switch (t) {
        case DType::U8: return {"0.0f", "255.0f"};
        case DType::I8: return {"-128.0f", "127.0f"};
        case DType::U16: return {"0.0f", "65535.0f"};
        case DType::I16: return {"-32768.0f", "32767.0f"};
        default: return kNoLimits;
    }
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || d.inputs[0].quantized() || d.outputs[0].quantized()) return std::nullopt;
    if (quantizes(d) && *limitsOf(d.outputs[0].dtype).first == 0) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 1.5);
    return info;
}

int vectorOf(const LayerDesc& d) {
    return static_cast<int>(std::min<size_t>(8, 16 / std::max(dtypeSize(d.inputs[0].dtype), dtypeSize(d.outputs[0].dtype))));
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const DType x = d.inputs[0].dtype, y = d.outputs[0].dtype, scale = d.inputs[1].dtype;
    const bool wide = x == DType::F64 || y == DType::F64 || scale == DType::F64 || x == DType::I32;
    const int vector = vectorOf(d);
    Source source;
    source.file = "quantize.cu";
    source.defines = {{"X_T", storageType(x)}, {"Y_T", storageType(y)}, {"SCALE_T", storageType(scale)}, {"ACC", wide ? "double" : "float"}};
    source.define("DEQUANTIZE", !quantizes(d));
    source.define("HAS_ZERO", hasInput(d, 2));
    if (hasInput(d, 2)) source.defines.emplace_back("ZERO_T", storageType(d.inputs[2].dtype));
    if (quantizes(d)) {
        source.defines.emplace_back("LOW", limitsOf(y).first);
        source.defines.emplace_back("HIGH", limitsOf(y).second);
    }
    source.define("VECTOR", vector);
    return {std::move(source), [d, vector, device](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView &x = args.inputs[0], &y = args.outputs[0];
                if (y.count() == 0) return {};
                const auto order = axesByStride(y);
                std::vector<int64_t> dims = inOrder(order, std::span(y.dims).first(order.size()));
                const DeviceView from = orderedView(x, order), to = orderedView(y, order);
                const size_t axis = y.rank > 0 ? axisAt(d.intAttr("axis", 1), static_cast<size_t>(y.rank)) : 0;
                // One scale, or one per index of the axis.
                const auto parameter = [&](size_t i) {
                    DeviceView v;
                    if (!given(args, d, i)) return v;
                    v.data = args.inputs[i].data;
                    for (size_t a = 0; a < order.size(); ++a) v.strides[a] = args.inputs[i].count() > 1 && order[a] == axis ? args.inputs[i].strides[0] : 0;
                    return v;
                };
                const DeviceView scale = parameter(1), zero = parameter(2);
                if (dims.empty()) dims.push_back(1);
                const size_t last = dims.size() - 1;
                const auto whole = [&](const DeviceView& v, DType t) {
                    bool all = v.strides[last] == 1 && dims[last] % vector == 0 && reinterpret_cast<uint64_t>(v.data) % (static_cast<uint64_t>(vector) * dtypeSize(t)) == 0;
                    for (size_t a = 0; a < last; ++a) all = all && (dims[a] == 1 || v.strides[a] % vector == 0);
                    return all;
                };
                const int32_t inner = static_cast<int32_t>(dims[last]), pieces = whole(from, x.dtype) && whole(to, y.dtype) ? 1 : 0;
                dims[last] = (dims[last] + vector - 1) / vector;
                const DeviceLoop loop = deviceLoop(dims);
                LaunchSpec spec = launchOver("quantize_linear", loop.total, device);
                ParameterBlock().put(loop).put(from).put(to).put(scale).put(zero).put(inner).put(pieces).addTo(spec.params);
                return {spec};
            }};
}

SINTER_CUDA_KERNEL(quantize)(std::vector<KernelRow>{
    plainRow("any_quantizelinear__cuda", "QuantizeLinear", supports, make),
    plainRow("any_dequantizelinear__cuda", "DequantizeLinear", supports, make),
});

}  // namespace
}  // namespace sinter::cuda
