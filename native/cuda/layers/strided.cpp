#include "cuda/layers/strided.h"

#include <algorithm>

namespace sinter::cuda {

DeviceView deviceView(const TensorView& v) {
    DeviceView d;
    d.data = v.data;
    std::copy_n(v.strides.begin(), v.rank, d.strides);
    return d;
}

DeviceView broadcastView(const TensorView& v, std::span<const int64_t> dims) {
    DeviceView d;
    d.data = v.data;
    const size_t missing = dims.size() - static_cast<size_t>(v.rank);
    for (size_t a = missing; a < dims.size(); ++a) d.strides[a] = v.dims[a - missing] == 1 ? 0 : v.strides[a - missing];
    return d;
}

DeviceDims deviceDims(std::span<const int64_t> dims) {
    DeviceDims d;
    d.rank = static_cast<int32_t>(dims.size());
    for (size_t a = 0; a < dims.size(); ++a) {
        d.dims[a] = static_cast<int32_t>(dims[a]);
        d.count *= d.dims[a];
    }
    return d;
}

std::array<uint32_t, 3> gridFor(int64_t n, int threads, const DeviceProperties& device, int64_t perThread) {
    const int64_t items = (n + perThread - 1) / perThread;
    const int64_t blocks = (items + threads - 1) / threads;
    const int64_t most = static_cast<int64_t>(std::max(1, device.multiprocessors)) * (2048 / threads) * 8;
    return {static_cast<uint32_t>(std::clamp<int64_t>(blocks, 1, most)), 1, 1};
}

bool alignedVectors(const TensorView& v, int axis, int64_t vector) {
    const auto bytes = std::min<uint64_t>(16, static_cast<uint64_t>(vector) * dtypeSize(v.dtype));
    if (reinterpret_cast<uint64_t>(v.data) % bytes != 0 || v.dims[static_cast<size_t>(axis)] % vector != 0) return false;
    for (int a = 0; a < v.rank; ++a) {
        const auto i = static_cast<size_t>(a);
        if (a != axis && v.dims[i] != 1 && v.strides[i] % vector != 0) return false;
    }
    return v.strides[static_cast<size_t>(axis)] == 1;
}

TacticInfo anyStrides(const LayerDesc& layer) {
    TacticInfo info;
    info.inputLayouts.assign(layer.inputs.size(), "");
    info.outputLayouts.assign(layer.outputs.size(), "");
    info.inputViews.assign(layer.inputs.size(), 1);
    info.outputViews.assign(layer.outputs.size(), 1);
    info.packing.resize(layer.inputs.size());
    return info;
}

double moveEstimate(const LayerDesc& layer, const DeviceProperties& device, double slowdown) {
    double bytes = 0;
    for (const auto* list : {&layer.inputs, &layer.outputs}) {
        for (const TensorInfo& t : *list) {
            if (t.present()) bytes += static_cast<double>(t.count()) * static_cast<double>(dtypeSize(t.dtype));
        }
    }
    constexpr double kLaunch = 1500;
    return kLaunch + slowdown * bytes / device.bytesPerNs;
}

}  // namespace sinter::cuda
