// GridSample, RoiAlign, DeformConv and Col2Im: images read or added up at places that are computed.
#include <algorithm>

#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

constexpr int64_t kChunk = 8;

const char* accOf(DType t) { return t == DType::F64 ? "double" : "float"; }

std::vector<int64_t> intsOr(const LayerDesc& d, std::string_view key, size_t n, int64_t fallback) {
    std::vector<int64_t> v = d.intsAttr(key);
    if (v.empty()) v.assign(n, fallback);
    return v;
}

std::optional<TacticInfo> anyStridesAt(const LayerDesc& d, const DeviceProperties& device, double slowdown) {
    if (!plainLayer(d) || d.inputs[0].quantized()) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, slowdown);
    return info;
}

std::optional<TacticInfo> gridSupports(const LayerDesc& d, const DeviceProperties& device) {
    return d.inputs.empty() || d.inputs[0].dims.size() > 5 ? std::nullopt : anyStridesAt(d, device, 6);
}

Specialization gridMake(const LayerDesc& d, const DeviceProperties& device) {
    const std::string mode = d.stringAttr("mode", "linear"), outside = d.stringAttr("padding_mode", "zeros");
    const size_t axes = d.inputs[0].dims.size() - 2;
    Source source;
    source.file = "grid_sample.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"GRID_T", storageType(d.inputs[1].dtype)}, {"ACC", accOf(d.inputs[0].dtype)}};
    source.define("AXES", static_cast<int64_t>(axes));
    source.define("MODE", mode == "nearest" ? 0 : mode == "cubic" ? 2 : 1);
    source.define("OUTSIDE", outside == "border" ? 1 : outside == "reflection" ? 2 : 0);
    source.define("CORNERS", d.intAttr("align_corners", 0) != 0);
    source.define("CHUNK", kChunk);
    return {std::move(source), [axes, device](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView &x = args.inputs[0], &y = args.outputs[0];
                if (y.count() == 0) return {};
                std::vector<int64_t> dims{y.dims[0], (x.dims[1] + kChunk - 1) / kChunk};
                for (size_t a = 0; a < axes; ++a) dims.push_back(y.dims[2 + a]);
                const DeviceLoop loop = deviceLoop(dims);
                LaunchSpec spec = launchOver("grid_sample", loop.total, device);
                ParameterBlock block;
                block.put(loop).put(deviceView(x)).put(deviceView(args.inputs[1])).put(deviceView(y));
                for (size_t a = 0; a < axes; ++a) block.put(static_cast<int32_t>(x.dims[2 + a]));
                block.put(static_cast<int32_t>(x.dims[1])).addTo(spec.params);
                return {spec};
            }};
}

/// `value`: the region, and below it the 32 bits of its image.
std::string imageOutside(const std::string&, int64_t value, int64_t images) {
    return "region " + std::to_string(value >> 32) + " lies in image " + std::to_string(static_cast<int32_t>(value)) + " of " + std::to_string(images);
}

std::optional<TacticInfo> roiSupports(const LayerDesc& d, const DeviceProperties& device) { return anyStridesAt(d, device, 8); }

Specialization roiMake(const LayerDesc& d, const DeviceProperties& device) {
    Specialization k;
    k.source.file = "roi_align.cu";
    k.source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"ROI_T", storageType(d.inputs[1].dtype)}, {"INDEX_T", storageType(d.inputs[2].dtype)}, {"ACC", accOf(d.inputs[0].dtype)}};
    k.source.define("MAXIMUM", d.stringAttr("mode", "avg") == "max");
    k.source.define("HALF_PIXEL", d.stringAttr("coordinate_transformation_mode", "half_pixel") == "half_pixel");
    k.source.define("RATIO", std::max<int64_t>(0, d.intAttr("sampling_ratio", 0)));
    const double scale = d.floatAttr("spatial_scale", 1);
    k.launches = [scale, wide = d.inputs[0].dtype == DType::F64, device](const KernelArgs& args) -> std::vector<LaunchSpec> {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        if (y.count() == 0) return {};
        const DeviceLoop loop = deviceLoop(dimsOf(y));
        LaunchSpec spec = launchOver("roi_align", loop.total, device);
        ParameterBlock block;
        block.put(loop).put(deviceView(x)).put(deviceView(args.inputs[1])).put(deviceView(args.inputs[2])).put(deviceView(y));
        block.put(static_cast<int32_t>(x.dims[0])).put(static_cast<int32_t>(x.dims[2])).put(static_cast<int32_t>(x.dims[3]));
        if (wide) block.put(scale);
        else block.put(static_cast<float>(scale));
        block.addTo(spec.params);
        spec.params.add(DeviceFault{args.fault.record, args.fault.layer});
        return {spec};
    };
    k.fault = imageOutside;
    return k;
}

/// As in deform_conv.cu.
struct DeviceDeform {
    DeviceView x, w, offsets, mask;
    int32_t height = 0, width = 0, outH = 0, outW = 0, kernelW = 0, taps = 0;
    int32_t stride[2] = {}, dilation[2] = {}, pad[2] = {};
    int32_t rows = 0, groupChannels = 0, groupColumns = 0, channelsPerOffset = 0;
};

std::optional<Epilogue> deformEpilogue(const LayerDesc& d) { return Epilogue::of(d, {d.outputs[0].dims, 1}, {.biasInput = hasInput(d, 3) ? 3 : -1, .constantShape = false}); }

std::optional<TacticInfo> deformSupports(const LayerDesc& d, const DeviceProperties& device) {
    auto info = anyStridesAt(d, device, 2);
    if (!info || !deformEpilogue(d)) return std::nullopt;
    for (size_t i = 3; i < 4 && hasInput(d, i); ++i) {  // the epilogue reads the bias as a dense vector
        info->inputLayouts[i] = "linear";
        info->inputViews[i] = 0;
    }
    const double products = static_cast<double>(d.outputs[0].count()) * static_cast<double>(d.inputs[1].count()) / static_cast<double>(std::max<int64_t>(1, d.inputs[1].dims[0]));
    info->estimate += products / 4000;
    return info;
}

Specialization deformMake(const LayerDesc& d, const DeviceProperties&) {
    const Epilogue epilogue = *deformEpilogue(d);
    Source source;
    source.file = "deform_conv.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}};
    source.define("HAS_MASK", hasInput(d, 4));
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [d, epilogue](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView &x = args.inputs[0], &w = args.inputs[1], &y = args.outputs[0];
                if (y.count() == 0) return {};
                const auto strides = intsOr(d, "strides", 2, 1), dilations = intsOr(d, "dilations", 2, 1), pads = intsOr(d, "pads", 4, 0);
                const int64_t group = d.intAttr("group", 1), rows = y.dims[0] * y.dims[2] * y.dims[3];
                DeviceDeform s;
                s.x = deviceView(x);
                s.w = deviceView(w);
                s.offsets = deviceView(args.inputs[2]);
                if (given(args, d, 4)) s.mask = deviceView(args.inputs[4]);
                const auto narrow = [](int64_t v) { return static_cast<int32_t>(v); };
                s.height = narrow(x.dims[2]);
                s.width = narrow(x.dims[3]);
                s.outH = narrow(y.dims[2]);
                s.outW = narrow(y.dims[3]);
                s.kernelW = narrow(w.dims[3]);
                s.taps = narrow(w.dims[2] * w.dims[3]);
                for (size_t i = 0; i < 2; ++i) {
                    s.stride[i] = narrow(strides[i]);
                    s.dilation[i] = narrow(dilations[i]);
                    s.pad[i] = narrow(pads[i]);
                }
                s.rows = narrow(rows);
                s.groupChannels = narrow(x.dims[1] / group);
                s.groupColumns = narrow(y.dims[1] / group);
                s.channelsPerOffset = narrow(x.dims[1] / d.intAttr("offset_group", 1));
                LaunchSpec spec;
                spec.entry = "deform_conv";
                spec.block = {256, 1, 1};
                spec.grid = {static_cast<uint32_t>((rows + 63) / 64), static_cast<uint32_t>((s.groupColumns + 63) / 64), static_cast<uint32_t>(group)};
                spec.params.add(s);
                epilogue.addParams(spec.params, args);
                return {spec};
            }};
}

std::optional<TacticInfo> col2imSupports(const LayerDesc& d, const DeviceProperties& device) {
    return d.outputs.empty() || d.outputs[0].dims.size() > 5 ? std::nullopt : anyStridesAt(d, device, 3);
}

Specialization col2imMake(const LayerDesc& d, const DeviceProperties& device) {
    const size_t axes = d.outputs[0].dims.size() - 2;
    Source source;
    source.file = "col2im.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"ACC", accOf(d.inputs[0].dtype)}};
    source.define("AXES", static_cast<int64_t>(axes));
    return {std::move(source), [d, axes, device](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView& y = args.outputs[0];
                if (y.count() == 0) return {};
                const auto strides = intsOr(d, "strides", axes, 1), dilations = intsOr(d, "dilations", axes, 1), pads = intsOr(d, "pads", 2 * axes, 0);
                const DeviceLoop loop = deviceLoop(dimsOf(y));
                LaunchSpec spec = launchOver("col2im", loop.total, device);
                ParameterBlock block;
                block.put(loop).put(deviceView(args.inputs[0])).put(deviceView(y)).put(args.inputs[2].data).put(args.inputs[2].strides[0]);
                for (const auto* list : {&strides, &dilations, &pads}) {
                    for (size_t a = 0; a < axes; ++a) block.put(static_cast<int32_t>((*list)[a]));
                }
                for (size_t a = 0; a < axes; ++a) block.put(static_cast<int32_t>(pads[a] + pads[a + axes]));
                block.addTo(spec.params);
                return {spec};
            }};
}

SINTER_CUDA_KERNEL(sample)(std::vector<KernelRow>{
    plainRow("any_gridsample__cuda", "GridSample", gridSupports, gridMake),
    plainRow("any_roialign__cuda", "RoiAlign", roiSupports, roiMake),
    plainRow("any_deformconv__cuda", "DeformConv", deformSupports, deformMake),
    plainRow("any_col2im__cuda", "Col2Im", col2imSupports, col2imMake),
});

}  // namespace
}  // namespace sinter::cuda
