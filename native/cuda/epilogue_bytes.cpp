#include "cuda/epilogue_bytes.h"

#include <algorithm>
#include <cmath>

#include "cuda/codegen/affine.h"
#include "cuda/codegen/types.h"

namespace sinter::cuda {
namespace {

bool isByte(const TensorInfo& t) { return t.quantized() && t.scale.size() == 1 && (t.dtype == DType::I8 || t.dtype == DType::U8); }

/// A residual byte becomes the float 2^15 + byte, of signed ones + 128: its bits are put together, not converted.
constexpr double kByteFloat = 32768;

}  // namespace

std::optional<std::string> byteEpilogue(const LayerDesc& layer, const ByteOperands& operands) {
    if (layer.outputs.size() != 1 || !isByte(layer.outputs[0])) return std::nullopt;
    const auto form = affineClampOf(layer.program);
    const size_t count = operands.residuals.size();
    if (!form || form->factors.size() != count + 1 || form->factors[0] == 0) return std::nullopt;
    const TensorInfo& out = layer.outputs[0];
    const double inverse = static_cast<double>(1.0F / static_cast<float>(out.scale[0])), zero = static_cast<double>(out.zeroPoint);
    const bool isSigned = out.dtype == DType::I8;
    const double least = std::max((isSigned ? -128 : 0) - zero, form->least * inverse), most = std::min((isSigned ? 127 : 255) - zero, form->most * inverse);
    // In units of `range` above `least` the result lies between 0 and 1, to which an instruction saturates for nothing.
    const double range = most - least;
    if (!(range > 0) || std::nearbyint(least) != least) return std::nullopt;
    const double unit = inverse / range;

    const auto text = [](double v) { return literal(v, "float"); };
    const auto at = [](int k) { return "e.operands[" + std::to_string(k) + "]"; };
    double start = form->constant * unit - least / range;
    std::string residuals, sums;
    for (size_t i = 0; i < count; ++i) {
        const TensorInfo& t = layer.inputs[layer.opInputs + i];
        if (!isByte(t) || t.dims != out.dims || operands.residuals[i] < 0) return std::nullopt;
        const double factor = form->factors[i + 1] * t.scale[0] * unit;
        start -= static_cast<double>(static_cast<float>(factor)) * (kByteFloat + (t.dtype == DType::I8 ? 128 : 0) + static_cast<double>(t.zeroPoint));
        const std::string index = std::to_string(i), o = at(operands.residuals[i]);
        residuals += "    load_vec<V / 4>(reinterpret_cast<const uint32_t*>(static_cast<const unsigned char*>(" + o + ".data) + static_cast<int64_t>(row) * " + o + ".row + column), r[" + index + "]);\n";
        sums += "        y = " + std::string(i + 1 == count ? "saturated_sum" : "fmaf") + "(byte_above<" + (t.dtype == DType::I8 ? "true" : "false") + ">(r[" + index + "], i), " + text(factor) + ", y);\n";
    }

    std::string s = "#define SINTER_EPILOGUE_BYTES 1\n#define SINTER_EPILOGUE_RESIDUALS " + std::to_string(count) + "\n";
    s += "constexpr int kResiduals = " + std::to_string(std::max<size_t>(count, 1)) + ";\nstruct EpilogueColumns {\n    float factor[4], start[4];\n};\n";
    s += "SINTER_DEVICE void epilogue_columns(const EpilogueParams& e, int column, EpilogueColumns& c) {\n";
    const auto vector = [&](int k, const char* name) { s += std::string("    float ") + name + "[4];\n    load_vec<4>(static_cast<const float*>(" + at(k) + ".data) + column, " + name + ");\n"; };
    if (operands.scale >= 0) vector(operands.scale, "scale");
    if (operands.bias >= 0) vector(operands.bias, "bias");
    const double factor = form->factors[0] * unit;
    s += "#pragma unroll\n    for (int i = 0; i < 4; ++i) {\n        c.factor[i] = " + (operands.scale >= 0 ? "scale[i] * " + text(factor) : text(factor * operands.alpha)) + ";\n";
    s += "        c.start[i] = " + (operands.bias >= 0 ? "fmaf(bias[i], " + text(factor) + ", " + text(start) + ")" : text(start)) + ";\n    }\n}\n";
    s += "SINTER_DEVICE uint32_t epilogue_word(const EpilogueColumns& c, const float (&sums)[4], const uint32_t (&r)[kResiduals]) {\n";
    s += "    uint32_t bits[4];\n#pragma unroll\n    for (int i = 0; i < 4; ++i) {\n";
    s += std::string("        float y = ") + (count == 0 ? "saturated_sum" : "fmaf") + "(sums[i], c.factor[i], c.start[i]);\n" + sums;
    s += "        bits[i] = __float_as_uint(fmaf(y, " + text(range) + ", kMantissa + " + text(least + zero) + "));\n    }\n    return low_bytes(bits[0], bits[1], bits[2], bits[3]);\n}\n";
    s += "template <int V> SINTER_DEVICE void epilogue_residuals(const EpilogueParams& e, int row, int column, uint32_t (&r)[kResiduals][V / 4]) {\n" + residuals + "}\n";
    const std::string o = at(operands.output);
    s += "template <int V> SINTER_DEVICE void epilogue_store_words(const EpilogueParams& e, int row, int column, const uint32_t (&words)[V / 4]) {\n";
    s += "    store_vec<V / 4>(reinterpret_cast<uint32_t*>(static_cast<unsigned char*>(" + o + ".data) + static_cast<int64_t>(row) * " + o + ".row + column), words);\n}\n";
    return s;
}

}  // namespace sinter::cuda
