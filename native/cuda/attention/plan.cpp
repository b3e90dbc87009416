#include "cuda/attention/plan.h"

#include "cuda/codegen/types.h"

namespace sinter::cuda::attention {

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
    p.type = type;
    for (size_t a = 0; a + 2 < r; ++a) {
        if (y[a] != q[a] || (k[a] != q[a] && k[a] != 1) || (v[a] != q[a] && v[a] != 1)) return std::nullopt;
    }
    if (r > 3) p.batch = q[0];
    if (r > 2) p.heads = q[r - 3];
    p.keyBatches = r > 3 && k[0] > 1;
    p.keyHeads = r > 2 && k[r - 3] > 1;
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

bool aligned(const DeviceOperand& o, DType type) {
    const auto elements = static_cast<int32_t>(16 / dtypeSize(type));
    return o.column == 1 && o.row % elements == 0 && o.head % elements == 0 && o.batch % elements == 0 && reinterpret_cast<uintptr_t>(o.data) % 16 == 0;
}

TacticInfo anyOperands(const LayerDesc& d) {
    TacticInfo info;
    info.inputLayouts.assign(d.inputs.size(), "");
    info.inputViews.assign(d.inputs.size(), 1);
    info.packing.resize(d.inputs.size());
    info.outputLayouts = {""};
    info.outputViews = {1};
    return info;
}

void definePlan(Source& source, const Plan& p) {
    source.define("OPERAND", p.type == DType::F16 ? 0 : p.type == DType::BF16 ? 1 : 4);
    source.define("HEADS", p.heads);
    source.define("QUERIES", p.queries);
    source.define("KEYS", p.keys);
    source.define("DEPTH", p.depth);
    source.define("MASK", p.mask);
    source.define("MASK_ROWS", p.maskRows ? 1 : 0);
}

}  // namespace sinter::cuda::attention
