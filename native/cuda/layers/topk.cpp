// TopK.
#include <algorithm>

#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

constexpr int64_t kThreads = 512, kMostShared = 4096, kMostBlocks = 1024;

struct Shape {
    size_t axis = 0;
    int64_t n = 0, k = 0, lines = 0;
    int64_t sorted = 0;  ///< a power of two: all elements of a short line, else the k that are found
    size_t keyBytes = 4;
    int kind = 0;
    bool inMemory() const { return sorted > kMostShared; }
    int64_t blocks() const { return std::min(lines, kMostBlocks); }
};

int64_t powerOfTwo(int64_t n) {
    int64_t p = 2;
    while (p < n) p *= 2;
    return p;
}

Shape shapeOf(const LayerDesc& d) {
    const auto& x = d.inputs[0];
    Shape s;
    s.axis = axisAt(d.intAttr("axis", -1), x.dims.size());
    s.n = x.dims[s.axis];
    s.k = d.outputs[0].dims[s.axis];
    s.lines = x.count() / std::max<int64_t>(1, s.n);
    s.sorted = powerOfTwo(s.n <= 2048 ? s.n : s.k);
    const size_t bytes = dtypeSize(x.dtype);
    s.kind = x.dtype == DType::F64 ? 1 : isFloat(x.dtype) ? 0 : x.dtype == DType::I8 || x.dtype == DType::I16 || x.dtype == DType::I32 || x.dtype == DType::I64 ? 2 : 3;
    s.keyBytes = s.kind == 0 ? 4 : bytes;
    return s;
}

const char* keyType(size_t bytes) { return bytes == 1 ? "uint8_t" : bytes == 2 ? "uint16_t" : bytes == 4 ? "uint32_t" : "uint64_t"; }

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || d.outputs.size() != 2 || d.inputs[0].quantized() || d.inputs[0].dims.empty()) return std::nullopt;
    const Shape s = shapeOf(d);
    TacticInfo info = anyStrides(d);
    if (s.inMemory()) info.workspace = static_cast<uint64_t>(s.blocks() * s.sorted) * (s.keyBytes + 4);
    const double passes = s.n <= 2048 ? 1 : static_cast<double>(s.keyBytes) + 1;
    info.estimate = moveEstimate(d, device, passes) + 10'000;
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const Shape s = shapeOf(d);
    Source source;
    source.file = "topk.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"KEY_T", keyType(s.keyBytes)}};
    source.define("KIND", s.kind);
    source.define("LARGEST", d.intAttr("largest", 1) != 0);
    source.define("THREADS", kThreads);
    source.define("SORTED", s.sorted);
    source.define("IN_MEMORY", s.inMemory());
    (void)device;
    return {std::move(source), [s](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView &x = args.inputs[0], &values = args.outputs[0], &indices = args.outputs[1];
                if (values.count() == 0) return {};
                std::vector<int64_t> dims;
                DeviceView from, to, places;
                from.data = x.data;
                to.data = values.data;
                places.data = indices.data;
                for (size_t a = 0; a < static_cast<size_t>(x.rank); ++a) {
                    if (a == s.axis) continue;
                    from.strides[dims.size()] = x.strides[a];
                    to.strides[dims.size()] = values.strides[a];
                    places.strides[dims.size()] = indices.strides[a];
                    dims.push_back(x.dims[a]);
                }
                LaunchSpec spec;
                spec.entry = "topk";
                spec.block = {static_cast<uint32_t>(kThreads), 1, 1};
                spec.grid = {static_cast<uint32_t>(s.blocks()), 1, 1};
                void* keys = args.workspace;
                void* order = static_cast<std::byte*>(args.workspace) + static_cast<uint64_t>(s.blocks() * s.sorted) * s.keyBytes;
                if (!s.inMemory()) spec.dynamicShared = static_cast<uint32_t>(static_cast<uint64_t>(s.sorted) * (s.keyBytes + 4));
                ParameterBlock block;
                block.put(deviceLoop(dims)).put(from).put(to).put(places).put(x.strides[s.axis]).put(values.strides[s.axis]).put(indices.strides[s.axis]);
                block.put(static_cast<int32_t>(s.n)).put(static_cast<int32_t>(s.k)).put(keys).put(order).addTo(spec.params);
                return {spec};
            }};
}

SINTER_CUDA_KERNEL(topk)({.name = "any_topk__cuda", .op = "TopK", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
