// Attention on CUDA cores.
#include "cuda/codegen/types.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

/// As in attention_any.cu.
struct DeviceAttention {
    const void* q;
    const void* k;
    const void* v;
    const void* mask;
    void* y;
    int64_t qStrides[4], kStrides[4], vStrides[4], maskStrides[4], yStrides[4];
    int32_t batch, heads, queries, keys;
    float scale;
};

constexpr int kWarps = 4;
constexpr int64_t kMostShared = 47 * 1024;

bool hasMask(const LayerDesc& d) { return d.opInputs > 3 && d.inputs.size() > 3 && d.inputs[3].present(); }

bool isReal(const TensorInfo& t) { return t.dtype == DType::F32 || t.dtype == DType::F16 || t.dtype == DType::BF16; }

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (d.inputs.size() < 3 || d.outputs.size() != 1 || !storable(d) || !wellFormed(d) || !d.program.empty()) return std::nullopt;
    for (size_t i = 0; i < d.inputs.size(); ++i) {
        if (d.inputs[i].present() && (!isReal(d.inputs[i]) || d.inputs[i].dims.size() > 4)) return std::nullopt;
    }
    if (!isReal(d.outputs[0]) || d.outputs[0].dims.size() != 4 || d.inputs[0].dims.size() != 4) return std::nullopt;
    const int64_t head = d.inputs[0].dims[3], value = d.inputs[2].dims[3], heads = d.outputs[0].dims[0] * d.outputs[0].dims[1];
    if ((32 * (head + 1 + value + 1) + kWarps * head) * 4 > kMostShared || heads > 65535) return std::nullopt;
    TacticInfo info = anyStrides(d);
    const double work = static_cast<double>(d.outputs[0].count()) * static_cast<double>(d.inputs[1].dims[2]) * 2 * static_cast<double>(head + value) / static_cast<double>(value);
    info.estimate = moveEstimate(d, device) + work / (30.0 * std::max(1, device.multiprocessors)) + 4000;
    return info;
}

void strides(const TensorView& v, std::span<const int64_t> dims, int64_t (&out)[4]) {
    const DeviceView b = broadcastView(v, dims);
    std::copy_n(b.strides, 4, out);
}

Specialization make(const LayerDesc& d, const DeviceProperties&) {
    Source source;
    source.file = "attention_any.cu";
    source.defines = {{"Q_T", storageType(d.inputs[0].dtype)}, {"K_T", storageType(d.inputs[1].dtype)}, {"V_T", storageType(d.inputs[2].dtype)},
                      {"MASK_T", hasMask(d) ? storageType(d.inputs[3].dtype) : "float"}, {"Y_T", storageType(d.outputs[0].dtype)}};
    source.define("HEAD", d.inputs[0].dims[3]);
    source.define("VALUE", d.inputs[2].dims[3]);
    source.define("HAS_MASK", hasMask(d));
    return {std::move(source), [d](const KernelArgs& args) {
                const auto& y = d.outputs[0].dims;
                const int64_t keys = d.inputs[1].dims[2];
                DeviceAttention s{};
                s.q = args.inputs[0].data;
                s.k = args.inputs[1].data;
                s.v = args.inputs[2].data;
                s.y = args.outputs[0].data;
                strides(args.inputs[0], d.inputs[0].dims, s.qStrides);
                strides(args.inputs[1], d.inputs[1].dims, s.kStrides);
                strides(args.inputs[2], d.inputs[2].dims, s.vStrides);
                strides(args.outputs[0], y, s.yStrides);
                if (hasMask(d)) {
                    s.mask = args.inputs[3].data;
                    strides(args.inputs[3], std::vector<int64_t>{y[0], y[1], y[2], keys}, s.maskStrides);
                }
                s.batch = static_cast<int32_t>(y[0]);
                s.heads = static_cast<int32_t>(y[1]);
                s.queries = static_cast<int32_t>(y[2]);
                s.keys = static_cast<int32_t>(keys);
                s.scale = static_cast<float>(d.floatAttr("scale", 1));
                LaunchSpec spec;
                spec.dependent = true;
                spec.entry = "attention_any";
                spec.block = {kWarps * 32, 1, 1};
                spec.grid = {static_cast<uint32_t>((s.queries + kWarps - 1) / kWarps), static_cast<uint32_t>(s.batch * s.heads), 1};
                spec.params.add(s);
                return std::vector{spec};
            }};
}

SINTER_CUDA_KERNEL(attention_any)({.name = "any_attention__cuda", .op = "Attention", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
