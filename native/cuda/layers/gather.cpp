// Gather and GatherElements.
#include "cuda/codegen/types.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

/// As in gather.cu.
struct DeviceGather {
    const void* x;
    const void* indices;
    void* y;
    int64_t xStrides[8] = {}, indexStrides[8] = {}, yStrides[8] = {};
    int64_t axisStride = 0;
    int32_t dims[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    int32_t rank = 0, total = 0, extent = 0;
};

const char* typeOfSize(size_t bytes) { return bytes == 1 ? "uint8_t" : bytes == 2 ? "uint16_t" : bytes == 4 ? "uint32_t" : "uint64_t"; }

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (d.inputs.size() != 2 || d.outputs.size() != 1 || !storable(d) || !wellFormed(d) || !d.program.empty()) return std::nullopt;
    const TensorInfo &x = d.inputs[0], &y = d.outputs[0];
    if (x.dtype != y.dtype || x.scale != y.scale || x.zeroPoint != y.zeroPoint || x.dims.empty() || y.dims.size() > 8) return std::nullopt;
    if (d.inputs[1].dtype != DType::I64 && d.inputs[1].dtype != DType::I32) return std::nullopt;
    TacticInfo info = anyStrides(d);
    LayerDesc moved = d;  // only the rows that are asked for are read
    moved.inputs[0] = y;
    info.estimate = moveEstimate(moved, device, 1.5);
    return info;
}

/// Counts in runs of `run` elements (16 bytes) where whole runs move together.
bool asRuns(DeviceGather& g, int32_t run) {
    const auto last = static_cast<size_t>(g.rank - 1);
    if (g.rank == 0 || run < 2 || g.xStrides[last] != 1 || g.yStrides[last] != 1 || g.indexStrides[last] != 0 || g.dims[last] % run != 0) return false;
    if ((reinterpret_cast<uint64_t>(g.x) | reinterpret_cast<uint64_t>(g.y)) % 16 != 0 || g.axisStride % run != 0) return false;
    for (size_t a = 0; a < last; ++a) {
        if (g.xStrides[a] % run != 0 || g.yStrides[a] % run != 0) return false;
    }
    for (size_t a = 0; a < last; ++a) {
        g.xStrides[a] /= run;
        g.yStrides[a] /= run;
    }
    g.dims[last] /= run;
    g.total /= run;
    g.axisStride /= run;
    return true;
}

LaunchSpec launchOf(const LayerDesc& d, const KernelArgs& args, const DeviceProperties& device) {
    const TensorView &x = args.inputs[0], &indices = args.inputs[1], &y = args.outputs[0];
    const int64_t given = d.intAttr("axis", 0);
    const auto axis = static_cast<int>(given < 0 ? given + x.rank : given);
    DeviceGather g{};
    g.x = x.data;
    g.indices = indices.data;
    g.y = y.data;
    g.rank = y.rank;
    g.total = static_cast<int32_t>(y.count());
    g.extent = static_cast<int32_t>(x.dims[static_cast<size_t>(axis)]);
    g.axisStride = x.strides[static_cast<size_t>(axis)];
    const bool elements = d.op == "GatherElements";
    for (int a = 0; a < y.rank; ++a) {
        const auto i = static_cast<size_t>(a);
        g.dims[a] = static_cast<int32_t>(y.dims[i]);
        g.yStrides[a] = y.strides[i];
        if (elements) {
            g.indexStrides[a] = indices.strides[i];
            if (a != axis) g.xStrides[a] = x.strides[i];
        } else if (a < axis) {
            g.xStrides[a] = x.strides[i];
        } else if (a < axis + indices.rank) {
            g.indexStrides[a] = indices.strides[static_cast<size_t>(a - axis)];
        } else {
            g.xStrides[a] = x.strides[static_cast<size_t>(a - indices.rank + 1)];
        }
    }
    const bool runs = asRuns(g, 16 / static_cast<int32_t>(dtypeSize(y.dtype)));
    LaunchSpec spec;
    spec.dependent = true;
    spec.entry = runs ? "gather_runs" : "gather";
    spec.block = {256, 1, 1};
    spec.grid = gridFor(g.total, 256, device);
    spec.params.add(g);
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    Source source;
    source.file = "gather.cu";
    source.defines = {{"ELEMENT_T", typeOfSize(dtypeSize(d.inputs[0].dtype))}, {"I_T", storageType(d.inputs[1].dtype)}};
    return {std::move(source), [d, device](const KernelArgs& args) { return std::vector{launchOf(d, args, device)}; }};
}

KernelRow row(const char* name, const char* op) { return {.name = name, .op = op, .supports = supports, .make = make, .pack = {}}; }

SINTER_CUDA_KERNEL(gather)(std::vector<KernelRow>{row("any_gather__cuda", "Gather"), row("any_gatherelements__cuda", "GatherElements")});

}  // namespace
}  // namespace sinter::cuda
