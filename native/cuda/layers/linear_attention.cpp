// LinearAttention.
#include <algorithm>
#include <cmath>

#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

struct Sizes {
    int64_t batch, tokens, queryHeads, heads, dk, dv;
    bool wide;
    uint64_t shared() const { return static_cast<uint64_t>(dk * dv + 3 * dk) * (wide ? 8 : 4); }
};

Sizes sizesOf(const LayerDesc& d) {
    const auto &q = d.inputs[0].dims, &v = d.inputs[2].dims;
    const int64_t queryHeads = d.intAttr("q_num_heads", 1), heads = d.intAttr("kv_num_heads", 1);
    const bool wide = std::any_of(d.inputs.begin(), d.inputs.end(), [](const TensorInfo& t) { return t.dtype == DType::F64; });
    return {q[0], q[1], queryHeads, heads, q[2] / queryHeads, v[2] / heads, wide};
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d)) return std::nullopt;
    const Sizes s = sizesOf(d);
    if (s.dk < 1 || s.dv < 1 || s.shared() > device.sharedPerBlock) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device) + static_cast<double>(s.tokens * s.dk) * 20 * std::ceil(static_cast<double>(s.batch * s.heads) / device.multiprocessors);
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties&) {
    const Sizes s = sizesOf(d);
    const auto typeOf = [&](size_t i) { return hasInput(d, i) ? storageType(d.inputs[i].dtype) : std::string("float"); };
    Source source;
    source.file = "linear_attention.cu";
    source.defines = {{"Q_T", typeOf(0)}, {"K_T", typeOf(1)}, {"V_T", typeOf(2)}, {"STATE_T", typeOf(3)}, {"DECAY_T", typeOf(4)}, {"BETA_T", typeOf(5)}, {"Y_T", storageType(d.outputs[0].dtype)},
                      {"OUT_STATE_T", d.outputs.size() > 1 && d.outputs[1].present() ? storageType(d.outputs[1].dtype) : "float"}, {"ACC", s.wide ? "double" : "float"}};
    source.define("DK", s.dk);
    source.define("DV", s.dv);
    source.define("HAS_DECAY", hasInput(d, 4));
    source.define("HAS_BETA", hasInput(d, 5));
    source.define("PER_ROW", hasInput(d, 4) && d.inputs[4].dims[2] != s.heads);
    source.define("SHARED_BETA", hasInput(d, 5) && d.inputs[5].dims[2] == 1);
    const double given0 = d.floatAttr("scale", 0), scale = given0 != 0 ? given0 : 1 / std::sqrt(static_cast<double>(s.dk));
    return {std::move(source), [d, s, scale](const KernelArgs& args) -> std::vector<LaunchSpec> {
                if (args.outputs[0].count() == 0) return {};
                const auto viewOf = [&](size_t i) { return given(args, d, i) ? deviceView(args.inputs[i]) : DeviceView{}; };
                LaunchSpec spec;
                spec.entry = "linear_attention";
                spec.grid = {static_cast<uint32_t>(s.batch * s.heads), 1, 1};
                spec.block = {static_cast<uint32_t>(std::min<int64_t>(1024, (s.dv + 31) / 32 * 32)), 1, 1};
                spec.dynamicShared = static_cast<uint32_t>(s.shared());
                ParameterBlock block;
                for (size_t i = 0; i < 6; ++i) block.put(viewOf(i));
                block.put(deviceView(args.outputs[0])).put(args.outputs.size() > 1 && args.outputs[1].present() ? deviceView(args.outputs[1]) : DeviceView{});
                for (const int64_t n : {s.batch, s.tokens, s.heads, s.queryHeads / s.heads}) block.put(static_cast<int32_t>(n));
                if (s.wide) block.put(scale);
                else block.put(static_cast<float>(scale));
                block.addTo(spec.params);
                return {spec};
            }};
}

SINTER_CUDA_KERNEL(linear_attention)({.name = "any_linearattention__cuda", .op = "LinearAttention", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
