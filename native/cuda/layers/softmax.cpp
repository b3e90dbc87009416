// Softmax.
#include <algorithm>

#include "cuda/codegen/types.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

ResultShape shapeOf(const LayerDesc& d) {
    const auto rank = static_cast<int64_t>(d.outputs[0].dims.size());
    const int64_t axis = d.intAttr("axis", -1);
    return {d.outputs[0].dims, static_cast<size_t>(axis < 0 ? axis + rank : axis)};
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!storable(d) || !wellFormed(d) || d.outputs.size() != 1 || d.outputs[0].dims.empty() || d.inputs[0].quantized()) return std::nullopt;
    const ResultShape s = shapeOf(d);
    if (s.columnAxis >= s.dims.size() || !isFloat(d.inputs[0].dtype) || !Epilogue::of(d, s, {.constantShape = false})) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 2);
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const ResultShape shape = shapeOf(d);
    const Epilogue epilogue = *Epilogue::of(d, shape, {.constantShape = false});
    constexpr int kHeld = 8;
    Source source;
    source.file = "softmax.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}};
    source.define("HELD", kHeld);
    source.define("RESULT_AXES", static_cast<int64_t>(shape.dims.size()) - 1);
    source.define("IS_LOG", d.intAttr("log", 0) != 0);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [shape, epilogue, device](const KernelArgs& args) {
                const auto columns = static_cast<int32_t>(shape.columns());
                const auto rows = static_cast<int32_t>(shape.rows());
                LaunchSpec spec;
                spec.dependent = true;
                spec.entry = "softmax";
                uint32_t threads = 32;
                while (threads < 1024 && static_cast<int32_t>(threads * 4) < columns) threads *= 2;
                spec.block = {threads, 1, 1};
                spec.grid = gridFor(static_cast<int64_t>(rows) * threads, static_cast<int>(threads), device);
                Epilogue::addOperand(spec.params, args.inputs[0], shape);
                spec.params.add(rows).add(columns);
                epilogue.addParams(spec.params, args);
                return std::vector{spec};
            }};
}

SINTER_CUDA_KERNEL(softmax)({.name = "any_softmax__cuda", .op = "Softmax", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
