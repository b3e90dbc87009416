// Gather, GatherElements and GatherND.
#include <algorithm>

#include "core/index_error.h"
#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (d.inputs.size() != 2 || d.outputs.size() != 1 || !plainLayer(d)) return std::nullopt;
    const TensorInfo &x = d.inputs[0], &y = d.outputs[0];
    if (x.dtype != y.dtype || x.scale != y.scale || x.zeroPoint != y.zeroPoint || x.dims.empty() || y.dims.size() > 8) return std::nullopt;
    if (d.inputs[1].dtype != DType::I64 && d.inputs[1].dtype != DType::I32) return std::nullopt;
    TacticInfo info = anyStrides(d);
    LayerDesc moved = d;  // only the rows that are asked for are read
    moved.inputs[0] = y;
    info.estimate = moveEstimate(moved, device, 1.5);
    return info;
}

/// How y's axes walk through x and the indices, and which axes of x the indices name.
struct Walk {
    std::vector<int64_t> x, indices;
    std::vector<size_t> named;
    int64_t depthStride = 0;
};

Walk walkOf(const LayerDesc& d, const KernelArgs& args) {
    const TensorView &x = args.inputs[0], &indices = args.inputs[1], &y = args.outputs[0];
    const auto rank = static_cast<size_t>(y.rank);
    Walk w{std::vector<int64_t>(rank, 0), std::vector<int64_t>(rank, 0), {}, 0};
    if (d.op == "GatherND") {
        const auto batch = static_cast<size_t>(d.intAttr("batch_dims", 0)), outer = static_cast<size_t>(indices.rank) - 1;
        const auto depth = static_cast<size_t>(indices.dims[outer]);
        for (size_t k = 0; k < depth; ++k) w.named.push_back(batch + k);
        w.depthStride = indices.strides[outer];
        for (size_t a = 0; a < rank; ++a) {
            if (a < outer) w.indices[a] = indices.strides[a];
            if (a < batch) w.x[a] = x.strides[a];
            if (a >= outer) w.x[a] = x.strides[a - outer + batch + depth];
        }
        return w;
    }
    const size_t axis = axisAt(d.intAttr("axis", 0), static_cast<size_t>(x.rank));
    w.named = {axis};
    const auto gathered = static_cast<size_t>(indices.rank);
    for (size_t a = 0; a < rank; ++a) {
        if (d.op == "GatherElements") {
            w.indices[a] = indices.strides[a];
            if (a != axis) w.x[a] = x.strides[a];
        } else if (a < axis) {
            w.x[a] = x.strides[a];
        } else if (a < axis + gathered) {
            w.indices[a] = indices.strides[a - axis];
        } else {
            w.x[a] = x.strides[a - gathered + 1];
        }
    }
    return w;
}

/// Whether the innermost axis can be taken in pieces of 16 bytes.
bool inPieces(const std::vector<int64_t>& dims, const DeviceView& x, const DeviceView& indices, const DeviceView& y, const Walk& w, const TensorView& from, int64_t piece) {
    const size_t last = dims.size() - 1;
    if (x.strides[last] != 1 || y.strides[last] != 1 || indices.strides[last] != 0 || dims[last] % piece != 0) return false;
    if (reinterpret_cast<uint64_t>(x.data) % 16 != 0 || reinterpret_cast<uint64_t>(y.data) % 16 != 0) return false;
    for (size_t a = 0; a < last; ++a) {
        if (dims[a] != 1 && (x.strides[a] % piece != 0 || y.strides[a] % piece != 0)) return false;
    }
    return std::all_of(w.named.begin(), w.named.end(), [&](size_t a) { return from.strides[a] % piece == 0; });
}

/// Gather in gather.cu, whose arrays have as many entries as an element has indices.
LaunchSpec launchOf(const LayerDesc& d, const KernelArgs& args, const DeviceProperties& device) {
    const TensorView &x = args.inputs[0], &indices = args.inputs[1], &y = args.outputs[0];
    const Walk w = walkOf(d, args);
    const auto order = axesByStride(y);
    std::vector<int64_t> dims = inOrder(order, std::span(y.dims).first(order.size()));
    const auto viewOf = [&](void* data, const std::vector<int64_t>& strides) {
        DeviceView v;
        v.data = data;
        for (size_t a = 0; a < order.size(); ++a) v.strides[a] = strides[order[a]];
        return v;
    };
    const DeviceView from = viewOf(x.data, w.x), at = viewOf(indices.data, w.indices), to = orderedView(y, order);
    const auto piece = static_cast<int64_t>(16 / dtypeSize(x.dtype));
    const bool pieces = piece > 1 && !dims.empty() && inPieces(dims, from, at, to, w, x, piece);
    DeviceView pieceFrom = from, pieceTo = to;
    if (pieces) {
        dims.back() /= piece;
        pieceFrom.strides[dims.size() - 1] = pieceTo.strides[dims.size() - 1] = piece;
    }
    const DeviceLoop loop = deviceLoop(dims);
    LaunchSpec spec = launchOver(pieces ? "gather_pieces" : "gather", loop.total, device);
    ParameterBlock block;
    block.put(loop).put(pieceFrom).put(at).put(pieceTo).put(w.depthStride);
    for (const size_t a : w.named) block.put(x.strides[a]);
    for (const size_t a : w.named) block.put(static_cast<int32_t>(x.dims[a]));
    block.addTo(spec.params);
    spec.params.add(DeviceFault{args.fault.record, args.fault.layer});
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    Specialization k;
    k.source.file = "gather.cu";
    k.source.defines = {{"ELEMENT_T", plainType(d.inputs[0].dtype)}, {"I_T", storageType(d.inputs[1].dtype)}};
    k.source.define("DEPTH", d.op == "GatherND" ? d.inputs[1].dims.back() : 1);
    k.launches = [d, device](const KernelArgs& args) {
        return args.outputs[0].count() == 0 ? std::vector<LaunchSpec>{} : std::vector{launchOf(d, args, device)};
    };
    k.fault = indexOutside;
    return k;
}

SINTER_CUDA_KERNEL(gather)(std::vector<KernelRow>{
    plainRow("any_gather__cuda", "Gather", supports, make),
    plainRow("any_gatherelements__cuda", "GatherElements", supports, make),
    plainRow("any_gathernd__cuda", "GatherND", supports, make),
});

}  // namespace
}  // namespace sinter::cuda
