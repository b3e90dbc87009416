// LayerNorm over the last axis of evenly spaced rows (layer_norm.cu).
#include <algorithm>

#include "cuda/codegen/types.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

constexpr int kThreads[] = {32, 128, 256};  ///< of a row
constexpr int64_t kHeld = 32;               ///< elements of a thread at most

bool own(const LayerDesc& d, size_t i) { return i < d.opInputs && i < d.inputs.size() && d.inputs[i].present(); }
bool isReal(const TensorInfo& t) { return !t.quantized() && (t.dtype == DType::F32 || t.dtype == DType::F16 || t.dtype == DType::BF16); }

struct Plan {
    int64_t rows = 1, columns = 0, vector = 1;
    ResultShape shape;
};

std::optional<Plan> planOf(const LayerDesc& d, int threads) {
    if (!storable(d) || !wellFormed(d) || d.outputs.size() != 1 || d.inputs[0].dims.size() < 2 || d.inputs[0].count() == 0 || !isReal(d.inputs[0])) return std::nullopt;
    const auto& dims = d.inputs[0].dims;
    const int64_t axis = d.intAttr("axis", -1);
    if (axis != -1 && axis + 1 != static_cast<int64_t>(dims.size())) return std::nullopt;
    Plan p;
    p.columns = dims.back();
    p.rows = d.inputs[0].count() / p.columns;
    p.vector = std::min<int64_t>(16 / static_cast<int64_t>(dtypeSize(d.inputs[0].dtype)), 8);
    if (p.columns % p.vector != 0 || p.columns > kHeld * threads || p.columns < p.vector * threads / 4 || p.rows > (int64_t{1} << 30)) return std::nullopt;
    for (size_t i = 1; i < 3; ++i) {
        if (own(d, i) && (!isReal(d.inputs[i]) || d.inputs[i].count() != p.columns)) return std::nullopt;
    }
    p.shape = {d.outputs[0].dims, dims.size() - 1};
    return p;
}

std::optional<Epilogue> epilogueOf(const LayerDesc& d, const Plan& p) { return Epilogue::of(d, p.shape, {.even = true}); }

/// Rows of a block: one while that fills the card.
int64_t blockRows(const Plan& p, int threads, const DeviceProperties& device) { return threads > 32 || p.rows <= device.multiprocessors * 4 ? 1 : 4; }

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, int threads) {
    const auto p = planOf(d, threads);
    if (!p || !epilogueOf(d, *p)) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, p->shape, info, "linear");
    info.inputLayouts[0] = "linear";
    info.inputViews[0] = d.inputs[0].dims.size() == 2 ? static_cast<uint32_t>(p->vector) : 0;
    for (size_t i = 1; i < d.opInputs; ++i) info.inputViews[i] = 0;
    // Few rows: what counts is how many steps one row takes.
    const double held = static_cast<double>((p->columns + threads * p->vector - 1) / (threads * p->vector));
    info.estimate = moveEstimate(d, device) + 300 * held + (threads > 32 ? 400 : 0);
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, int threads) {
    const Plan p = *planOf(d, threads);
    const Epilogue epilogue = *epilogueOf(d, p);
    const int64_t together = blockRows(p, threads, device);
    Source source;
    source.file = "layer_norm.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}};
    if (own(d, 1)) source.defines.emplace_back("SCALE_T", storageType(d.inputs[1].dtype));
    if (own(d, 2)) source.defines.emplace_back("BIAS_T", storageType(d.inputs[2].dtype));
    source.define("HAS_SCALE", own(d, 1));
    source.define("HAS_BIAS", own(d, 2));
    source.define("ROWS", p.rows);
    source.define("COLUMNS", p.columns);
    source.define("VECTOR", p.vector);
    source.define("THREADS", threads);
    source.define("BLOCK_ROWS", together);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    const bool scaled = own(d, 1), biased = own(d, 2);
    return {std::move(source), [p, epilogue, threads, together, scaled, biased, epsilon = static_cast<float>(d.floatAttr("epsilon", 1e-5)), dependent = device.arch() >= 90](const KernelArgs& args) {
                const TensorView& x = args.inputs[0];
                int64_t pitch = p.columns;
                for (int a = x.rank - 2; a >= 0; --a) {
                    if (x.dims[a] == 1) continue;
                    pitch = x.strides[a];
                    break;
                }
                LaunchSpec spec;
                spec.entry = "layer_norm";
                spec.grid = {static_cast<uint32_t>((p.rows + together - 1) / together), 1, 1};
                spec.block = {static_cast<uint32_t>(threads * together), 1, 1};
                spec.dependent = dependent;
                spec.params.add(x.data).add(static_cast<int32_t>(pitch)).add(scaled ? args.inputs[1].data : nullptr).add(biased ? args.inputs[2].data : nullptr).add(epsilon);
                epilogue.addParams(spec.params, args);
                return std::vector{spec};
            }};
}

std::vector<KernelRow> allRows() {
    std::vector<KernelRow> rows;
    for (const int threads : kThreads) {
        rows.push_back({.name = "any_layernorm_rows__cuda_" + std::to_string(threads), .op = "LayerNorm",
                        .supports = [threads](const LayerDesc& d, const DeviceProperties& p) { return supports(d, p, threads); },
                        .make = [threads](const LayerDesc& d, const DeviceProperties& p) { return make(d, p, threads); },
                        .pack = {}});
    }
    return rows;
}

SINTER_CUDA_KERNEL(layer_norm)(allRows());

}  // namespace
}  // namespace sinter::cuda
