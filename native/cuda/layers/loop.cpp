#include "cuda/layers/loop.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace sinter::cuda {

DeviceDivider deviceDivider(int64_t divisor) {
    DeviceDivider d;
    d.divisor = static_cast<uint32_t>(std::max<int64_t>(divisor, 1));
    if (d.divisor == 1) return d;
    uint32_t log = 0;
    while ((uint64_t{1} << log) < d.divisor) ++log;
    // ceil(2^(31 + log) / divisor) is exact enough for numerators below 2^31 (Granlund and Montgomery 1994).
    d.multiplier = static_cast<uint32_t>(((uint64_t{1} << (31 + log)) + d.divisor - 1) / d.divisor);
    d.shift = log - 1;
    return d;
}

DeviceLoop deviceLoop(std::span<const int64_t> dims) {
    DeviceLoop loop;
    loop.rank = static_cast<int32_t>(dims.size());
    for (size_t a = 0; a < dims.size(); ++a) {
        loop.axes[a] = deviceDivider(dims[a]);
        loop.total *= static_cast<int32_t>(dims[a]);
    }
    return loop;
}

std::vector<size_t> axesByStride(const TensorView& v) {
    std::vector<size_t> order(static_cast<size_t>(v.rank));
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return std::abs(v.strides[a]) > std::abs(v.strides[b]); });
    return order;
}

std::vector<int64_t> inOrder(const std::vector<size_t>& order, std::span<const int64_t> values) {
    std::vector<int64_t> out;
    for (const size_t a : order) out.push_back(values[a]);
    return out;
}

DeviceView orderedView(const TensorView& v, const std::vector<size_t>& order) {
    DeviceView d;
    d.data = v.data;
    for (size_t a = 0; a < order.size(); ++a) d.strides[a] = v.strides[order[a]];
    return d;
}

std::vector<int64_t> dimsOf(const TensorView& v) { return {v.dims.begin(), v.dims.begin() + v.rank}; }

int64_t countOfDims(std::span<const int64_t> dims) {
    return std::accumulate(dims.begin(), dims.end(), int64_t{1}, [](int64_t a, int64_t b) { return a * b; });
}

const char* plainType(DType t) {
    switch (dtypeSize(t)) {
        case 1: return "uint8_t";
        case 2: return "uint16_t";
        case 4: return "uint32_t";
        default: return "uint64_t";
    }
}

size_t axisAt(int64_t axis, size_t rank) { return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis); }

LaunchSpec launchOver(std::string entry, int64_t items, const DeviceProperties& device) {
    LaunchSpec spec;
    spec.entry = std::move(entry);
    spec.dependent = true;
    spec.block = {256, 1, 1};
    spec.grid = gridFor(items, 256, device);
    return spec;
}

bool hasInput(const LayerDesc& d, size_t i) { return i < d.opInputs && i < d.inputs.size() && d.inputs[i].present(); }

bool given(const KernelArgs& args, const LayerDesc& d, size_t i) { return i < d.opInputs && i < args.inputs.size() && args.inputs[i].present(); }

bool plainLayer(const LayerDesc& d) {
    if (d.inputs.empty() && d.outputs.empty()) return false;
    if (d.outputs.empty() || !d.outputs[0].present() || !storable(d) || !d.program.empty() || !wellFormed(d)) return false;
    return true;
}

Specialization copying(const LayerDesc& d, size_t input, size_t output, const DeviceProperties& device) {
    LayerDesc copy;
    copy.name = d.name;
    copy.op = "Copy";
    copy.inputs = {d.inputs[input]};
    copy.outputs = {d.outputs[output]};
    copy.inputs[0].dtype = copy.outputs[0].dtype;
    copy.opInputs = 1;
    Specialization k = KernelTable::instance().byName("any_copy__cuda")->make(copy, device);
    k.launches = [inner = std::move(k.launches), input, output](const KernelArgs& args) {
        KernelArgs own = args;
        own.inputs = args.inputs.subspan(input, 1);
        own.outputs = args.outputs.subspan(output, 1);
        return inner(own);
    };
    return k;
}

KernelRow plainRow(std::string name, std::string op, std::optional<TacticInfo> (*supports)(const LayerDesc&, const DeviceProperties&),
                   Specialization (*make)(const LayerDesc&, const DeviceProperties&)) {
    return {.name = std::move(name), .op = std::move(op), .supports = supports, .make = make, .pack = {}};
}

}  // namespace sinter::cuda
