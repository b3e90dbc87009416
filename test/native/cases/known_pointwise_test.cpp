#include <limits>

#include "cases/known.h"

namespace sinter::cases {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

void one(const char* op, const std::vector<double>& x, const std::vector<double>& want, std::vector<double> params = {}, DType t = DType::F32, DType to = DType::Undefined) {
    if (to == DType::Undefined) to = t;
    const auto n = static_cast<int64_t>(x.size());
    expect(Builder("Pointwise").input({n}, t).output({n}, to).step(op, {0}, std::move(params), to).values(0, x).name(op), {want});
}
void two(const char* op, const std::vector<double>& a, const std::vector<double>& b, const std::vector<double>& want, std::vector<double> params = {}, DType t = DType::F32, DType to = DType::Undefined,
         DType second = DType::Undefined) {
    if (to == DType::Undefined) to = t;
    if (second == DType::Undefined) second = t;
    const auto n = static_cast<int64_t>(a.size());
    expect(Builder("Pointwise").input({n}, t).input({n}, second).output({n}, to).step(op, {0, 1}, std::move(params), to).values(0, a).values(1, b).name(op), {want});
}

TEST_CASE("known answers: pointwise floats") {
    one("Relu", {-1, 0, 2, kNan}, {0, 0, 2, kNan});
    one("Abs", {-1.5, 2}, {1.5, 2});
    one("Sign", {-3, 0, 4, kNan}, {-1, 0, 1, kNan});
    one("Round", {0.5, 1.5, 2.5, -0.5, -2.5, 2.7}, {0, 2, 2, 0, -2, 3});
    one("Floor", {-1.5, 1.5}, {-2, 1});
    one("Ceil", {-1.5, 1.5}, {-1, 2});
    one("Exp", {0, 1}, {1, 2.718281828});
    one("Sigmoid", {-100, 0, 1}, {0, 0.5, 0.7310585786});
    one("HardSigmoid", {-10, 0, 1, 10}, {0, 0.5, 0.7, 1}, {0.2, 0.5});
    one("HardSwish", {-4, -1, 0, 1, 4}, {0, -1.0 / 3, 0, 2.0 / 3, 4});
    one("LeakyRelu", {-2, 3}, {-0.2, 3}, {0.1});
    one("Elu", {-1, 3}, {2 * (std::exp(-1.0) - 1), 3}, {2});
    one("Celu", {-1, 3}, {2 * (std::exp(-0.5) - 1), 3}, {2});
    one("Selu", {-1, 0, 1}, {-3.7927232, 0, 3}, {2, 3});
    one("ThresholdedRelu", {-1, 2, 2.2}, {0, 0, 2.2}, {2});
    one("Softplus", {-1, 0, 1000}, {0.3132616875, 0.6931471806, 1000});
    one("Softsign", {-1, 0, 3}, {-0.5, 0, 0.75});
    one("Mish", {-1, 0, 2}, {-0.3034014613, 0, 1.943958962});
    one("Gelu", {-1, 0, 1}, {-0.1586552539, 0, 0.8413447461}, {0});
    one("Gelu", {-1, 0, 1}, {-0.1588079929, 0, 0.8411920071}, {1});
    one("Erf", {-1, 0.5}, {-0.8427007929, 0.5204998778});
    one("Shrink", {-2, -1, 0, 1, 2}, {-1.25, 0, 0, 0, 1.25}, {1.5, -0.75 + 1.5});
    one("Reciprocal", {4, -0.5}, {0.25, -2});
    one("Log", {1, 0, -1}, {0, -kInf, kNan});
    one("Sqrt", {9, -1}, {3, kNan});
    one("Acosh", {10, 1}, {2.993222846, 0});
    one("Atanh", {-0.5, 0.5}, {-0.5493061443, 0.5493061443});
    one("IsNaN", {1, kNan, kInf}, {0, 1, 0}, {}, DType::F32, DType::Bool);
    one("IsInf", {1, kNan, kInf, -kInf}, {0, 0, 1, 1}, {}, DType::F32, DType::Bool);
    two("Min", {1, kNan, 3}, {2, 1, kNan}, {1, kNan, kNan});
    two("Max", {1, kNan, 3}, {2, 1, kNan}, {2, kNan, kNan});
    two("Mod", {-4.3, 7.2, 5.0, 4.3, -7.2, 8.0}, {2.1, -3.4, 8.0, -2.1, 3.4, 5.0}, {-0.1, 0.4, 5, 0.1, -0.4, 3}, {1});
    two("Pow", {1, 2, 3}, {4, 5, -1}, {1, 32, 1.0 / 3});
    two("Pow", {1, 2, 3}, {4, 5, 6}, {1, 32, 729}, {}, DType::F32, DType::F32, DType::I64);
    two("PRelu", {-2, 3}, {0.25, 9}, {-0.5, 3});
    two("Equal", {1, kNan, 2}, {1, kNan, 3}, {1, 0, 0}, {}, DType::F32, DType::Bool);
    expect(Builder("Pointwise").input({4}).input({}).input({}).output({4}).step("Clip", {0, 1, 2}).values(0, {-2, 0.5, 9, kNan}).values(1, {0}).values(2, {6}), {{0, 0.5, 6, kNan}});
    // float32 values between operations: 2^24 + 1 is not one of them.
    expect(Builder("Pointwise").input({1}).input({1}).output({1}).step("Add", {0, 1}).step("Sub", {2, 0}).values(0, {16777216}).values(1, {1}), {{0}});
    // float16 values are rounded when stored, not between operations.
    expect(Builder("Pointwise").input({1}, DType::F16).input({1}, DType::F16).output({1}, DType::F16).step("Add", {0, 1}, {}, DType::F16).step("Sub", {2, 0}, {}, DType::F16).values(0, {2048}).values(1, {1}), {{1}});
}

TEST_CASE("known answers: pointwise integers") {
    two("Div", {7, -7, 7, -7}, {2, 2, -2, -2}, {3, -3, -3, 3}, {}, DType::I32);
    two("Div", {7, 1}, {0, 0}, {0, 0}, {}, DType::I64);  // no crash
    two("Div", {-2147483648.0}, {-1}, {-2147483648.0}, {}, DType::I32);
    two("Mod", {-4, 7, 5, 4, -7, 8}, {2, -3, 8, -2, 3, 5}, {0, -2, 5, 0, 2, 3}, {0}, DType::I32);
    two("Mod", {-4, 7, 5, 4, -7, 8}, {2, -3, 8, -2, 3, 5}, {0, 1, 5, 0, -1, 3}, {1}, DType::I32);
    two("Add", {250, 100}, {10, 28}, {4, 128}, {}, DType::U8);
    two("Mul", {100, -128}, {2, -1}, {-56, -128}, {}, DType::I8);
    two("Sub", {0}, {1}, {4294967295.0}, {}, DType::U32);
    two("Max", {-1, 5}, {3, 2}, {3, 5}, {}, DType::I64);
    two("Pow", {2, -3, 2}, {10, 3, -1}, {1024, -27, 0}, {}, DType::I32);
    two("Pow", {2, 9}, {0.5, 0.5}, {1, 3}, {}, DType::I32, DType::I32, DType::F32);
    two("BitShift", {16, 4, 1}, {1, 2, 3}, {8, 1, 0}, {0}, DType::U8);
    two("BitShift", {-16, -1, -5, 7}, {2, 40, -1, 9}, {-4, -1, -1, 0}, {0}, DType::I8);
    two("BitShift", {16, 4, 255}, {1, 2, 9}, {32, 16, 0}, {1}, DType::U8);
    two("BitwiseAnd", {12, -1}, {10, 7}, {8, 7}, {}, DType::I32);
    two("BitwiseOr", {12, 1}, {10, 6}, {14, 7}, {}, DType::I32);
    two("BitwiseXor", {12, 5}, {10, 5}, {6, 0}, {}, DType::I32);
    one("BitwiseNot", {0, 5}, {255, 250}, {}, DType::U8);
    one("Neg", {-128, 5}, {-128, -5}, {}, DType::I8);
    one("Abs", {-7, 5}, {7, 5}, {}, DType::I64);
    one("Not", {0, 1}, {1, 0}, {}, DType::Bool);
    two("Xor", {0, 1, 1}, {1, 1, 0}, {1, 0, 1}, {}, DType::Bool);
    two("Less", {1, -1}, {2, -2}, {1, 0}, {}, DType::I64, DType::Bool);
    two("Greater", {9e18}, {1}, {1}, {}, DType::U64, DType::Bool);
}

TEST_CASE("known answers: Cast") {
    const auto cast = [](DType from, DType to, const std::vector<double>& x, const std::vector<double>& want) { one("Cast", x, want, {}, from, to); };
    cast(DType::F32, DType::I32, {1.9, -1.9, 3e9, kNan}, {1, -1, -2147483648.0, -2147483648.0});
    cast(DType::F32, DType::I64, {1.9, -1.9}, {1, -1});
    cast(DType::F32, DType::U8, {255.9, 256, 300, -1}, {255, 0, 44, 255});
    cast(DType::F32, DType::I8, {127, 128, -129}, {127, -128, 127});
    cast(DType::F32, DType::Bool, {0, 0.1, -5, kNan}, {0, 1, 1, 1});
    cast(DType::I32, DType::U8, {256, -1}, {0, 255});
    cast(DType::I64, DType::F32, {16777217}, {16777216});
    cast(DType::Bool, DType::F32, {0, 1}, {0, 1});
    cast(DType::F32, DType::F16, {65504, 65520, 1e-8, 1.0009765625, 1.00048828125}, {65504, kInf, 0, 1.0009765625, 1});
    cast(DType::F32, DType::BF16, {1.00390625, 1.01171875, 3.4e38}, {1, 1.015625, kInf});
    cast(DType::F32, DType::F8E4M3FN, {448, 1000, 0.001, 17, kNan}, {448, 448, 0.001953125, 16, kNan});
    cast(DType::F32, DType::F8E5M2, {57344, 1e6, 1.1}, {57344, 57344, 1});
    cast(DType::F16, DType::F32, {0.333251953125}, {0.333251953125});
}

}  // namespace
}  // namespace sinter::cases
