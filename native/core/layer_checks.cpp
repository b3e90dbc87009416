#include "core/layer_checks.h"

#include <algorithm>

#include "core/conv_max_pool.h"
#include "core/error.h"
#include "core/row_statistics.h"

namespace sinter {
namespace {

using Dims = std::vector<int64_t>;

[[noreturn]] void contradicts(const LayerDesc& l, const std::string& what) {
    throw Error(ErrorCode::Corrupt, "layer \"" + l.name + "\" (" + l.op + ") contradicts itself: " + what, l.name);
}

void require(bool holds, const LayerDesc& l, const char* what) {
    if (!holds) contradicts(l, what);
}

/// numpy: `from`, aligned at the last axis, spreads over `to`.
bool broadcasts(const Dims& from, const Dims& to) {
    if (from.size() > to.size()) return false;
    for (size_t i = 0; i < from.size(); ++i) {
        const int64_t d = from[from.size() - 1 - i];
        if (d != 1 && d != to[to.size() - 1 - i]) return false;
    }
    return true;
}

/// Shape of the whole result where the outputs are its parts along `axis`.
Dims fullShape(const LayerDesc& l, size_t axis) {
    Dims full = l.outputs[0].dims;
    if (writesStatistics(l)) {
        require(l.outputs.size() == 2 && l.outputs[1].dtype == DType::F32 && l.outputs[1].dims == statisticsDims(full), l, "its statistics are not those of its result");
        return full;
    }
    if (l.outputs.size() == 1) return full;
    const Dims splits = l.intsAttr("splits");
    require(splits.size() == l.outputs.size(), l, "its outputs are not its splits");
    require(axis < full.size(), l, "it splits an axis that is missing");
    full[axis] = 0;
    for (size_t i = 0; i < l.outputs.size(); ++i) {
        const Dims& part = l.outputs[i].dims;
        require(part.size() == full.size() && part[axis] == splits[i], l, "an output is not what its split says");
        for (size_t a = 0; a < part.size(); ++a) require(a == axis || part[a] == full[a], l, "its outputs differ in shape");
        full[axis] += splits[i];
    }
    return full;
}

void checkProgram(const LayerDesc& l, const Dims& full) {
    const auto& p = l.program;
    if (p.empty()) {
        require(l.op != "Pointwise", l, "it has no program");
        return;
    }
    const bool alone = l.op == "Pointwise";
    const size_t first = alone ? 0 : l.opInputs;
    require(p.inputCount == l.inputs.size() - first + (alone ? 0 : 1), l, "its program reads another number of operands");
    require(p.outputs.size() == (alone ? l.outputs.size() : 1), l, "its program has another number of results");
    const SeparatedProgram separated = separateRowNumbers(p);
    require(separated.numbers.empty() || (l.op == "MatMul" && statisticsFit(l, separated, full)), l, "its program reads statistics that are not those of its rows");
    for (size_t i = first; i < l.inputs.size(); ++i) {
        require(l.inputs[i].present(), l, "an operand of its program is absent");
        if (separated.isStatistics(i - first + 1) && !alone) continue;
        require(broadcasts(l.inputs[i].dims, full), l, "an operand of its program does not spread over its result");
    }
}

void checkWindow(const LayerDesc& l, const Dims& x, const Dims& kernel, size_t spatial) {
    const Dims strides = l.intsAttr("strides");
    const Dims dilations = l.intsAttr("dilations");
    const Dims pads = l.intsAttr("pads");
    require(x.size() == spatial + 2 && kernel.size() == spatial && strides.size() == spatial && pads.size() == 2 * spatial &&
                (dilations.empty() || dilations.size() == spatial),
            l, "its window has another number of dimensions");
    // Sums and products of these stay far within 64 bits.
    const auto small = [](int64_t n) { return n > -(int64_t{1} << 30) && n < int64_t{1} << 30; };
    for (const Dims* list : {&kernel, &strides, &dilations, &pads}) require(std::all_of(list->begin(), list->end(), small), l, "its window is too large");
    for (size_t i = 0; i < spatial; ++i) {
        require(kernel[i] > 0 && strides[i] > 0 && (dilations.empty() || dilations[i] > 0), l, "its window has a size or step of zero");
    }
}

void checkConv(const LayerDesc& l) {
    require(l.opInputs >= 2 && l.inputs[0].present() && l.inputs[1].present(), l, "its input or filters are absent");
    const Dims& x = l.inputs[0].dims;
    const Dims& w = l.inputs[1].dims;
    require(x.size() >= 3 && w.size() == x.size(), l, "its filters have another rank than its input");
    const Dims kernel(w.begin() + 2, w.end());
    checkWindow(l, x, kernel, x.size() - 2);
    const int64_t group = l.intAttr("group", 1);
    const Dims full = fullShape(l, 1);
    require(full.size() == x.size() && full[0] == x[0] && full[1] == w[0], l, "its result is not one channel per filter");
    require(group > 0 && x[1] % group == 0 && w[1] == x[1] / group && w[0] % group == 0, l, "its filters do not fit its input's channels");
    const Dims strides = l.intsAttr("strides");
    const Dims dilations = l.intsAttr("dilations");
    const Dims pads = l.intsAttr("pads");
    for (size_t i = 0; i < kernel.size(); ++i) {
        const int64_t dilation = dilations.empty() ? 1 : dilations[i];
        const int64_t last = (full[i + 2] - 1) * strides[i] + (kernel[i] - 1) * dilation;
        require(last < x[i + 2] + pads[i] + pads[i + kernel.size()], l, "its result is larger than its input allows");
    }
    if (l.opInputs > 2 && l.inputs[2].present()) require(l.inputs[2].count() == w[0], l, "its bias is not one number per filter");
}

void checkConvTranspose(const LayerDesc& l) {
    require(l.opInputs >= 2 && l.inputs[0].present() && l.inputs[1].present(), l, "its input or filters are absent");
    const Dims& x = l.inputs[0].dims;
    const Dims& w = l.inputs[1].dims;
    require(x.size() >= 3 && w.size() == x.size(), l, "its filters have another rank than its input");
    checkWindow(l, x, {w.begin() + 2, w.end()}, x.size() - 2);
    const int64_t group = l.intAttr("group", 1);
    const Dims full = fullShape(l, 1);
    require(full.size() == x.size() && full[0] == x[0] && w[0] == x[1], l, "its filters do not fit its input's channels");
    require(group > 0 && x[1] % group == 0 && full[1] % group == 0 && w[1] == full[1] / group, l, "its result is not one channel per filter");
    if (l.opInputs > 2 && l.inputs[2].present()) require(l.inputs[2].count() == full[1], l, "its bias is not one number per filter");
}

void checkPool(const LayerDesc& l) {
    require(l.opInputs >= 1 && l.inputs[0].present(), l, "its input is absent");
    const Dims& x = l.inputs[0].dims;
    const Dims& y = l.outputs[0].dims;
    require(x.size() >= 3 && y.size() == x.size() && y[0] == x[0] && y[1] == x[1], l, "its result has other channels than its input");
    for (const TensorInfo& o : l.outputs) require(o.dims == y, l, "its indices have another shape than its values");
    const Dims kernel = l.intsAttr("kernel_shape"), strides = l.intsAttr("strides"), dilations = l.intsAttr("dilations"), pads = l.intsAttr("pads");
    checkWindow(l, x, kernel, x.size() - 2);
    for (size_t i = 0; i < kernel.size(); ++i) {
        // Rounded up, the last window may begin within the input and end a step beyond the padding.
        const int64_t reach = (kernel[i] - 1) * (dilations.empty() ? 1 : dilations[i]);
        require(reach < x[i + 2] + pads[i] + pads[i + kernel.size()] + strides[i], l, "its window is larger than its input");
    }
}

void checkMatMul(const LayerDesc& l) {
    require(l.opInputs >= 2 && l.inputs[0].present() && l.inputs[1].present(), l, "an operand is absent");
    const Dims& a = l.inputs[0].dims;
    const Dims& b = l.inputs[1].dims;
    if (a.size() < 2 || b.size() < 2) return;  // vectors: kernels look at them one by one
    const auto k = a[a.size() - (l.intAttr("trans_a", 0) ? 2 : 1)];
    const auto m = a[a.size() - (l.intAttr("trans_a", 0) ? 1 : 2)];
    require(b[b.size() - (l.intAttr("trans_b", 0) ? 1 : 2)] == k, l, "its operands share no inner dimension");
    const auto n = b[b.size() - (l.intAttr("trans_b", 0) ? 2 : 1)];
    const Dims full = fullShape(l, l.outputs[0].dims.empty() ? 0 : l.outputs[0].dims.size() - 1);
    require(full.size() >= 2 && full[full.size() - 1] == n && full[full.size() - 2] == m, l, "its result is not rows by columns");
    const Dims batch(full.begin(), full.end() - 2);
    require(broadcasts({a.begin(), a.end() - 2}, batch) && broadcasts({b.begin(), b.end() - 2}, batch), l, "its batches do not match");
    if (l.opInputs > 2 && l.inputs[2].present()) require(l.inputs[2].count() == n, l, "its bias is not one number per column");
}

}  // namespace

void checkLayerContract(const LayerDesc& l) {
    require(!l.outputs.empty() && std::all_of(l.outputs.begin(), l.outputs.end(), [](const TensorInfo& t) { return t.present(); }), l,
            "it has no output");
    require(l.opInputs <= l.inputs.size(), l, "it has more inputs than it lists");
    const bool matrix = l.op == "MatMul";
    const bool convolution = l.op == "Conv" || l.op == "ConvTranspose";
    if (l.op == "Conv") checkConv(l);
    else if (l.op == "ConvMaxPool") {
        const auto inner = convolutionIn(l);
        require(inner.has_value(), l, "its result is not the largest of each 2x2 pixels of a convolution");
        checkConv(*inner);
    }
    else if (l.op == "ConvTranspose") checkConvTranspose(l);
    else if (l.op == "MaxPool" || l.op == "AveragePool") checkPool(l);
    else if (matrix) checkMatMul(l);
    if (l.op == "Softmax") {  // a prologue: over the input
        require(l.opInputs >= 1 && l.inputs[0].dims == l.outputs[0].dims, l, "its result has another shape than its input");
    }
    if (!l.program.empty() || l.op == "Pointwise") {
        const size_t axis = convolution ? 1 : l.outputs[0].dims.empty() ? 0 : l.outputs[0].dims.size() - 1;
        checkProgram(l, matrix || convolution ? fullShape(l, axis) : l.outputs[0].dims);
    }
}

}  // namespace sinter
