#include "cpu/matmul/epilogue.h"

#include <algorithm>

namespace sinter::gemm {
namespace {

/// The [residual Add] [Relu | Clip by constants] form, where the program is exactly that.
std::optional<Epilogue> compileSimple(const LayerDesc& layer, std::span<const int64_t> result) {
    const PointwiseProgram& program = layer.program;
    Epilogue e;
    uint32_t value = 0;  // operand that the chain has reached
    bool clamped = false;
    std::vector<std::optional<float>> constants(program.inputCount + program.code.size());
    for (size_t i = 0; i < program.code.size(); ++i) {
        const PointwiseProgram::Instruction& in = program.code[i];
        const uint32_t id = program.inputCount + static_cast<uint32_t>(i);
        if (in.dtype != DType::F32) return std::nullopt;
        if (in.op == "Const") {
            constants[id] = static_cast<float>(in.params.at(0));
            continue;
        }
        if (clamped) return std::nullopt;
        if (in.op == "Add" && in.args.size() == 2 && e.residual < 0) {
            const uint32_t other = in.args[0] == value ? in.args[1] : in.args[0];
            if ((in.args[0] != value && in.args[1] != value) || other == 0 || other >= program.inputCount) return std::nullopt;
            const TensorInfo& extra = layer.inputs[layer.opInputs + other - 1];
            if (!std::equal(extra.dims.begin(), extra.dims.end(), result.begin(), result.end())) return std::nullopt;
            e.residual = static_cast<int>(other) - 1;
        } else if (in.op == "Relu" && in.args.size() == 1 && in.args[0] == value) {
            e.lo = 0;
            clamped = true;
        } else if (in.op == "Clip" && in.args.size() == 3 && in.args[0] == value && constants[in.args[1]] && constants[in.args[2]]) {
            e.lo = *constants[in.args[1]];
            e.hi = *constants[in.args[2]];
            clamped = true;
        } else {
            return std::nullopt;
        }
        value = id;
    }
    if (program.outputs.size() != 1 || program.outputs[0] != value) return std::nullopt;
    return e;
}

}  // namespace

std::optional<Numbers> numbersOf(const TensorInfo& t) {
    if (t.quantized() || (t.dtype != DType::F32 && t.dtype != DType::F16 && t.dtype != DType::BF16)) return std::nullopt;
    return numbersOf(t.dtype);
}

Numbers numbersOf(DType t) { return t == DType::F16 ? Numbers::F16 : t == DType::BF16 ? Numbers::BF16 : Numbers::F32; }

std::optional<Epilogue> compileEpilogue(const LayerDesc& layer, std::span<const int64_t> result,
                                        const simd::IsaFamily& family, bool halves) {
    if (layer.program.empty()) return Epilogue{};
    // A damaged layer may describe fewer operands than its program reads, or refer to operands that do not exist.
    if (layer.opInputs > layer.inputs.size() || layer.program.inputCount != layer.inputs.size() - layer.opInputs + 1) return std::nullopt;
    for (size_t i = 0; i < layer.program.code.size(); ++i) {
        for (const uint32_t arg : layer.program.code[i].args) {
            if (arg >= layer.program.inputCount + i) return std::nullopt;
        }
    }
    bool narrow = std::any_of(layer.outputs.begin(), layer.outputs.end(), [](const TensorInfo& o) { return numbersOf(o).value_or(Numbers::F32) != Numbers::F32; });
    for (size_t i = layer.opInputs; i < layer.inputs.size(); ++i) {
        const auto numbers = numbersOf(layer.inputs[i]);
        narrow = narrow || numbers != Numbers::F32;
        if (!numbers || (*numbers != Numbers::F32 && !halves) || layer.inputs[i].dims.size() > result.size()) return std::nullopt;
    }
    if (auto simple = compileSimple(layer, result)) return simple;
    if (narrow) return std::nullopt;
    Epilogue e;
    e.general = pointwise::Program::compile(layer.program, family);
    if (!e.general || e.general->outputs() != 1) return std::nullopt;
    return e;
}

}  // namespace sinter::gemm
