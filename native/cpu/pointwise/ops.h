#pragma once
#include <cstdint>

namespace sinter::pointwise {

/// Micro-operations of the interpreter. Truth values inside a program are 0.0f and 1.0f.
enum class Op : uint8_t {
    Copy, Abs, Neg, Exp, Log, Sqrt, Reciprocal, Floor, Ceil, Round, Sign, Erf, Relu, LeakyRelu, Elu, Celu, Selu, Sigmoid,
    Tanh, Softplus, Softsign, Mish, HardSigmoid, HardSwish, Gelu, GeluTanh, ThresholdedRelu, Shrink, Not, IsNaN,
    Add, Sub, Mul, Div, Min, Max, PRelu, Equal, Less, LessOrEqual, And, Or, Xor,
    Clip, Where, MulAdd,
    Count
};

/// Operands a, b, c are arrays of n floats, or one float where bit 0, 1, 2 of `scalars` is set. `out` may be an operand.
struct OpArgs {
    float* out;
    const float* a;
    const float* b;
    const float* c;
    int64_t n;
    unsigned scalars;
    float p0, p1;
};
using OpFn = void (*)(const OpArgs&);

/// Indexed by Op.
const OpFn* opsAvx2();
const OpFn* opsAvx512();

}  // namespace sinter::pointwise
