#include "cpu/reference/program_ops.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_map>

namespace sinter::ref {

std::optional<OpTraits> findOp(std::string_view name) {
    using enum Program::Op;
    static const std::unordered_map<std::string_view, OpTraits> table = [] {
        std::unordered_map<std::string_view, OpTraits> t;
#define SINTER_OP(name, args, floats, ints) t.emplace(#name, OpTraits{name, args, floats, ints})
        SINTER_OP(Const, 0, true, true);
        SINTER_OP(Identity, 1, true, true);
        SINTER_OP(Cast, 1, true, true);
        SINTER_OP(Where, 3, true, true);
        SINTER_OP(Clip, 3, true, true);
        SINTER_OP(Add, 2, true, true);
        SINTER_OP(Sub, 2, true, true);
        SINTER_OP(Mul, 2, true, true);
        SINTER_OP(Div, 2, true, true);
        SINTER_OP(Pow, 2, true, true);
        SINTER_OP(Min, 2, true, true);
        SINTER_OP(Max, 2, true, true);
        SINTER_OP(Mod, 2, true, true);
        SINTER_OP(PRelu, 2, true, true);
        SINTER_OP(And, 2, false, true);
        SINTER_OP(Or, 2, false, true);
        SINTER_OP(Xor, 2, false, true);
        SINTER_OP(BitwiseAnd, 2, false, true);
        SINTER_OP(BitwiseOr, 2, false, true);
        SINTER_OP(BitwiseXor, 2, false, true);
        SINTER_OP(BitShift, 2, false, true);
        SINTER_OP(Equal, 2, true, true);
        SINTER_OP(Less, 2, true, true);
        SINTER_OP(LessOrEqual, 2, true, true);
        SINTER_OP(Greater, 2, true, true);
        SINTER_OP(GreaterOrEqual, 2, true, true);
        SINTER_OP(Abs, 1, true, true);
        SINTER_OP(Neg, 1, true, true);
        SINTER_OP(Sign, 1, true, true);
        SINTER_OP(Relu, 1, true, true);
        SINTER_OP(Not, 1, false, true);
        SINTER_OP(BitwiseNot, 1, false, true);
        SINTER_OP(LeakyRelu, 1, true, false);
        SINTER_OP(Shrink, 1, true, true);
        SINTER_OP(Exp, 1, true, false);
        SINTER_OP(Log, 1, true, false);
        SINTER_OP(Sqrt, 1, true, false);
        SINTER_OP(Reciprocal, 1, true, false);
        SINTER_OP(Floor, 1, true, false);
        SINTER_OP(Ceil, 1, true, false);
        SINTER_OP(Round, 1, true, false);
        SINTER_OP(Erf, 1, true, false);
        SINTER_OP(Sigmoid, 1, true, false);
        SINTER_OP(Tanh, 1, true, false);
        SINTER_OP(Softplus, 1, true, false);
        SINTER_OP(Softsign, 1, true, false);
        SINTER_OP(Mish, 1, true, false);
        SINTER_OP(HardSwish, 1, true, false);
        SINTER_OP(Sin, 1, true, false);
        SINTER_OP(Cos, 1, true, false);
        SINTER_OP(Tan, 1, true, false);
        SINTER_OP(Asin, 1, true, false);
        SINTER_OP(Acos, 1, true, false);
        SINTER_OP(Atan, 1, true, false);
        SINTER_OP(Sinh, 1, true, false);
        SINTER_OP(Cosh, 1, true, false);
        SINTER_OP(Asinh, 1, true, false);
        SINTER_OP(Acosh, 1, true, false);
        SINTER_OP(Atanh, 1, true, false);
        SINTER_OP(Elu, 1, true, false);
        SINTER_OP(Celu, 1, true, false);
        SINTER_OP(ThresholdedRelu, 1, true, false);
        SINTER_OP(Selu, 1, true, false);
        SINTER_OP(HardSigmoid, 1, true, false);
        SINTER_OP(Gelu, 1, true, false);
        SINTER_OP(IsNaN, 1, true, false);
        SINTER_OP(IsInf, 1, true, false);
#undef SINTER_OP
        return t;
    }();
    const auto it = table.find(name);
    return it == table.end() ? std::nullopt : std::optional(it->second);
}

namespace {
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double gelu(double x, bool tanhForm) {
    if (!tanhForm) return 0.5 * x * (1.0 + std::erf(x / std::numbers::sqrt2));
    return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}
}  // namespace

double unaryFloat(Program::Op op, double x, double p0, double p1) {
    using enum Program::Op;
    switch (op) {
        case Abs: return std::fabs(x);
        case Neg: return -x;
        case Sign: return std::isnan(x) ? x : static_cast<double>(x > 0) - static_cast<double>(x < 0);
        case Relu: return x < 0 ? 0.0 : x;
        case LeakyRelu: return x < 0 ? p0 * x : x;
        case Shrink: return x < -p0 ? x + p1 : x > p0 ? x - p1 : 0.0;
        case Exp: return std::exp(x);
        case Log: return std::log(x);
        case Sqrt: return std::sqrt(x);
        case Reciprocal: return 1.0 / x;
        case Floor: return std::floor(x);
        case Ceil: return std::ceil(x);
        case Round: return std::nearbyint(x);  // default mode: half to even
        case Erf: return std::erf(x);
        case Sigmoid: return sigmoid(x);
        case Tanh: return std::tanh(x);
        case Softplus: return std::isnan(x) ? x : softplus(x);
        case Softsign: return x / (1.0 + std::fabs(x));
        case Mish: return std::isnan(x) ? x : x * std::tanh(softplus(x));
        case HardSwish: return x * std::max(0.0, std::min(1.0, x / 6.0 + 0.5));
        case Sin: return std::sin(x);
        case Cos: return std::cos(x);
        case Tan: return std::tan(x);
        case Asin: return std::asin(x);
        case Acos: return std::acos(x);
        case Atan: return std::atan(x);
        case Sinh: return std::sinh(x);
        case Cosh: return std::cosh(x);
        case Asinh: return std::asinh(x);
        case Acosh: return std::acosh(x);
        case Atanh: return std::atanh(x);
        case Elu: return x < 0 ? p0 * std::expm1(x) : x;
        case Celu: return x < 0 ? p0 * std::expm1(x / p0) : x;
        case ThresholdedRelu: return x > p0 ? x : 0.0;
        case Selu: return x > 0 ? p1 * x : p1 * p0 * std::expm1(x);
        case HardSigmoid: {
            const double y = p0 * x + p1;
            return y < 0 ? 0.0 : y > 1 ? 1.0 : y;
        }
        case Gelu: return gelu(x, p0 != 0);
        default: return x;
    }
}

}  // namespace sinter::ref
