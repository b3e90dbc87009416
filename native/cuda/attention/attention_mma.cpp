// Fused attention on tensor cores, for float16, bfloat16 and, as three TF32 products, float32.
#include <algorithm>
#include <cmath>

#include "cuda/attention/plan.h"

namespace sinter::cuda::attention {
namespace {

struct Tile {
    int warps, keys;  ///< of 16 queries each; keys of one step
};
constexpr Tile kTiles[] = {{1, 64}, {1, 128}, {2, 32}, {2, 64}, {2, 128}, {4, 32}, {4, 64}, {4, 112}, {4, 128}, {8, 64}, {8, 112}, {8, 128}};

uint32_t sharedBytes(const Plan& p, const Tile& t) {
    const int slots = p.keys > t.keys ? 2 : 1;
    return static_cast<uint32_t>((16 * t.warps + 2 * slots * t.keys) * (p.depth * p.bytes() + 16));
}

double estimate(const Plan& p, const Tile& t, const DeviceProperties& device) {
    const double sms = device.multiprocessors, blocks = static_cast<double>(p.batch * p.heads) * std::ceil(static_cast<double>(p.queries) / (16 * t.warps));
    const double resident = std::clamp(std::min(std::floor(device.sharedPerMultiprocessor / (sharedBytes(p, t) + 1024.0)), std::floor(14.0 / t.warps)), 1.0, 16.0);
    const double together = std::min(resident, std::ceil(blocks / sms));
    // Microseconds: tensor cores and exponentials near 1.2 Mflop a microsecond, and the latency of a step on its own.
    const double step = std::max(16.0 * t.warps * t.keys * static_cast<double>(p.depth) * 4 / (p.type == DType::F32 ? 0.25e6 : 1.2e6) * together, p.type == DType::F32 ? 0.8 : 0.4);
    return 1000 * (1.5 + std::ceil(blocks / (sms * resident)) * (0.6 + std::ceil(static_cast<double>(p.keys) / t.keys) * step));
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, DType type) {
    if (d.inputs.empty() || d.inputs[0].dtype != type) return std::nullopt;
    const auto p = planOf(d);
    if (!p || sharedBytes(*p, t) > device.sharedPerBlock || 16 * (t.warps / 2) >= p->queries) return std::nullopt;
    if (t.keys > 64 && (p->depth > 64 || p->keys <= t.keys / 2)) return std::nullopt;  // registers; work on absent keys
    TacticInfo info = anyOperands(d);
    info.estimate = estimate(*p, t, device);
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t) {
    const Plan p = *planOf(d);
    Source source;
    source.file = "attention_mma.cu";
    definePlan(source, p);
    source.define("WARPS", t.warps);
    source.define("BLOCK_KEYS", t.keys);
    const auto scale = static_cast<float>(d.floatAttr("scale", 1));
    return {std::move(source), [p, t, scale, dependent = device.arch() >= 90](const KernelArgs& args) {
                const DeviceOperand q = operandOf(args.inputs[0]), k = operandOf(args.inputs[1]), v = operandOf(args.inputs[2]), y = operandOf(args.outputs[0]);
                LaunchSpec spec;
                spec.entry = aligned(q, p.type) && aligned(k, p.type) && aligned(v, p.type) && aligned(y, p.type) ? "attention_aligned" : "attention_strided";
                spec.grid = {static_cast<uint32_t>((p.queries + 16 * t.warps - 1) / (16 * t.warps)), static_cast<uint32_t>(p.batch * p.heads), 1};
                spec.block = {static_cast<uint32_t>(32 * t.warps), 1, 1};
                spec.dynamicShared = sharedBytes(p, t);
                spec.dependent = dependent;
                spec.params.add(q).add(k).add(v).add(y).add(p.mask ? operandOf(args.inputs[3]) : DeviceOperand{}).add(scale);
                return std::vector{spec};
            }};
}

std::vector<KernelRow> allRows() {
    std::vector<KernelRow> rows;
    for (const DType type : {DType::F16, DType::BF16, DType::F32}) {
        for (const Tile& t : kTiles) {
            KernelRow row;
            row.name = std::string(type == DType::F16 ? "f16_attention" : type == DType::BF16 ? "bf16_attention" : "f32_attention_tf32x3") + "__sm80_mma_" + std::to_string(16 * t.warps) + "x" + std::to_string(t.keys);
            row.op = "Attention";
            row.leastArch = 80;
            row.supports = [t, type](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, type); };
            row.make = [t](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, t); };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(attention_mma)(allRows());

}  // namespace
}  // namespace sinter::cuda::attention
