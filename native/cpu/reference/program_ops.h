#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "cpu/reference/program.h"

namespace sinter::ref {

enum class Program::Op : uint8_t {
    Const, Identity, Cast, Where, Clip,
    // two operands
    Add, Sub, Mul, Div, Pow, Min, Max, Mod, PRelu, And, Or, Xor, BitwiseAnd, BitwiseOr, BitwiseXor, BitShift,
    Equal, Less, LessOrEqual, Greater, GreaterOrEqual,
    // one operand, integers too
    Abs, Neg, Sign, Relu, Not, BitwiseNot, LeakyRelu, Shrink,
    // one operand, floats only
    Exp, Log, Sqrt, Reciprocal, Floor, Ceil, Round, Erf, Sigmoid, Tanh, Softplus, Softsign, Mish, HardSwish, Sin, Cos, Tan,
    Asin, Acos, Atan, Sinh, Cosh, Asinh, Acosh, Atanh, Elu, Celu, ThresholdedRelu, Selu, HardSigmoid, Gelu, IsNaN, IsInf,
};

/// What an operation takes: its operand count and the domains it is defined for.
struct OpTraits {
    Program::Op op;
    int args;
    bool floats, ints;
};
std::optional<OpTraits> findOp(std::string_view name);

/// Scalar value of a one-operand floating operation, in float64.
double unaryFloat(Program::Op op, double x, double p0, double p1);

}  // namespace sinter::ref
