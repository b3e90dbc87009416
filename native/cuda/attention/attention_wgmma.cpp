// Fused attention on Hopper's warpgroup products, for float16 and bfloat16.
#include <algorithm>
#include <cmath>

#include "cuda/attention/maps.h"

namespace sinter::cuda::attention {
namespace {

struct Tile {
    int groups, keys, blocks;  ///< warpgroups of 64 queries; keys of one step; blocks wanted on a multiprocessor
};
constexpr Tile kTiles[] = {{1, 128, 4}, {1, 112, 4}, {1, 64, 4}, {2, 128, 2}, {2, 112, 2}};

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t keyBlocks(const Plan& p, const Tile& t) { return ceilDiv(p.keys, t.keys); }
/// Wider rows and masks by query take more registers, the warp that feeds long rows of keys takes a share of them.
int blocksOf(const Plan& p, const Tile& t) {
    const bool many = p.depth > 64 || p.maskRows || (t.groups == 2 && keyBlocks(p, t) > 2);
    return std::max(1, many ? t.blocks / 2 : keyBlocks(p, t) > 2 ? std::min(t.blocks, 3) : t.blocks);
}

/// As in attention_wgmma.cu.
uint32_t sharedBytes(const Plan& p, const Tile& t) {
    const int64_t slots = keyBlocks(p, t) > 1 ? 2 : 1, mask = p.mask && !p.maskRows ? keyBlocks(p, t) * t.keys * 4 : 0;
    return static_cast<uint32_t>(1024 + t.groups * 64 * p.depth * 2 + 2 * slots * t.keys * p.depth * 2 + mask);
}
uint32_t threadsOf(const Plan& p, const Tile& t) { return static_cast<uint32_t>(128 * t.groups + (keyBlocks(p, t) > 2 ? 32 : 0)); }

double estimate(const Plan& p, const Tile& t, const DeviceProperties& device) {
    const double sms = device.multiprocessors, blocks = static_cast<double>(p.batch * p.heads * ceilDiv(p.queries, 64 * t.groups));
    const double resident = std::clamp(std::floor(device.sharedPerMultiprocessor / (sharedBytes(p, t) + 1024.0)), 1.0, static_cast<double>(blocksOf(p, t)));
    const double together = std::min(resident, std::ceil(blocks / sms));
    // Microseconds: the exponentials of a multiprocessor (16 a clock) and its products bound what blocks share; the chain of one (loads,
    // then each step of keys after the last) bounds it alone.
    const double keys = static_cast<double>(ceilDiv(p.keys, 16) * 16), step = 64.0 * t.groups * keys * (1 / 26e3 + static_cast<double>(p.depth) / 1.7e6);
    const double chain = 0.8 + 0.5 * static_cast<double>(keyBlocks(p, t)) + 0.15 * t.groups;
    const double work = blocks / (sms * resident) * step * together + std::max(1.0, blocks / (sms * resident)) * chain;
    const double traffic = static_cast<double>(p.batch * p.heads * (p.queries + p.keys) * p.depth * 4) / device.bytesPerNs / 1000;
    return 1000 * (1.2 + std::max(work, traffic) + 0.3 * std::min(work, traffic));
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, DType type) {
    if (d.inputs.empty() || d.inputs[0].dtype != type) return std::nullopt;
    const auto p = planOf(d);
    if (!p || (p->depth != 64 && p->depth != 128) || d.inputs[1].dims != d.inputs[2].dims || sharedBytes(*p, t) > device.sharedPerBlock) return std::nullopt;
    if (p->queries <= 16 || p->queries <= 64 * (t.groups - 1)) return std::nullopt;
    // A block wider than the keys computes as many as there are; only one such tile is of use.
    if (p->keys <= t.keys && t.keys != 128) return std::nullopt;
    TacticInfo info = anyOperands(d);
    info.estimate = estimate(*p, t, device);
    return info;
}

std::vector<LaunchSpec> launches(const Plan& p, const Tile& t, float scale, const KernelArgs& args) {
    const DeviceOperand q = operandOf(args.inputs[0]), k = operandOf(args.inputs[1]), v = operandOf(args.inputs[2]), y = operandOf(args.outputs[0]);
    const DeviceOperand mask = p.mask ? operandOf(args.inputs[3]) : DeviceOperand{};
    LaunchSpec spec;
    spec.grid = {static_cast<uint32_t>(ceilDiv(p.queries, 64 * t.groups)), static_cast<uint32_t>(p.batch * p.heads), 1};
    spec.block = {threadsOf(p, t), 1, 1};
    spec.dynamicShared = sharedBytes(p, t);
    spec.dependent = true;
    if (aligned(q, p.type) && aligned(k, p.type) && aligned(v, p.type) && aligned(y, p.type)) {
        const int64_t heads = p.keyHeads ? p.heads : 1, batches = p.keyBatches ? p.batch : 1;
        spec.entry = "attention_aligned";
        spec.params.add(mapOf(q, p.type, p.depth, p.queries, p.heads, p.batch, 64)).add(mapOf(k, p.type, p.depth, p.keys, heads, batches, t.keys));
        spec.params.add(mapOf(v, p.type, p.depth, p.keys, heads, batches, t.keys));
    } else {
        spec.entry = "attention_strided";
        spec.params.add(q).add(k).add(v);
    }
    spec.params.add(y).add(mask).add(scale);
    return {spec};
}

Specialization make(const LayerDesc& d, const Tile& t) {
    const Plan p = *planOf(d);
    Source source;
    source.file = "attention_wgmma.cu";
    source.architectureSpecific = true;
    definePlan(source, p);
    source.define("KEY_HEADS", p.keyHeads ? 1 : 0);
    source.define("KEY_BATCHES", p.keyBatches ? 1 : 0);
    source.define("GROUPS", t.groups);
    source.define("BLOCK_KEYS", t.keys);
    source.define("MIN_BLOCKS", blocksOf(p, t));
    const auto scale = static_cast<float>(d.floatAttr("scale", 1));
    return {std::move(source), [p, t, scale](const KernelArgs& args) { return launches(p, t, scale, args); }};
}

std::vector<KernelRow> allRows() {
    std::vector<KernelRow> rows;
    for (const DType type : {DType::F16, DType::BF16}) {
        for (const Tile& t : kTiles) {
            KernelRow row;
            row.name = std::string(type == DType::F16 ? "f16" : "bf16") + "_attention__sm90_wgmma_" + std::to_string(64 * t.groups) + "x" + std::to_string(t.keys);
            row.op = "Attention";
            row.leastArch = row.mostArch = 90;
            row.supports = [t, type](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, type); };
            row.make = [t](const LayerDesc& d, const DeviceProperties&) { return make(d, t); };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(attention_wgmma)(allRows());

}  // namespace
}  // namespace sinter::cuda::attention
