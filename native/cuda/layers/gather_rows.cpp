// Gather on axis 0 with a program: an embedding that is scaled, or added to its position, while it is read.
#include "core/index_error.h"
#include "cuda/codegen/types.h"
#include "cuda/epilogue.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

/// As in gather_rows.cu.
struct DeviceRows {
    int64_t extent = 0;
    int32_t inner = 1, rows = 0, columns = 0;
};

ResultShape resultShape(const LayerDesc& d) { return {d.outputs[0].dims, d.outputs[0].dims.size() - 1}; }

/// Columns that a thread reads at once: 16 bytes where rows are a multiple of that.
int64_t vectorOf(const LayerDesc& d) {
    const auto wide = static_cast<int64_t>(16 / dtypeSize(d.inputs[0].dtype));
    return d.inputs[0].dims.back() % wide == 0 ? wide : 1;
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (d.program.empty() || d.opInputs != 2 || d.inputs.size() < 2 || d.outputs.size() != 1 || !storable(d) || !wellFormed(d)) return std::nullopt;
    const TensorInfo &x = d.inputs[0], &indices = d.inputs[1];
    if (x.dtype != DType::F32 && x.dtype != DType::F16 && x.dtype != DType::BF16) return std::nullopt;
    if (indices.dtype != DType::I64 && indices.dtype != DType::I32) return std::nullopt;
    if (d.intAttr("axis", 0) != 0 || x.quantized() || x.dims.size() < 2 || x.count() == 0 || d.outputs[0].count() == 0) return std::nullopt;
    if (!Epilogue::of(d, resultShape(d), {.constantShape = false})) return std::nullopt;
    TacticInfo info = anyStrides(d);
    for (size_t i = 0; i < 2; ++i) {  // read dense
        info.inputViews[i] = 0;
        info.inputLayouts[i] = "linear";
    }
    LayerDesc moved = d;  // only the rows that are asked for are read
    moved.inputs[0].dims = d.outputs[0].dims;
    info.estimate = moveEstimate(moved, device, 1.2);
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const ResultShape shape = resultShape(d);
    const Epilogue epilogue = *Epilogue::of(d, shape, {.constantShape = false});
    const int64_t vector = vectorOf(d);
    Source source;
    source.file = "gather_rows.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"I_T", storageType(d.inputs[1].dtype)}};
    source.define("VECTOR", vector);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    DeviceRows r;
    r.extent = d.inputs[0].dims[0];
    r.columns = static_cast<int32_t>(shape.columns());
    r.rows = static_cast<int32_t>(shape.rows());
    r.inner = static_cast<int32_t>(d.inputs[0].count() / (r.extent * r.columns));
    Specialization k;
    k.source = std::move(source);
    k.fault = indexOutside;
    k.launches = [r, vector, epilogue, device](const KernelArgs& args) {
        LaunchSpec spec;
        spec.entry = "gather_rows";
        spec.block = {256, 1, 1};
        spec.grid = gridFor(static_cast<int64_t>(r.rows) * ((r.columns + vector - 1) / vector), 256, device);
        spec.params.add(args.inputs[0].data);
        spec.params.add(args.inputs[1].data);
        spec.params.add(r);
        spec.params.add(DeviceFault{args.fault.record, args.fault.layer});
        epilogue.addParams(spec.params, args);
        return std::vector{spec};
    };
    return k;
}

SINTER_CUDA_KERNEL(gather_rows)({.name = "any_gather_rows__cuda", .op = "Gather", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
