#include "cuda/gemm/problem.h"

#include <algorithm>
#include <array>

#include "core/row_statistics.h"
#include "cuda/codegen/types.h"
#include "cuda/layers/weights.h"

namespace sinter::cuda::gemm {
namespace {

constexpr int64_t kLargest = int64_t{1} << 30;  ///< elements of x: the kernels index with 32 bits

std::optional<Operand> operandOf(const LayerDesc& d) {
    const TensorInfo &x = d.inputs[0], &w = d.inputs[1];
    if (x.quantized()) {
        // Zero points would need a correction term per column; such layers run elsewhere.
        if (x.dtype != DType::I8 || x.zeroPoint != 0 || !isIntegerProduct(d)) return std::nullopt;
        return Operand::I8;
    }
    if (w.quantized() || (w.dtype != DType::F32 && w.dtype != DType::F16 && w.dtype != DType::BF16)) return std::nullopt;
    if (x.dtype == DType::F16) return Operand::F16;
    if (x.dtype == DType::BF16) return Operand::BF16;
    if (x.dtype == DType::F32) return Operand::TF32;
    return std::nullopt;
}

std::optional<Problem> convolutionOf(const LayerDesc& d, Problem g) {
    const auto &x = d.inputs[0].dims, &w = d.inputs[1].dims;
    if (x.size() != 4 || w.size() != 4) return std::nullopt;
    const auto strides = d.intsAttr("strides"), dilations = d.intsAttr("dilations"), pads = d.intsAttr("pads");
    if (strides.size() != 2 || pads.size() != 4) return std::nullopt;
    g.convolution = true;
    g.groups = d.intAttr("group", 1);
    g.result = {d.outputs[0].dims, 1};
    for (size_t i = 1; i < d.outputs.size(); ++i) g.result.dims[1] += d.outputs[i].dims[1];
    g.images = x[0];
    g.channels = w[1];
    g.columns = g.result.dims[1] / g.groups;
    g.h = x[2];
    g.w = x[3];
    g.r = w[2];
    g.s = w[3];
    g.p = g.result.dims[2];
    g.q = g.result.dims[3];
    g.strideH = strides[0];
    g.strideW = strides[1];
    g.padTop = pads[0];
    g.padLeft = pads[1];
    if (dilations.size() == 2) {
        g.dilationH = dilations[0];
        g.dilationW = dilations[1];
    }
    g.rows = g.images * g.p * g.q;
    const auto extent = [](int64_t in, int64_t before, int64_t after, int64_t taps, int64_t dilation, int64_t stride) {
        return (in + before + after - dilation * (taps - 1) - 1) / stride + 1;
    };
    const bool consistent = w[0] == g.columns * g.groups && x[1] == g.channels * g.groups && g.result.dims[0] == g.images &&
                            g.p == extent(g.h, pads[0], pads[2], g.r, g.dilationH, g.strideH) && g.q == extent(g.w, pads[1], pads[3], g.s, g.dilationW, g.strideW);
    if (!consistent) return std::nullopt;
    return g;
}

std::optional<Problem> productOf(const LayerDesc& d, Problem g) {
    const auto &a = d.inputs[0].dims, &b = d.inputs[1].dims;
    if (a.size() < 2 || b.size() != 2 || d.intAttr("trans_a", 0) != 0) return std::nullopt;
    const size_t last = a.size() - 1;
    g.result = {d.outputs[0].dims, last};
    if (g.result.dims.size() != a.size()) return std::nullopt;
    for (size_t i = 1; i < resultCount(d); ++i) g.result.dims[last] += d.outputs[i].dims[last];
    g.rows = 1;
    for (size_t i = 0; i < last; ++i) g.rows *= a[i];
    g.images = g.rows;
    g.channels = a[last];
    g.columns = g.result.dims[last];
    const bool transposed = d.intAttr("trans_b", 0) == 1;
    if (b[transposed ? 0 : 1] != g.columns || b[transposed ? 1 : 0] != g.channels) return std::nullopt;
    if (!std::equal(a.begin(), a.end() - 1, g.result.dims.begin())) return std::nullopt;
    return g;
}

}  // namespace

const char* operandName(Operand operand) {
    switch (operand) {
        case Operand::F16: return "f16";
        case Operand::BF16: return "bf16";
        case Operand::I8: return "i8";
        case Operand::TF32: return "tf32";
        case Operand::F32: return "f32";
    }
    return "";
}

int64_t operandBytes(Operand operand) { return operand == Operand::I8 ? 1 : operand == Operand::TF32 || operand == Operand::F32 ? 4 : 2; }

DType operandStorage(Operand operand) {
    switch (operand) {
        case Operand::F16: return DType::F16;
        case Operand::BF16: return DType::BF16;
        case Operand::I8: return DType::I8;
        case Operand::TF32:
        case Operand::F32: return DType::F32;
    }
    return DType::Undefined;
}

bool Problem::operator==(const Problem& o) const {
    const auto key = [](const Problem& g) {
        return std::array{static_cast<int64_t>(g.operand), static_cast<int64_t>(g.convolution), static_cast<int64_t>(g.patches), g.images, g.rows, g.channels, g.columns, g.groups, g.h, g.w,
                          g.r, g.s, g.p, g.q, g.strideH, g.strideW, g.padTop, g.padLeft, g.dilationH, g.dilationW};
    };
    return key(*this) == key(o);
}

std::optional<Problem> geometryOf(const LayerDesc& d) {
    if ((d.op != "Conv" && d.op != "MatMul") || d.inputs.size() < 2 || d.outputs.empty()) return std::nullopt;
    if (!d.inputs[0].present() || !d.inputs[1].constant || d.inputs[0].dims.size() != d.outputs[0].dims.size()) return std::nullopt;
    const auto operand = operandOf(d);
    if (!operand || !storable(d)) return std::nullopt;
    Problem g;
    g.operand = *operand;
    const auto problem = d.op == "Conv" ? convolutionOf(d, g) : productOf(d, g);
    if (!problem || problem->rows < 1 || problem->channels < 1 || problem->columns < 1) return std::nullopt;
    if (d.inputs[0].count() > kLargest || problem->rows * problem->columns * problem->groups > kLargest) return std::nullopt;
    return problem;
}

std::optional<Problem> problemOf(const LayerDesc& d) {
    const auto g = geometryOf(d);
    if (!g || g->r > 16 || g->s > 16) return std::nullopt;
    // Images whose results are stored in 16 bits have kernels of their own (conv_stem.cu).
    if (g->operand == Operand::TF32 && g->channels <= 4 && dtypeSize(d.outputs[0].dtype) == 2) return std::nullopt;
    if (g->groups > 1 && (g->channels < 16 || g->columns % 8 != 0 || g->channels * g->bytes() % 16 != 0)) return std::nullopt;
    return g;
}

std::optional<Problem> patchesOf(const LayerDesc& d) {
    if (d.op != "Conv" || d.inputs.empty() || d.inputs[0].quantized() || d.outputs.empty()) return std::nullopt;
    auto g = geometryOf(d);
    if (!g || g->groups != 1 || g->channels > 4 || g->strideH != g->r || g->strideW != g->s || g->dilationH != 1 || g->dilationW != 1) return std::nullopt;
    for (const int64_t pad : d.intsAttr("pads")) {
        if (pad != 0) return std::nullopt;
    }
    const DType type = d.outputs[0].dtype;
    if (d.outputs[0].quantized() || (type != DType::F16 && type != DType::BF16 && type != DType::F32)) return std::nullopt;
    g->operand = type == DType::F16 ? Operand::F16 : type == DType::BF16 ? Operand::BF16 : Operand::TF32;
    if (g->reduction() * g->bytes() % 16 != 0) return std::nullopt;
    g->patches = true;
    g->convolution = false;
    g->channels = g->reduction();
    g->images = g->rows;
    g->h = g->w = g->r = g->s = g->p = g->q = g->strideH = g->strideW = 1;
    return g;
}

int64_t pixelPitch(const TensorView& x, const Problem& g) {
    if (g.patches) return g.channels;
    if (!g.convolution) {
        for (int a = x.rank - 2; a >= 0; --a) {
            if (x.dims[static_cast<size_t>(a)] > 1) return x.strides[static_cast<size_t>(a)];
        }
        return g.channels;
    }
    if (g.w > 1) return x.strides[3];
    if (g.h > 1) return x.strides[2];
    return g.images > 1 ? x.strides[0] : g.channels * g.groups;
}

void defineProblem(Source& source, const Problem& g) {
    const std::pair<const char*, int64_t> values[] = {
        {"IMAGES", g.images}, {"ROWS", g.rows},  {"H", g.h},        {"W", g.w},        {"C", g.channels},   {"K", g.columns},    {"R", g.r},          {"S", g.s},
        {"P", g.p},           {"Q", g.q},        {"SH", g.strideH}, {"SW", g.strideW}, {"PT", g.padTop},    {"PL", g.padLeft},   {"DH", g.dilationH}, {"DW", g.dilationW},
        {"GROUPS", g.groups}};
    for (const auto& [name, value] : values) source.define(std::string("CONV_") + name, value);
}

}  // namespace sinter::cuda::gemm
