// Fused attention on Hopper for many heads of few keys (attention_heads.cu).
#include <algorithm>
#include <cmath>

#include "cuda/attention/maps.h"

namespace sinter::cuda::attention {
namespace {

constexpr int kSteps[] = {112, 96, 80, 64};  ///< keys of a step

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t groupsOf(const Plan& p) { return ceilDiv(p.queries, 64); }
/// Rows of keys in shared memory: whole steps, the last one as wide as there are keys.
int64_t keyRows(const Plan& p, int step) {
    const int64_t before = (ceilDiv(p.keys, step) - 1) * step;
    return before + ceilDiv(p.keys - before, 16) * 16;
}
/// As in attention_heads.cu: two heads at a time.
uint32_t sharedBytes(const Plan& p, int step) {
    return static_cast<uint32_t>(1024 + 2 * (groupsOf(p) * 64 * p.depth * 2 + 2 * ceilDiv(keyRows(p, step) * p.depth * 2, 1024) * 1024));
}

double estimate(const Plan& p, int step, const DeviceProperties& device) {
    // Microseconds: the exponentials and products of a head, or its way from memory; heads follow one another on a multiprocessor.
    const double heads = static_cast<double>(p.batch * p.heads), turns = std::ceil(heads / device.multiprocessors);
    const double work = 64.0 * static_cast<double>(groupsOf(p) * keyRows(p, step)) * (1 / 26e3 + static_cast<double>(p.depth) / 1.7e6) * (1 + 0.05 * static_cast<double>(ceilDiv(p.keys, step) - 1));
    const double traffic = heads * static_cast<double>((p.queries + p.keys) * p.depth * 4) / device.bytesPerNs / 1000;
    return 1000 * (3.0 + std::max(turns * work, traffic) + 0.3 * std::min(turns * work, traffic));
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, int step, DType type) {
    if (d.inputs.empty() || d.inputs[0].dtype != type) return std::nullopt;
    const auto p = planOf(d);
    if (!p || p->depth != 64 || p->mask != 0 || d.inputs[1].dims != d.inputs[2].dims) return std::nullopt;
    // All of a head at once, several heads for every multiprocessor, and more keys than one step takes.
    if (p->queries <= 64 || p->queries > 256 || keyRows(*p, step) > 256 || p->keys <= step || sharedBytes(*p, step) > device.sharedPerBlock) return std::nullopt;
    if (p->batch * p->heads < 2 * device.multiprocessors) return std::nullopt;
    TacticInfo info = anyOperands(d);
    info.estimate = estimate(*p, step, device);
    return info;
}

std::vector<LaunchSpec> launches(const Plan& p, int step, float scale, const DeviceProperties& device, const KernelArgs& args) {
    const DeviceOperand q = operandOf(args.inputs[0]), k = operandOf(args.inputs[1]), v = operandOf(args.inputs[2]), y = operandOf(args.outputs[0]);
    LaunchSpec spec;
    spec.grid = {static_cast<uint32_t>(std::min<int64_t>(device.multiprocessors, p.batch * p.heads)), 1, 1};
    spec.block = {static_cast<uint32_t>(128 * groupsOf(p)), 1, 1};
    spec.dynamicShared = sharedBytes(p, step);
    spec.dependent = true;
    if (aligned(q, p.type) && aligned(k, p.type) && aligned(v, p.type) && aligned(y, p.type)) {
        const int64_t heads = p.keyHeads ? p.heads : 1, batches = p.keyBatches ? p.batch : 1;
        const int rows = static_cast<int>(keyRows(p, step));
        spec.entry = "attention_heads_aligned";
        spec.params.add(mapOf(q, p.type, p.depth, p.queries, p.heads, p.batch, static_cast<int>(64 * groupsOf(p))));
        spec.params.add(mapOf(k, p.type, p.depth, p.keys, heads, batches, rows)).add(mapOf(v, p.type, p.depth, p.keys, heads, batches, rows));
    } else {
        spec.entry = "attention_heads_strided";
        spec.params.add(q).add(k).add(v);
    }
    spec.params.add(y).add(scale);
    return {spec};
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, int step) {
    const Plan p = *planOf(d);
    Source source;
    source.file = "attention_heads.cu";
    source.architectureSpecific = true;
    definePlan(source, p);
    source.define("TASKS", p.batch * p.heads);
    source.define("KEY_HEADS", p.keyHeads ? 1 : 0);
    source.define("KEY_BATCHES", p.keyBatches ? 1 : 0);
    source.define("GROUPS", groupsOf(p));
    source.define("BLOCK_KEYS", step);
    const auto scale = static_cast<float>(d.floatAttr("scale", 1));
    return {std::move(source), [p, step, scale, device](const KernelArgs& args) { return launches(p, step, scale, device, args); }};
}

std::vector<KernelRow> allRows() {
    std::vector<KernelRow> rows;
    for (const DType type : {DType::F16, DType::BF16}) {
        for (const int step : kSteps) {
            KernelRow row;
            row.name = std::string(type == DType::F16 ? "f16" : "bf16") + "_attention__sm90_heads_" + std::to_string(step);
            row.op = "Attention";
            row.leastArch = row.mostArch = 90;
            row.supports = [step, type](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, step, type); };
            row.make = [step](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, step); };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(attention_heads)(allRows());

}  // namespace
}  // namespace sinter::cuda::attention
