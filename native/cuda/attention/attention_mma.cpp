// Fused attention on tensor cores, for float16, bfloat16 and, as three TF32 products, float32.
#include <algorithm>
#include <cmath>
#include <optional>

#include "cuda/codegen/types.h"
#include "cuda/kernel.h"

namespace sinter::cuda {
namespace {

struct Tile {
    int warps, keys;  ///< of 16 queries each; keys of one step
};
constexpr Tile kTiles[] = {{1, 64}, {1, 128}, {2, 32}, {2, 64}, {2, 128}, {4, 32}, {4, 64}, {4, 112}, {4, 128}, {8, 64}, {8, 112}, {8, 128}};

struct Plan {
    int64_t batch = 1, heads = 1, queries = 0, keys = 0, depth = 0, bytes = 2;  ///< bytes of an element
    int mask = 0;  ///< MASK of attention_mma.cu
    bool maskRows = false;
};

std::optional<Plan> planOf(const LayerDesc& d) {
    if (d.op != "Attention" || d.opInputs < 3 || d.outputs.size() != 1 || !d.program.empty() || !storable(d)) return std::nullopt;
    const DType type = d.inputs[0].dtype;
    if (type != DType::F16 && type != DType::BF16 && type != DType::F32) return std::nullopt;
    const auto &q = d.inputs[0].dims, &k = d.inputs[1].dims, &v = d.inputs[2].dims, &y = d.outputs[0].dims;
    const size_t r = q.size();
    if (r < 2 || r > 4 || k.size() != r || v.size() != r || y.size() != r || d.outputs[0].dtype != type) return std::nullopt;
    for (size_t i = 0; i < 3; ++i) {
        if (d.inputs[i].dtype != type || d.inputs[i].quantized()) return std::nullopt;
    }
    Plan p;
    p.bytes = static_cast<int64_t>(dtypeSize(type));
    for (size_t a = 0; a + 2 < r; ++a) {
        if (y[a] != q[a] || (k[a] != q[a] && k[a] != 1) || (v[a] != q[a] && v[a] != 1)) return std::nullopt;
    }
    if (r > 3) p.batch = q[0];
    if (r > 2) p.heads = q[r - 3];
    p.queries = q[r - 2];
    p.keys = k[r - 2];
    p.depth = q[r - 1];
    if (k[r - 1] != p.depth || v[r - 1] != p.depth || y[r - 1] != p.depth || v[r - 2] != p.keys || y[r - 2] != p.queries) return std::nullopt;
    if (p.depth % 16 != 0 || p.depth > 128 || p.keys < 1 || p.batch * p.heads > 65535) return std::nullopt;
    if (d.opInputs > 3 && d.inputs[3].present()) {
        const TensorInfo& m = d.inputs[3];
        if (m.dims.size() > r) return std::nullopt;
        p.mask = m.dtype == DType::F32 ? 1 : m.dtype == DType::F16 ? 2 : m.dtype == DType::BF16 ? 3 : 0;
        if (p.mask == 0) return std::nullopt;
        p.maskRows = m.dims.size() >= 2 && m.dims[m.dims.size() - 2] != 1;
    }
    return p;
}

/// As in attention_mma.cu.
struct DeviceOperand {
    void* data = nullptr;
    int32_t batch = 0, head = 0, row = 0, column = 0;
};

DeviceOperand operandOf(const TensorView& v) {
    DeviceOperand o;
    o.data = v.data;
    int32_t* const strides[] = {&o.column, &o.row, &o.head, &o.batch};
    for (int a = 0; a < v.rank && a < 4; ++a) {
        const auto axis = static_cast<size_t>(v.rank - 1 - a);
        *strides[a] = v.dims[axis] == 1 ? 0 : static_cast<int32_t>(v.strides[axis]);
    }
    return o;
}

bool aligned(const DeviceOperand& o, int64_t bytes) {
    const auto elements = static_cast<int32_t>(16 / bytes);
    return o.column == 1 && o.row % elements == 0 && o.head % elements == 0 && o.batch % elements == 0 && reinterpret_cast<uintptr_t>(o.data) % 16 == 0;
}

uint32_t sharedBytes(const Plan& p, const Tile& t) {
    const int slots = p.keys > t.keys ? 2 : 1;
    return static_cast<uint32_t>((16 * t.warps + 2 * slots * t.keys) * (p.depth * p.bytes + 16));
}

double estimate(const Plan& p, const Tile& t, const DeviceProperties& device) {
    const double sms = device.multiprocessors, blocks = static_cast<double>(p.batch * p.heads) * std::ceil(static_cast<double>(p.queries) / (16 * t.warps));
    const double resident = std::clamp(std::min(std::floor(device.sharedPerMultiprocessor / (sharedBytes(p, t) + 1024.0)), std::floor(14.0 / t.warps)), 1.0, 16.0);
    const double together = std::min(resident, std::ceil(blocks / sms));
    // Microseconds: tensor cores and exponentials near 1.2 Mflop a microsecond, and the latency of a step on its own.
    const double step = std::max(16.0 * t.warps * t.keys * static_cast<double>(p.depth) * 4 / (p.bytes == 4 ? 0.25e6 : 1.2e6) * together, p.bytes == 4 ? 0.8 : 0.4);
    return 1000 * (1.5 + std::ceil(blocks / (sms * resident)) * (0.6 + std::ceil(static_cast<double>(p.keys) / t.keys) * step));
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, DType type) {
    if (d.inputs.empty() || d.inputs[0].dtype != type) return std::nullopt;
    const auto p = planOf(d);
    if (!p || sharedBytes(*p, t) > device.sharedPerBlock || 16 * (t.warps / 2) >= p->queries) return std::nullopt;
    if (t.keys > 64 && (p->depth > 64 || p->keys <= t.keys / 2)) return std::nullopt;  // registers; work on absent keys
    TacticInfo info;
    info.inputLayouts.assign(d.inputs.size(), "");
    info.inputViews.assign(d.inputs.size(), 1);
    info.packing.resize(d.inputs.size());
    info.outputLayouts = {""};
    info.outputViews = {1};
    info.estimate = estimate(*p, t, device);
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t) {
    const Plan p = *planOf(d);
    Source source;
    source.file = "attention_mma.cu";
    source.define("OPERAND", d.inputs[0].dtype == DType::F16 ? 0 : d.inputs[0].dtype == DType::BF16 ? 1 : 4);
    source.define("HEADS", p.heads);
    source.define("QUERIES", p.queries);
    source.define("KEYS", p.keys);
    source.define("DEPTH", p.depth);
    source.define("WARPS", t.warps);
    source.define("BLOCK_KEYS", t.keys);
    source.define("MASK", p.mask);
    source.define("MASK_ROWS", p.maskRows ? 1 : 0);
    const auto scale = static_cast<float>(d.floatAttr("scale", 1));
    return {std::move(source), [p, t, scale, dependent = device.arch() >= 90](const KernelArgs& args) {
                const DeviceOperand q = operandOf(args.inputs[0]), k = operandOf(args.inputs[1]), v = operandOf(args.inputs[2]), y = operandOf(args.outputs[0]);
                LaunchSpec spec;
                spec.entry = aligned(q, p.bytes) && aligned(k, p.bytes) && aligned(v, p.bytes) && aligned(y, p.bytes) ? "attention_aligned" : "attention_strided";
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
}  // namespace sinter::cuda
