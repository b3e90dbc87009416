// ScatterElements and ScatterND.
#include <algorithm>

#include "core/index_error.h"
#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

int reductionOf(const LayerDesc& d) {
    const std::string s = d.stringAttr("reduction", "none");
    return s == "add" ? 1 : s == "mul" ? 2 : s == "min" ? 3 : s == "max" ? 4 : 0;
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || d.inputs.size() != 3 || d.inputs[0].quantized() || (reductionOf(d) != 0 && d.inputs[0].dtype == DType::Bool)) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 2) + 2000;
    return info;
}

/// The axes that updates share (`loop`) and those that number them (`turns`), as axes of indices or of a slice of y.
struct Walk {
    std::vector<int64_t> loop, turns;
    std::vector<int64_t> loopY, loopUpdates, loopIndices, turnY, turnUpdates, turnIndices;
    std::vector<size_t> named;
    int64_t depthStride = 0;

    void share(int64_t n, int64_t y, int64_t updates, int64_t indices) {
        loop.push_back(n);
        loopY.push_back(y);
        loopUpdates.push_back(updates);
        loopIndices.push_back(indices);
    }
    void turn(int64_t n, int64_t y, int64_t updates, int64_t indices) {
        turns.push_back(n);
        turnY.push_back(y);
        turnUpdates.push_back(updates);
        turnIndices.push_back(indices);
    }
};

constexpr int64_t kEnoughLines = 1024;

Walk walkOf(const LayerDesc& d, const KernelArgs& args, bool& owned) {
    const TensorView &indices = args.inputs[1], &updates = args.inputs[2], &y = args.outputs[0];
    Walk w;
    if (d.op == "ScatterND") {
        const auto outer = static_cast<size_t>(indices.rank) - 1;
        const auto depth = static_cast<size_t>(indices.dims[outer]);
        for (size_t a = 0; a < outer; ++a) w.turn(indices.dims[a], 0, updates.strides[a], indices.strides[a]);
        for (size_t a = depth; a < static_cast<size_t>(y.rank); ++a) w.share(y.dims[a], y.strides[a], updates.strides[outer + a - depth], 0);
        for (size_t k = 0; k < depth; ++k) w.named.push_back(k);
        w.depthStride = indices.strides[outer];
        owned = countOfDims(w.loop) < kEnoughLines && countOfDims(w.turns) > 8;
        return w;
    }
    const size_t axis = axisAt(d.intAttr("axis", 0), static_cast<size_t>(y.rank));
    w.named = {axis};
    const int64_t lines = indices.count() / std::max<int64_t>(1, indices.dims[axis]);
    owned = lines < kEnoughLines && indices.dims[axis] > 8;
    for (size_t a = 0; a < static_cast<size_t>(indices.rank); ++a) {
        const int64_t inY = a == axis ? 0 : y.strides[a];
        if (owned || a == axis) w.turn(indices.dims[a], inY, updates.strides[a], indices.strides[a]);
        else w.share(indices.dims[a], inY, updates.strides[a], indices.strides[a]);
    }
    return w;
}

LaunchSpec launchOf(const LayerDesc& d, const KernelArgs& args, const DeviceProperties& device) {
    bool owned = false;
    const Walk w = walkOf(d, args, owned);
    const TensorView& y = args.outputs[0];
    const auto viewOf = [](void* data, const std::vector<int64_t>& strides) {
        DeviceView v;
        v.data = data;
        std::copy(strides.begin(), strides.end(), v.strides);
        return v;
    };
    const auto list = [](const std::vector<int64_t>& strides) {
        std::array<int64_t, 8> all{};
        std::copy(strides.begin(), strides.end(), all.begin());
        return all;
    };
    const DeviceLoop loop = deviceLoop(w.loop), turns = deviceLoop(w.turns);
    // Neighbouring lines of updates side by side suit a thread each; updates side by side in a line, a warp.
    const bool warps = !owned && d.op == "ScatterElements" && turns.total > 8 && w.turnIndices.back() == 1;
    LaunchSpec spec = launchOver(owned ? "scatter_owned" : warps ? "scatter_warps" : "scatter_lines",
                                 owned ? std::min<int64_t>(turns.total, 1024) * 32 : int64_t{loop.total} * (warps ? 32 : 1), device);
    ParameterBlock block;
    block.put(loop).put(turns).put(viewOf(y.data, w.loopY)).put(viewOf(args.inputs[2].data, w.loopUpdates)).put(viewOf(args.inputs[1].data, w.loopIndices));
    block.put(list(w.turnUpdates)).put(list(w.turnIndices)).put(list(w.turnY)).put(w.depthStride);
    for (const size_t a : w.named) block.put(y.strides[a]);
    for (const size_t a : w.named) block.put(static_cast<int32_t>(y.dims[a]));
    block.addTo(spec.params);
    spec.params.add(DeviceFault{args.fault.record, args.fault.layer});
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const DType t = d.inputs[0].dtype;
    const int reduction = reductionOf(d);
    Specialization k;
    k.source.file = "scatter.cu";
    k.source.defines = {{"ELEMENT_T", reduction == 0 ? plainType(t) : storageType(t)}, {"I_T", storageType(d.inputs[1].dtype)}, {"ACC", computeType(t)}};
    k.source.define("REDUCTION", reduction);
    k.source.define("DEPTH", d.op == "ScatterND" ? d.inputs[1].dims.back() : 1);
    k.before.push_back(copying(d, 0, 0, device));
    k.launches = [d, device](const KernelArgs& args) {
        return args.inputs[2].count() == 0 || args.outputs[0].count() == 0 ? std::vector<LaunchSpec>{} : std::vector{launchOf(d, args, device)};
    };
    k.fault = indexOutside;
    return k;
}

SINTER_CUDA_KERNEL(scatter)(std::vector<KernelRow>{
    plainRow("any_scatterelements__cuda", "ScatterElements", supports, make),
    plainRow("any_scatternd__cuda", "ScatterND", supports, make),
});

}  // namespace
}  // namespace sinter::cuda
