// ArgMax, ArgMin, CumSum and CumProd: one result per line, or per element of a line.
#include <algorithm>

#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

/// The layer's lines: every axis but one, ordered so that neighbours of the output follow each other.
struct Lines {
    std::vector<int64_t> dims;
    DeviceView x, y;
    size_t axis = 0;
    bool sideBySide = false;  ///< neighbouring lines of x lie next to each other
};

/// `axisOfY`: which axis of y an axis of x is; rank of y where it has none.
template <typename AxisOfY>
Lines linesOf(const LayerDesc& d, const KernelArgs& args, int64_t axisAttr, AxisOfY axisOfY) {
    const TensorView &x = args.inputs[0], &y = args.outputs[0];
    (void)d;
    Lines l;
    l.axis = axisAt(axisAttr, static_cast<size_t>(x.rank));
    l.x.data = x.data;
    l.y.data = y.data;
    for (const size_t a : axesByStride(x)) {
        if (a == l.axis) continue;
        l.x.strides[l.dims.size()] = x.strides[a];
        l.y.strides[l.dims.size()] = y.strides[axisOfY(a)];
        if (x.dims[a] > 1) l.sideBySide = x.strides[a] == 1;
        l.dims.push_back(x.dims[a]);
    }
    return l;
}

bool narrow(const LayerDesc& d) { return plainLayer(d) && !d.inputs[0].quantized() && !d.inputs[0].dims.empty(); }

std::optional<TacticInfo> argSupports(const LayerDesc& d, const DeviceProperties& device) {
    if (!narrow(d)) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 2);
    return info;
}

Specialization argMake(const LayerDesc& d, const DeviceProperties& device) {
    Source source;
    source.file = "arg.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"ACC", computeType(d.inputs[0].dtype)}};
    source.define("SMALLEST", d.op == "ArgMin");
    source.define("SELECT_LAST", d.intAttr("select_last", 0) != 0);
    return {std::move(source), [d, device](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView& x = args.inputs[0];
                if (args.outputs[0].count() == 0) return {};
                const size_t axis = axisAt(d.intAttr("axis", 0), static_cast<size_t>(x.rank));
                const bool keep = d.intAttr("keepdims", 1) != 0;
                const Lines l = linesOf(d, args, d.intAttr("axis", 0), [&](size_t a) { return keep || a < axis ? a : a - 1; });
                const DeviceLoop loop = deviceLoop(l.dims);
                const bool threads = l.sideBySide && loop.total >= 4096;
                LaunchSpec spec = launchOver(threads ? "arg_thread" : "arg_warp", threads ? loop.total : int64_t{loop.total} * 32, device);
                ParameterBlock().put(loop).put(l.x).put(l.y).put(x.strides[l.axis]).put(static_cast<int32_t>(x.dims[l.axis])).addTo(spec.params);
                return {spec};
            }};
}

std::optional<TacticInfo> cumulativeSupports(const LayerDesc& d, const DeviceProperties& device) {
    if (!narrow(d) || d.inputs[0].dtype == DType::Bool) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 2);
    return info;
}

Specialization cumulativeMake(const LayerDesc& d, const DeviceProperties& device) {
    Source source;
    source.file = "cumulative.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"ACC", computeType(d.inputs[0].dtype)}};
    source.define("PRODUCT", d.op == "CumProd");
    source.define("EXCLUSIVE", d.intAttr("exclusive", 0) != 0);
    source.define("REVERSE", d.intAttr("reverse", 0) != 0);
    return {std::move(source), [d, device](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView &x = args.inputs[0], &y = args.outputs[0];
                if (y.count() == 0) return {};
                const Lines l = linesOf(d, args, d.intAttr("axis", 0), [](size_t a) { return a; });
                const DeviceLoop loop = deviceLoop(l.dims);
                const bool threads = x.dims[l.axis] <= 32, columns = !threads && l.sideBySide && loop.total >= 32;
                LaunchSpec spec = launchOver(threads ? "cumulative_thread" : columns ? "cumulative_columns" : "cumulative_block",
                                             threads ? loop.total : columns ? int64_t{loop.total} * 8 : int64_t{loop.total} * 256, device);
                if (columns) spec.block = {32, 16, 1};  // 32 lines: as many blocks as for eight items a line
                ParameterBlock().put(loop).put(l.x).put(l.y).put(x.strides[l.axis]).put(y.strides[l.axis]).put(static_cast<int32_t>(x.dims[l.axis])).addTo(spec.params);
                return {spec};
            }};
}

SINTER_CUDA_KERNEL(order)(std::vector<KernelRow>{
    plainRow("any_argmax__cuda", "ArgMax", argSupports, argMake),
    plainRow("any_argmin__cuda", "ArgMin", argSupports, argMake),
    plainRow("any_cumsum__cuda", "CumSum", cumulativeSupports, cumulativeMake),
    plainRow("any_cumprod__cuda", "CumProd", cumulativeSupports, cumulativeMake),
});

}  // namespace
}  // namespace sinter::cuda
