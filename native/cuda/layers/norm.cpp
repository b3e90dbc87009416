// LayerNorm, InstanceNorm and GroupNorm.
#include <algorithm>

#include "cuda/codegen/types.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

constexpr int kHeld = 8;

/// As in norm.cu.
struct DeviceShape {
    int32_t groups = 0, count = 0, columns = 0, channels = 1, plane = 1, repeat = 1;
    float epsilon = 0;
};

bool perChannel(const LayerDesc& d) { return d.op != "LayerNorm"; }
bool own(const LayerDesc& d, size_t i) { return i < d.opInputs && i < d.inputs.size() && d.inputs[i].present(); }
ResultShape resultShape(const LayerDesc& d) { return {d.outputs[0].dims, d.outputs[0].dims.size() - 1}; }

DeviceShape shapeOf(const LayerDesc& d) {
    const auto& dims = d.inputs[0].dims;
    DeviceShape s;
    int64_t total = d.inputs[0].count();
    s.columns = static_cast<int32_t>(dims.back());
    s.epsilon = static_cast<float>(d.floatAttr("epsilon", 1e-5));
    if (perChannel(d)) {
        const int64_t groups = d.op == "GroupNorm" ? d.intAttr("num_groups", 1) : dims[1];
        s.channels = static_cast<int32_t>(dims[1]);
        s.plane = static_cast<int32_t>(total / std::max<int64_t>(1, dims[0] * dims[1]));
        s.repeat = static_cast<int32_t>(dims[1] / d.inputs[1].count());
        s.groups = static_cast<int32_t>(dims[0] * groups);
    } else {
        const auto rank = static_cast<int64_t>(dims.size());
        const int64_t axis = d.intAttr("axis", -1);
        s.groups = 1;
        for (int64_t a = 0; a < (axis < 0 ? axis + rank : axis); ++a) s.groups *= static_cast<int32_t>(dims[static_cast<size_t>(a)]);
    }
    s.count = static_cast<int32_t>(total / std::max(1, s.groups));
    return s;
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!storable(d) || !wellFormed(d) || d.outputs.size() != 1 || d.inputs[0].dims.empty() || d.inputs[0].count() == 0) return std::nullopt;
    for (size_t i = 0; i < d.opInputs; ++i) {
        if (d.inputs[i].quantized()) return std::nullopt;
    }
    if (perChannel(d) && (d.inputs[1].count() != d.inputs[2].count() || d.inputs[1].count() == 0)) return std::nullopt;
    if (!Epilogue::of(d, resultShape(d), {.constantShape = false})) return std::nullopt;
    TacticInfo info = anyStrides(d);
    if (perChannel(d)) {
        for (size_t i = 1; i < 3; ++i) info.inputViews[i] = 0;  // read dense
        for (size_t i = 1; i < 3; ++i) info.inputLayouts[i] = "linear";
    }
    info.estimate = moveEstimate(d, device, 2);
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const ResultShape shape = resultShape(d);
    const Epilogue epilogue = *Epilogue::of(d, shape, {.constantShape = false});
    Source source;
    source.file = "norm.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}};
    if (own(d, 1)) source.defines.emplace_back("SCALE_T", storageType(d.inputs[1].dtype));
    if (own(d, 2)) source.defines.emplace_back("BIAS_T", storageType(d.inputs[2].dtype));
    source.define("HAS_SCALE", own(d, 1));
    source.define("HAS_BIAS", own(d, 2));
    source.define("PER_CHANNEL", perChannel(d));
    source.define("HELD", kHeld);
    source.define("RESULT_AXES", static_cast<int64_t>(shape.dims.size()) - 1);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [d, shape, s = shapeOf(d), epilogue, device](const KernelArgs& args) {
                LaunchSpec spec;
                spec.dependent = true;
                spec.entry = "normalize_groups";
                uint32_t threads = 32;
                while (threads < 1024 && static_cast<int32_t>(threads * 4) < s.count) threads *= 2;
                spec.block = {threads, 1, 1};
                spec.grid = gridFor(static_cast<int64_t>(s.groups) * threads, static_cast<int>(threads), device);
                Epilogue::addOperand(spec.params, args.inputs[0], shape);
                for (size_t i = 1; i < 3; ++i) {
                    // Per channel the vector is only an address; an absent one is never read.
                    TensorView v = own(d, i) ? args.inputs[i] : args.inputs[0];
                    if (perChannel(d) || !own(d, i)) v.rank = 0;
                    Epilogue::addOperand(spec.params, v, shape);
                }
                spec.params.add(s);
                epilogue.addParams(spec.params, args);
                return std::vector{spec};
            }};
}

KernelRow row(const char* name, const char* op) { return {.name = name, .op = op, .supports = supports, .make = make, .pack = {}}; }

SINTER_CUDA_KERNEL(norm)(std::vector<KernelRow>{
    row("any_layernorm__cuda", "LayerNorm"),
    row("any_instancenorm__cuda", "InstanceNorm"),
    row("any_groupnorm__cuda", "GroupNorm"),
});

}  // namespace
}  // namespace sinter::cuda
