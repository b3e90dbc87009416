// LRN.
#include "cuda/codegen/types.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

struct DeviceShape {
    int32_t rows, columns;
    float alpha, beta, bias;
};

ResultShape resultShape(const LayerDesc& d) { return {d.outputs[0].dims, 1}; }

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!storable(d) || !wellFormed(d) || d.outputs.size() != 1 || d.inputs[0].quantized() || !isFloat(d.inputs[0].dtype)) return std::nullopt;
    if (!Epilogue::of(d, resultShape(d), {.constantShape = false})) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 3);
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const ResultShape shape = resultShape(d);
    const Epilogue epilogue = *Epilogue::of(d, shape, {.constantShape = false});
    Source source;
    source.file = "lrn.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}};
    source.define("RESULT_AXES", static_cast<int64_t>(shape.dims.size()) - 1);
    source.define("SIZE", d.intAttr("size", 1));
    source.define("BETA_IS_3_4", d.floatAttr("beta", 0.75) == 0.75);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    const DeviceShape s{static_cast<int32_t>(shape.rows()), static_cast<int32_t>(shape.columns()),
                        static_cast<float>(d.floatAttr("alpha", 1e-4)), static_cast<float>(d.floatAttr("beta", 0.75)), static_cast<float>(d.floatAttr("bias", 1))};
    const auto vector = static_cast<int64_t>(Epilogue::storeVector(d));
    const bool reaches = d.intAttr("size", 1) <= 2 * vector;  // windows end within the neighbouring vectors
    return {std::move(source), [shape, s, epilogue, device, vector, reaches](const KernelArgs& args) {
                const TensorView& x = args.inputs[0];
                LaunchSpec spec;
                spec.dependent = true;
                const bool vectors = reaches && x.strides[1] == 1 && alignedVectors(x, 1, vector);
                spec.entry = vectors ? "lrn_vector" : "lrn";
                spec.block = {vectors ? 128U : 256U, 1, 1};
                spec.grid = gridFor(static_cast<int64_t>(s.rows) * s.columns, static_cast<int>(spec.block[0]), device, vectors ? vector : 1);
                Epilogue::addOperand(spec.params, x, shape);
                spec.params.add(s);
                epilogue.addParams(spec.params, args);
                return std::vector{spec};
            }};
}

SINTER_CUDA_KERNEL(lrn)({.name = "any_lrn__cuda", .op = "LRN", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
