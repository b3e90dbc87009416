// DFT and STFT.
#include <algorithm>

#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

bool isStft(const LayerDesc& d) { return d.op == "STFT"; }

/// The longest line that the layer may transform, whichever axis it turns out to be; a lone length operand may only shorten
/// what the output stores.
int64_t capacityOf(const LayerDesc& d) {
    const auto &x = d.inputs[0].dims, &y = d.outputs[0].dims;
    if (isStft(d)) return d.intAttr("onesided", 1) != 0 ? 2 * (y[2] - 1) + 1 : y[2];
    int64_t most = 1;
    const bool half = d.intAttr("onesided", 0) != 0, inverse = d.intAttr("inverse", 0) != 0;
    for (size_t a = 0; a + 1 < x.size(); ++a) most = std::max({most, half && inverse ? y[a] : x[a], half && !inverse ? 2 * (y[a] - 1) + 1 : y[a]});
    return most;
}

bool wide(const LayerDesc& d) { return d.inputs[0].dtype == DType::F64; }
uint64_t sharedOf(const LayerDesc& d) { return static_cast<uint64_t>(capacityOf(d)) * 2 * 2 * (wide(d) ? 8 : 4); }

bool wholeScalar(const LayerDesc& d, size_t i) {
    return !hasInput(d, i) || (d.inputs[i].count() == 1 && (d.inputs[i].dtype == DType::I64 || d.inputs[i].dtype == DType::I32));
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || d.inputs[0].quantized() || d.outputs[0].count() == 0 || d.outputs[0].dims.size() < 2) return std::nullopt;
    if (isStft(d) ? !wholeScalar(d, 1) || !wholeScalar(d, 3) || !(hasInput(d, 2) || hasInput(d, 3)) || d.outputs[0].dims[3] != 2 : !wholeScalar(d, 1) || !wholeScalar(d, 2)) return std::nullopt;
    if (isStft(d) && hasInput(d, 2) && (!isFloat(d.inputs[2].dtype) || d.inputs[2].dims.size() != 1 || d.inputs[2].dims[0] > capacityOf(d))) return std::nullopt;
    if (sharedOf(d) > std::min<uint64_t>(device.sharedPerBlock, 96 * 1024)) return std::nullopt;
    TacticInfo info = anyStrides(d);
    const double n = static_cast<double>(capacityOf(d));
    info.estimate = moveEstimate(d, device) + static_cast<double>(d.outputs[0].count()) * n / 8000;
    return info;
}

std::string wrongTransform(const std::string&, int64_t, int64_t) { return "its axis, step, frame length and window do not fit each other"; }

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const bool stft = isStft(d);
    const auto typeOf = [&](size_t i) { return hasInput(d, i) ? storageType(d.inputs[i].dtype) : std::string("int64_t"); };
    Specialization k;
    k.source.file = "spectrum.cu";
    k.source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"ACC", wide(d) ? "double" : "float"}, {"WINDOW_T", stft && hasInput(d, 2) ? typeOf(2) : "float"},
                        {"LENGTH_T", typeOf(stft ? 3 : 1)}, {"AXIS_T", typeOf(stft ? 3 : 2)}, {"STEP_T", typeOf(1)}};
    k.source.define("STFT", stft);
    k.source.define("INVERSE", d.intAttr("inverse", 0) != 0);
    k.source.define("ONESIDED", d.intAttr("onesided", stft ? 1 : 0) != 0);
    k.source.define("CAPACITY", capacityOf(d));
    k.launches = [d, stft, device](const KernelArgs& args) -> std::vector<LaunchSpec> {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const auto dataOf = [&](size_t i) -> const void* { return given(args, d, i) ? args.inputs[i].data : nullptr; };
        const auto dimsIn = [](const TensorView& v) {
            std::array<int32_t, 8> list{1, 1, 1, 1, 1, 1, 1, 1};
            for (size_t a = 0; a < static_cast<size_t>(v.rank); ++a) list[a] = static_cast<int32_t>(v.dims[a]);
            return list;
        };
        LaunchSpec spec;
        spec.entry = "spectrum";
        spec.block = {256, 1, 1};
        spec.grid = {static_cast<uint32_t>(std::clamp<int64_t>(y.count() / 2, 1, device.multiprocessors * 16)), 1, 1};
        spec.dynamicShared = static_cast<uint32_t>(sharedOf(d));
        const bool windowed = stft && given(args, d, 2);
        ParameterBlock block;
        block.put(deviceView(x)).put(deviceView(y)).put(windowed ? deviceView(args.inputs[2]) : DeviceView{}).put(dimsIn(x)).put(dimsIn(y)).put(static_cast<int32_t>(x.rank));
        const void *const length = dataOf(stft ? 3 : 1), *const axis = stft ? nullptr : dataOf(2), *const step = stft ? dataOf(1) : nullptr;
        block.put(length).put(axis).put(step);
        block.put(static_cast<int32_t>(windowed ? args.inputs[2].dims[0] : 0)).addTo(spec.params);
        spec.params.add(DeviceFault{args.fault.record, args.fault.layer});
        return {spec};
    };
    k.fault = wrongTransform;
    return k;
}

SINTER_CUDA_KERNEL(spectrum)(std::vector<KernelRow>{
    plainRow("any_dft__cuda", "DFT", supports, make),
    plainRow("any_stft__cuda", "STFT", supports, make),
});

}  // namespace
}  // namespace sinter::cuda
