// LayerNorm of dense rows of whole vectors (norm_rows.cu).
#include <algorithm>

#include "cuda/codegen/types.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

bool own(const LayerDesc& d, size_t i) { return i < d.opInputs && i < d.inputs.size() && d.inputs[i].present(); }
ResultShape resultShape(const LayerDesc& d) { return {d.outputs[0].dims, d.outputs[0].dims.size() - 1}; }
std::optional<Epilogue> epilogueOf(const LayerDesc& d) { return Epilogue::of(d, resultShape(d), {.even = true}); }

/// Threads that hold a row, at most four vectors each; 0: it is too long, or not of whole vectors.
int64_t threadsOf(const LayerDesc& d) {
    const auto vector = static_cast<int64_t>(Epilogue::storeVector(d));
    const int64_t columns = d.inputs[0].dims.back();
    if (vector < 2 || columns % vector != 0) return 0;
    for (int64_t threads = 32; threads <= 1024; threads *= 2) {
        if (columns <= threads * vector * 4) return threads;
    }
    return 0;
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!storable(d) || !wellFormed(d) || d.outputs.size() != 1 || d.inputs[0].dims.empty() || d.inputs[0].count() == 0) return std::nullopt;
    const int64_t axis = d.intAttr("axis", -1), columns = d.inputs[0].dims.back();
    if ((axis != -1 && axis != static_cast<int64_t>(d.inputs[0].dims.size()) - 1) || threadsOf(d) == 0) return std::nullopt;
    for (size_t i = 0; i < d.opInputs; ++i) {
        const TensorInfo& t = d.inputs[i];
        if (t.quantized() || (i > 0 && t.present() && t.dims != std::vector{columns})) return std::nullopt;
    }
    if (!isFloat(d.inputs[0].dtype) || !epilogueOf(d)) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, resultShape(d), info, "linear");
    for (size_t i = 0; i < d.opInputs; ++i) {
        info.inputLayouts[i] = "linear";
        info.inputViews[i] = 0;
    }
    info.estimate = moveEstimate(d, device);
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties&) {
    const Epilogue epilogue = *epilogueOf(d);
    const int64_t threads = threadsOf(d);
    Source source;
    source.file = "norm_rows.cu";
    const auto typeOf = [&](size_t i) { return own(d, i) ? storageType(d.inputs[i].dtype) : "float"; };
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"SCALE_T", typeOf(1)}, {"BIAS_T", typeOf(2)}};
    source.define("HAS_SCALE", own(d, 1));
    source.define("HAS_BIAS", own(d, 2));
    source.define("THREADS", threads);
    const auto fixed = [&](size_t i) { return !own(d, i) || d.inputs[i].constant; };
    source.define("FIXED_PARAMETERS", fixed(1) && fixed(2));
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [d, epilogue, threads](const KernelArgs& args) {
                const int64_t block = std::max<int64_t>(64, threads), rows = resultShape(d).rows(), perBlock = block / threads;
                LaunchSpec spec;
                spec.dependent = true;
                spec.entry = "normalize_rows";
                spec.block = {static_cast<uint32_t>(block), 1, 1};
                spec.grid = {static_cast<uint32_t>((rows + perBlock - 1) / perBlock), 1, 1};
                spec.params.add(args.inputs[0].data);
                for (size_t i = 1; i < 3; ++i) spec.params.add(own(d, i) ? args.inputs[i].data : nullptr);
                spec.params.add(static_cast<float>(d.floatAttr("epsilon", 1e-5)));
                epilogue.addParams(spec.params, args);
                return std::vector{spec};
            }};
}

SINTER_CUDA_KERNEL(norm_rows)({.name = "any_layernorm__cuda_rows", .op = "LayerNorm", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
