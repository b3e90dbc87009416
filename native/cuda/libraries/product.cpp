#include "cuda/libraries/product.h"

#include <algorithm>
#include <vector>

#include "core/number_formats.h"

namespace sinter::cuda {
namespace {

using gemm::Operand;

DType typeOf(Operand o) {
    switch (o) {
        case Operand::F16: return DType::F16;
        case Operand::BF16: return DType::BF16;
        default: return DType::F32;
    }
}

/// Whether an input is a number per column of the result that does not change: a bias.
bool perColumn(const LayerDesc& d, const Product& p, const TensorInfo& t) {
    if (!t.constant || t.quantized() || t.dtype != DType::F32 || t.count() != p.shape.columns * p.shape.groups) return false;
    // Aligned at the last axis, as numpy does: a convolution's columns are its channels, a product's the last axis.
    const size_t rank = d.outputs[0].dims.size(), axis = p.shape.convolution ? 1 : rank - 1;
    const size_t missing = rank - std::min(rank, t.dims.size());
    return axis >= missing && t.dims[axis - missing] == p.shape.columns * p.shape.groups;
}

/// Follows the program from the product's result: sums with a bias and with a tensor, at most one each, then at most one
/// activation.
bool takeProgram(const LayerDesc& d, Product& p) {
    if (d.program.empty()) return true;
    uint32_t at = 0, next = d.program.inputCount;
    std::vector<bool> used(next, false);
    for (const auto& i : d.program.code) {
        const auto reads = [&](size_t k) { return i.args.size() > k && i.args[k] == at; };
        if (p.activation != Product::Activation::None) return false;
        if (i.op == "Add" && i.args.size() == 2 && reads(0) != reads(1)) {
            const uint32_t other = i.args[reads(0) ? 1 : 0];
            if (other == 0 || other >= d.program.inputCount || used[other]) return false;
            used[other] = true;
            const auto input = static_cast<int>(d.opInputs + other - 1);
            int& role = perColumn(d, p, d.inputs[static_cast<size_t>(input)]) ? p.bias : p.residual;
            if (role >= 0) return false;
            role = input;
        } else if (i.op == "Relu" && reads(0)) {
            p.activation = Product::Activation::Relu;
        } else if (i.op == "Gelu" && reads(0) && !i.params.empty() && i.params[0] != 0) {
            p.activation = Product::Activation::GeluTanh;
        } else {
            return false;
        }
        at = next++;
    }
    return d.program.outputs.size() == 1 && d.program.outputs[0] == at;
}

bool takeResidual(const LayerDesc& d, const Product& p) {
    if (p.residual < 0) return true;
    const TensorInfo& r = d.inputs[static_cast<size_t>(p.residual)];
    return !r.constant && !r.quantized() && r.dtype == p.result && r.dims == d.outputs[0].dims;
}

/// The weights' rows for float32 that must stay what it is (gemm's own packing rounds to TF32).
void packFloats(const LayerDesc& d, const gemm::Problem& g, const void* raw, void* packed) {
    const TensorInfo& w = d.inputs[1];
    std::vector<float> from(static_cast<size_t>(w.count()));
    castElements(w.dtype, raw, DType::F32, from.data(), from.size());
    auto* to = static_cast<float*>(packed);
    std::fill_n(to, g.columns * g.weightRow(), 0.0F);
    const bool columnsLast = !g.convolution && d.intAttr("trans_b", 0) == 0;
    for (int64_t n = 0; n < g.columns; ++n) {
        for (int64_t k = 0; k < g.channels; ++k) to[n * g.weightRow() + k] = from[static_cast<size_t>(columnsLast ? k * g.columns + n : n * g.channels + k)];
    }
}

bool exactFloats(const Product& p) { return p.operand == DType::F32 && !p.tf32; }

}  // namespace

std::optional<Product> productOf(const LayerDesc& d, bool windows) {
    const auto g = gemm::geometryOf(d);
    // INT8 with a factor per column and an INT8 result is a form that neither library offers.
    if (!g || g->operand == Operand::I8 || d.outputs.size() != 1 || (!windows && (g->groups != 1 || g->windowed()))) return std::nullopt;
    Product p;
    p.shape = *g;
    p.operand = typeOf(g->operand);
    p.tf32 = d.intAttr("fast", 0) == 1;
    p.alpha = d.op == "MatMul" ? d.floatAttr("alpha", 1) : 1;
    const TensorInfo& y = d.outputs[0];
    p.result = y.dtype;
    if (y.quantized() || (y.dtype != p.operand && y.dtype != DType::F32)) return std::nullopt;
    if (d.opInputs > 2 && d.inputs[2].present()) {
        const TensorInfo& b = d.inputs[2];
        if (!b.constant || b.quantized() || b.dtype != DType::F32 || b.count() != g->columns * g->groups) return std::nullopt;
        p.bias = 2;
    }
    if (!takeProgram(d, p) || !takeResidual(d, p)) return std::nullopt;
    return p;
}

TacticInfo operandsOf(const LayerDesc& d, const Product& p) {
    const gemm::Problem& g = p.shape;
    TacticInfo info;
    Epilogue::describe(d, info, g.convolution ? "nhwc" : "linear");
    info.inputLayouts[0] = g.convolution ? "nhwc" : "linear";
    // Rows must be evenly spaced, and aligned as the algorithm was promised.
    const bool sliceable = g.convolution || d.inputs[0].dims.size() == 2;
    const auto aligned = [&](DType t) { return sliceable ? static_cast<uint32_t>(16 / dtypeSize(t)) : 0U; };
    info.inputViews[0] = aligned(p.operand);
    info.inputViews[1] = 0;
    info.outputViews[0] = aligned(p.result);
    if (p.residual >= 0) {
        info.inputLayouts[static_cast<size_t>(p.residual)] = info.outputLayouts[0];
        info.inputViews[static_cast<size_t>(p.residual)] = aligned(p.result);
    }
    info.packing[1] = gemm::packingOf(g);
    if (exactFloats(p)) info.packing[1].recipe = "cuda_krsc16_f32";
    if (p.bias >= 0) {
        info.inputViews[static_cast<size_t>(p.bias)] = 0;
        const std::string recipe = p.result == DType::F32 ? "" : "cuda_bias_" + std::string(dtypeName(p.result));
        info.packing[static_cast<size_t>(p.bias)] = {recipe, recipe.empty() ? 0 : static_cast<uint64_t>(g.columns * g.groups) * dtypeSize(p.result)};
    }
    return info;
}

void packProduct(const LayerDesc& d, const Product& p, int input, const void* raw, void* packed) {
    const gemm::Problem& g = p.shape;
    if (input == 1 && exactFloats(p)) return packFloats(d, g, raw, packed);
    if (input == 1) return gemm::packWeights(d, g, raw, packed);
    castElements(DType::F32, raw, p.result, packed, static_cast<size_t>(g.columns * g.groups));
}

int64_t rowPitch(const TensorView& v, bool convolution, int64_t columns) {
    if (convolution) {
        for (const int a : {3, 2, 0}) {
            if (v.dims[static_cast<size_t>(a)] > 1) return v.strides[static_cast<size_t>(a)];
        }
        return columns;
    }
    for (int a = v.rank - 2; a >= 0; --a) {
        if (v.dims[static_cast<size_t>(a)] > 1) return v.strides[static_cast<size_t>(a)];
    }
    return columns;
}

double productEstimate(const LayerDesc& d, const Product& p, const DeviceProperties& device) {
    double bytes = 0;
    for (const auto* list : {&d.inputs, &d.outputs}) {
        for (const TensorInfo& t : *list) bytes += t.present() ? static_cast<double>(t.count()) * static_cast<double>(dtypeSize(t.dtype)) : 0;
    }
    // Operations of one multiprocessor and clock: tensor cores of the generation, or 128 multiply-adds in float32.
    const double half = device.arch() >= 90 ? 4096 : device.arch() >= 80 ? 2048 : 1024;
    const double rate = p.operand != DType::F32 ? half : p.tf32 && device.arch() >= 80 ? half / 2 : 256;
    const double flops = 2.0 * static_cast<double>(p.shape.rows) * static_cast<double>(p.shape.columns * p.shape.groups) * static_cast<double>(p.shape.reduction());
    constexpr double kReached = 0.75, kLaunch = 2000;
    return kLaunch + std::max(flops / (rate * device.clockGhz * device.multiprocessors), bytes / device.bytesPerNs) / kReached;
}

}  // namespace sinter::cuda
