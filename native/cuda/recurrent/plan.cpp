#include "cuda/recurrent/plan.h"

#include <algorithm>
#include <vector>

#include "core/number_formats.h"

namespace sinter::cuda::recurrent {
namespace {

uint64_t rounded(uint64_t bytes) { return (bytes + 255) / 256 * 256; }
bool isHalf(DType t) { return t == DType::F16 || t == DType::BF16; }
bool has(const LayerDesc& d, size_t i) { return i < d.inputs.size() && d.inputs[i].present(); }

/// The layer in float32 throughout: what 16-bit storage of a float32 layer stands for.
LayerDesc widened(const LayerDesc& d) {
    LayerDesc wide = d;
    for (auto* list : {&wide.inputs, &wide.outputs}) {
        for (TensorInfo& t : *list) {
            if (isHalf(t.dtype)) t.dtype = DType::F32;
        }
    }
    return wide;
}

bool uniform(const LayerDesc& d) {
    const auto same = [&](const TensorInfo& t) { return !t.present() || t.dtype == d.inputs[0].dtype || t.dtype == DType::I32; };
    return std::all_of(d.inputs.begin(), d.inputs.end(), same) && std::all_of(d.outputs.begin(), d.outputs.end(), same);
}

LayerDesc productOf(const LayerDesc& d, const Recurrence& s, DType acc) {
    const int64_t columns = s.directions * s.gates() * s.hidden;
    LayerDesc p;
    p.name = d.name;
    p.op = "MatMul";
    p.attrs = {{"trans_a", int64_t{0}}, {"trans_b", int64_t{1}}, {"alpha", 1.0}};
    TensorInfo x, w, y;
    x.dtype = d.inputs[0].dtype;
    x.dims = {s.steps * s.batch, s.inputs};
    w.dtype = d.inputs[1].dtype;
    w.dims = {columns, s.inputs};
    w.constant = d.inputs[1].constant;
    if (w.constant && isHalf(x.dtype)) w.dtype = x.dtype;  // a build that stores x in 16 bits permits it for the matrix
    y.dtype = acc;
    y.dims = {x.dims[0], columns};
    p.inputs = {x, w};
    p.opInputs = 2;
    p.outputs = {y};
    return p;
}

/// The row with the best estimate; of those that keep float32 as it is.
void chooseRow(Plan& plan, const DeviceProperties& device) {
    for (const KernelRow* row : KernelTable::instance().find("MatMul", device)) {
        if (row->name.starts_with("tf32")) continue;
        auto info = row->supports(plan.product, device);
        if (!info || (plan.row && info->estimate >= plan.rowInfo.estimate)) continue;
        plan.row = row;
        plan.rowInfo = std::move(*info);
    }
}

std::string activationText(const Activation& a, const std::string& type) {
    const std::string alpha = literal(a.alpha, type), beta = literal(a.beta, type);
    if (a.name == "relu") return "op_relu(x)";
    if (a.name == "affine") return alpha + " * x + " + beta;
    if (a.name == "leakyrelu") return "op_leaky_relu(x, " + alpha + ")";
    if (a.name == "thresholdedrelu") return "op_thresholded_relu(x, " + alpha + ")";
    if (a.name == "scaledtanh") return alpha + " * f_tanh(" + beta + " * x)";
    if (a.name == "hardsigmoid") return "op_hard_sigmoid(x, " + alpha + ", " + beta + ")";
    if (a.name == "elu") return "op_elu(x, " + alpha + ")";
    return "op_" + a.name + "(x)";  // sigmoid, tanh, softsign, softplus
}

std::string activationsText(const Recurrence& s, const std::string& type) {
    std::string text;
    for (size_t f = 0; f < 3; ++f) {
        text += "SINTER_DEVICE acc_t activation_" + std::to_string(f) + "(int direction, acc_t x) { return ";
        const auto of = [&](size_t direction) { return activationText(s.activations[direction * s.functions() + std::min(f, s.functions() - 1)], type); };
        text += s.directions == 1 || of(0) == of(1) ? of(0) : "direction == 0 ? " + of(0) + " : " + of(1);
        text += "; }\n";
    }
    return text;
}

DeviceView viewAs(const KernelArgs& args, size_t i, bool swapped) {
    if (i >= args.inputs.size() || !args.inputs[i].present()) return {};
    DeviceView v = deviceView(args.inputs[i]);
    if (swapped) std::swap(v.strides[0], v.strides[1]);
    return v;
}
DeviceView stateOut(const KernelArgs& args, size_t i, bool swapped) {
    if (i >= args.outputs.size() || !args.outputs[i].present()) return {};
    DeviceView v = deviceView(args.outputs[i]);
    if (swapped) std::swap(v.strides[0], v.strides[1]);
    return v;
}
const void* dataOf(const KernelArgs& args, size_t i) { return i < args.inputs.size() && args.inputs[i].present() ? args.inputs[i].data : nullptr; }

}  // namespace

std::optional<Cell> cellOf(std::string_view op) {
    if (op == "LSTM") return Cell::Lstm;
    if (op == "GRU") return Cell::Gru;
    if (op == "RNN") return Cell::Rnn;
    return std::nullopt;
}

std::optional<Plan> Plan::of(const LayerDesc& d, Cell cell, const DeviceProperties& device) {
    if (d.inputs.size() < 3 || !storable(d) || !d.inputs[0].present() || !d.inputs[1].present() || !d.inputs[2].present()) return std::nullopt;
    const bool plain = uniform(d);
    if (!wellFormed(plain ? d : widened(d))) return std::nullopt;
    const auto s = Recurrence::of(d, cell);
    if (!s || s->steps < 1 || s->batch < 1 || s->inputs < 1) return std::nullopt;
    // Weights, bias and peepholes of one type; so the outputs.
    for (const size_t i : {2, 3, 7}) {
        if (has(d, i) && d.inputs[i].dtype != d.inputs[1].dtype) return std::nullopt;
    }
    const TensorInfo* first = nullptr;
    for (const TensorInfo& t : d.outputs) {
        if (!t.present()) continue;
        if (first && t.dtype != first->dtype) return std::nullopt;
        first = &t;
    }
    if (!first) return std::nullopt;
    Plan p;
    p.s = *s;
    p.acc = d.inputs[0].dtype == DType::F64 ? DType::F64 : DType::F32;
    p.state = plain ? d.inputs[0].dtype : DType::F32;
    p.product = productOf(d, *s, p.acc);
    chooseRow(p, device);
    if (!p.row) return std::nullopt;
    return p;
}

uint64_t Plan::projectedBytes() const { return rounded(static_cast<uint64_t>(product.outputs[0].count()) * dtypeSize(acc)); }
uint64_t Plan::workOffset() const { return projectedBytes() + rounded(rowInfo.workspace); }

TacticInfo Plan::tactic(const LayerDesc& d, uint64_t bytes) const {
    TacticInfo info = anyStrides(d);
    for (const size_t i : {0, 1, 2, 3, 7}) {
        if (i >= d.inputs.size()) continue;
        info.inputLayouts[i] = "linear";
        info.inputViews[i] = 0;
    }
    info.packing[1] = rowInfo.packing[1];
    info.workspace = workOffset() + bytes;
    info.estimate = rowInfo.estimate;
    return info;
}

Source Plan::source(const LayerDesc& d, std::string file) const {
    const std::string type = storageType(acc);
    const auto typeOf = [&](size_t i) { return has(d, i) ? storageType(d.inputs[i].dtype) : type; };
    Source source;
    source.file = std::move(file);
    source.defines = {{"ACC", type}, {"W_T", typeOf(2)}, {"H0_T", typeOf(5)}, {"C0_T", typeOf(6)}, {"STATE_T", storageType(state)}};
    for (const TensorInfo& t : d.outputs) {
        if (!t.present()) continue;
        source.defines.emplace_back("Y_T", storageType(t.dtype));
        break;
    }
    source.define("CELL", s.cell == Cell::Lstm ? 0 : s.cell == Cell::Gru ? 1 : 2);
    source.define("GATES", s.gates());
    source.define("HIDDEN", s.hidden);
    source.define("DIRECTIONS", s.directions);
    source.define("BATCH_FIRST", s.batchFirst);
    source.define("REVERSE", s.reverse);
    source.define("LINEAR_BEFORE_RESET", s.linearBeforeReset);
    source.define("INPUT_FORGET", s.inputForget);
    source.define("CLIPPED", s.clip > 0);
    if (s.clip > 0) source.defines.emplace_back("CLIP", literal(s.clip, type));
    source.generated.emplace_back("activations.cuh", activationsText(s, type));
    return source;
}

DeviceSequence Plan::sequence(const KernelArgs& args) const {
    DeviceSequence q;
    q.r = dataOf(args, 2);
    q.bias = dataOf(args, 3);
    q.lengths = viewAs(args, 4, false);
    q.h0 = viewAs(args, 5, s.batchFirst);
    if (s.cell == Cell::Lstm) {
        q.c0 = viewAs(args, 6, s.batchFirst);
        q.peephole = dataOf(args, 7);
    }
    q.yh = stateOut(args, 1, s.batchFirst);
    q.yc = stateOut(args, 2, s.batchFirst);
    if (!args.outputs.empty() && args.outputs[0].present()) {
        // [steps, directions, batch, hidden], or [batch, steps, directions, hidden]
        q.y = deviceView(args.outputs[0]);
        if (s.batchFirst) std::rotate(q.y.strides, q.y.strides + 1, q.y.strides + 3);
    }
    q.projected = args.workspace;
    q.work = static_cast<std::byte*>(args.workspace) + workOffset();
    q.steps = static_cast<int32_t>(s.steps);
    q.batch = static_cast<int32_t>(s.batch);
    return q;
}

Specialization Plan::project(const DeviceProperties& device) const {
    Specialization k = row->make(product, device);
    const auto inner = std::move(k.launches);
    k.launches = [inner, product = product, offset = projectedBytes()](const KernelArgs& args) {
        const auto matrix = [](const TensorInfo& t, void* data) {
            TensorView v;
            v.data = data;
            v.dtype = t.dtype;
            v.rank = 2;
            std::copy(t.dims.begin(), t.dims.end(), v.dims.begin());
            v.strides = linearStrides(t.dims);
            return v;
        };
        const std::vector<TensorView> in{matrix(product.inputs[0], args.inputs[0].data), matrix(product.inputs[1], args.inputs[1].data)};
        const std::vector<TensorView> out{matrix(product.outputs[0], args.workspace)};
        KernelArgs own;
        own.inputs = in;
        own.outputs = out;
        own.workspace = static_cast<std::byte*>(args.workspace) + offset;
        return inner(own);
    };
    return k;
}

void Plan::pack(const LayerDesc& d, const DeviceProperties& device, int, const void* raw, void* packed) {
    const auto plan = of(d, *cellOf(d.op), device);
    if (!plan) return;
    const LayerDesc& product = plan->product;
    const DType from = d.inputs[1].dtype, to = product.inputs[1].dtype;
    if (from == to) return plan->row->pack(product, 1, raw, packed);
    const auto count = static_cast<size_t>(product.inputs[1].count());
    std::vector<std::byte> converted(count * dtypeSize(to));
    for (size_t i = 0; i < count; ++i) storeElement(to, converted.data(), i, static_cast<double>(static_cast<const float*>(raw)[i]));
    plan->row->pack(product, 1, converted.data(), packed);
}

}  // namespace sinter::cuda::recurrent
