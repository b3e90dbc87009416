#include "cuda/codegen/program.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "cuda/codegen/types.h"

namespace sinter::cuda {
namespace {

using Instruction = PointwiseProgram::Instruction;

/// Functions of ops.cuh by operator: name, operands, and whether they exist for floats and for integers.
struct OpForm {
    const char* function;
    size_t args;
    bool floats, ints;
    int params = 0;  ///< attributes that become trailing arguments
};

const std::unordered_map<std::string, OpForm>& forms() {
    static const std::unordered_map<std::string, OpForm> table{
        {"Add", {"op_add", 2, true, true}}, {"Sub", {"op_sub", 2, true, true}}, {"Mul", {"op_mul", 2, true, true}},
        {"Div", {"op_div", 2, true, true}}, {"Min", {"op_min", 2, true, true}}, {"Max", {"op_max", 2, true, true}},
        {"Clip", {"op_clip", 3, true, true}}, {"PRelu", {"op_prelu", 2, true, true}}, {"Mod", {"op_mod", 2, true, true, 1}},
        {"And", {"op_and", 2, false, true}}, {"Or", {"op_or", 2, false, true}}, {"Xor", {"op_xor", 2, false, true}},
        {"BitwiseAnd", {"op_bitand", 2, false, true}}, {"BitwiseOr", {"op_bitor", 2, false, true}},
        {"BitwiseXor", {"op_bitxor", 2, false, true}}, {"BitShift", {"op_shift", 2, false, true, 1}},
        {"Abs", {"op_abs", 1, true, true}}, {"Neg", {"op_neg", 1, true, true}}, {"Sign", {"op_sign", 1, true, true}},
        {"Relu", {"op_relu", 1, true, true}}, {"Not", {"op_not", 1, false, true}}, {"BitwiseNot", {"op_bitnot", 1, false, true}},
        {"Identity", {"op_identity", 1, true, true}}, {"LeakyRelu", {"op_leaky_relu", 1, true, false, 1}},
        {"Shrink", {"op_shrink", 1, true, false, 2}}, {"Exp", {"op_exp", 1, true, false}}, {"Log", {"op_log", 1, true, false}},
        {"Sqrt", {"op_sqrt", 1, true, false}}, {"Reciprocal", {"op_reciprocal", 1, true, false}},
        {"Floor", {"op_floor", 1, true, false}}, {"Ceil", {"op_ceil", 1, true, false}}, {"Round", {"op_round", 1, true, false}},
        {"Erf", {"op_erf", 1, true, false}}, {"Sigmoid", {"op_sigmoid", 1, true, false}}, {"Tanh", {"op_tanh", 1, true, false}},
        {"Softplus", {"op_softplus", 1, true, false}}, {"Softsign", {"op_softsign", 1, true, false}}, {"Mish", {"op_mish", 1, true, false}},
        {"HardSwish", {"op_hard_swish", 1, true, false}}, {"Sin", {"op_sin", 1, true, false}}, {"Cos", {"op_cos", 1, true, false}},
        {"Tan", {"op_tan", 1, true, false}}, {"Asin", {"op_asin", 1, true, false}}, {"Acos", {"op_acos", 1, true, false}},
        {"Atan", {"op_atan", 1, true, false}}, {"Sinh", {"op_sinh", 1, true, false}}, {"Cosh", {"op_cosh", 1, true, false}},
        {"Asinh", {"op_asinh", 1, true, false}}, {"Acosh", {"op_acosh", 1, true, false}}, {"Atanh", {"op_atanh", 1, true, false}},
        {"Elu", {"op_elu", 1, true, false, 1}}, {"Celu", {"op_celu", 1, true, false, 1}},
        {"ThresholdedRelu", {"op_thresholded_relu", 1, true, false, 1}}, {"Selu", {"op_selu", 1, true, false, 2}},
        {"HardSigmoid", {"op_hard_sigmoid", 1, true, false, 2}}, {"Gelu", {"op_gelu", 1, true, false, 1}},
    };
    return table;
}

const char* comparison(const std::string& op) {
    if (op == "Equal") return "==";
    if (op == "Less") return "<";
    if (op == "LessOrEqual") return "<=";
    if (op == "Greater") return ">";
    if (op == "GreaterOrEqual") return ">=";
    return nullptr;
}

/// A constant of an integer type; values beyond its range mean its limits (Clip without bounds).
std::string integerLiteral(double v, DType t) {
    const std::string type = computeType(t);
    if (t == DType::Bool) return v != 0 ? "true" : "false";
    const int bits = static_cast<int>(dtypeSize(t)) * 8;
    const bool isSigned = t == DType::I8 || t == DType::I16 || t == DType::I32 || t == DType::I64;
    const double top = std::ldexp(1.0, isSigned ? bits - 1 : bits);
    const double bottom = isSigned ? -top : 0;
    if (std::isnan(v)) return "(" + type + ")0";
    if (v >= top) return "(" + type + ")" + (isSigned ? "((1ull << " + std::to_string(bits - 1) + ") - 1)" : "~0ull");
    if (v <= bottom) return "(" + type + ")" + (isSigned ? "(1ull << " + std::to_string(bits - 1) + ")" : "0");
    if (v < 0) return "(" + type + ")(" + std::to_string(static_cast<int64_t>(v)) + "ll)";
    return "(" + type + ")" + std::to_string(static_cast<uint64_t>(v)) + "ull";
}

class Generator {
public:
    Generator(const std::vector<DType>& types, const std::vector<std::string>& names) : types_(types), names_(names) {}

    bool add(const Instruction& i) {
        if (std::any_of(i.args.begin(), i.args.end(), [&](uint32_t a) { return a >= types_.size(); })) return false;
        const auto value = expression(i);
        if (!value) return false;
        const std::string name = "t" + std::to_string(types_.size());
        statements_ += "const " + computeType(i.dtype) + " " + name + " = " + *value + ";\n";
        types_.push_back(i.dtype);
        names_.push_back(name);
        return true;
    }
    const std::vector<DType>& types() const { return types_; }
    const std::vector<std::string>& names() const { return names_; }
    const std::string& statements() const { return statements_; }

private:
    std::string as(uint32_t arg, const std::string& type) const {
        if (computeType(types_[arg]) == type) return names_[arg];
        return "convert<" + type + ">(" + names_[arg] + ")";
    }

    std::optional<std::string> expression(const Instruction& i) const {
        const std::string type = computeType(i.dtype);
        if (type.empty()) return std::nullopt;
        const auto param = [&](size_t k, double fallback) { return k < i.params.size() ? i.params[k] : fallback; };
        if (i.op == "Const") {
            if (i.params.empty() || !i.args.empty()) return std::nullopt;
            return isFloat(i.dtype) ? literal(i.params[0], type) : integerLiteral(i.params[0], i.dtype);
        }
        if (i.op == "Cast") return i.args.size() == 1 ? std::optional(cast(i)) : std::nullopt;
        if (i.op == "Where" && i.args.size() == 3) return "(" + names_[i.args[0]] + " != 0 ? " + as(i.args[1], type) + " : " + as(i.args[2], type) + ")";
        if (i.op == "IsNaN" && i.args.size() == 1 && isFloat(types_[i.args[0]])) return "(" + names_[i.args[0]] + " != " + names_[i.args[0]] + ")";
        if (i.op == "IsInf" && i.args.size() == 1 && isFloat(types_[i.args[0]])) {
            return "op_isinf(" + names_[i.args[0]] + ", " + (param(0, 1) != 0 ? "true" : "false") + ", " + (param(1, 1) != 0 ? "true" : "false") + ")";
        }
        if (i.op == "Pow" && i.args.size() == 2) {
            if (isFloat(i.dtype)) return "op_pow(" + as(i.args[0], type) + ", " + as(i.args[1], type) + ")";
            if (isFloat(types_[i.args[1]])) return "convert<" + type + ">(op_pow((double)" + names_[i.args[0]] + ", (double)" + names_[i.args[1]] + "))";
            return "(" + type + ")op_powi((int64_t)" + names_[i.args[0]] + ", (int64_t)" + names_[i.args[1]] + ")";
        }
        if (const char* compare = comparison(i.op); compare && i.args.size() == 2) {
            return "(" + names_[i.args[0]] + " " + compare + " " + as(i.args[1], computeType(types_[i.args[0]])) + ")";
        }
        const auto form = forms().find(i.op);
        if (form == forms().end() || form->second.args != i.args.size()) return std::nullopt;
        const bool floats = isFloat(i.dtype);
        if (floats ? !form->second.floats : !form->second.ints) return std::nullopt;
        std::string text = std::string(form->second.function) + "<" + type + ">(";
        for (size_t k = 0; k < i.args.size(); ++k) text += (k ? ", " : "") + as(i.args[k], type);
        for (int k = 0; k < form->second.params; ++k) text += ", " + literal(param(static_cast<size_t>(k), 0), floats ? type : "float");
        return text + ")";
    }

    /// To the 16-bit floats a cast rounds, although arithmetic on them is float32.
    std::string cast(const Instruction& i) const {
        const std::string& x = names_[i.args[0]];
        const DType from = types_[i.args[0]];
        if (i.dtype == DType::F16 && from != DType::F16) return "to_float(convert<half_t>(" + x + "))";
        if (i.dtype == DType::BF16 && from != DType::BF16) return "to_float(convert<bf16_t>(" + x + "))";
        if (isFloat(from) && !isFloat(i.dtype)) return "float_to_int<" + storageType(i.dtype) + ">(" + x + ")";
        return as(i.args[0], computeType(i.dtype));
    }

    std::vector<DType> types_;
    std::vector<std::string> names_;
    std::string statements_;
};

}  // namespace

std::optional<ProgramCode> generateProgram(const PointwiseProgram& program, const std::vector<DType>& types,
                                           const std::vector<std::string>& names) {
    if (program.inputCount != types.size() || types.size() != names.size()) return std::nullopt;
    for (const DType t : types) {
        if (computeType(t).empty()) return std::nullopt;
    }
    Generator g(types, names);
    for (const Instruction& i : program.code) {
        if (!g.add(i)) return std::nullopt;
    }
    ProgramCode code;
    code.statements = g.statements();
    for (const uint32_t out : program.outputs) {
        if (out >= g.names().size()) return std::nullopt;
        code.results.push_back(g.names()[out]);
        code.resultTypes.push_back(g.types()[out]);
    }
    return code;
}

}  // namespace sinter::cuda
