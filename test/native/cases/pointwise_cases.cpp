#include <doctest/doctest.h>

#include <limits>

#include "cases/harness.h"

namespace sinter::cases {
namespace {

using Dims = std::vector<int64_t>;

struct Unary {
    const char* op;
    double low = -3, high = 3;
    std::vector<double> params{};
};

Case unary(const Unary& u, const Dims& dims, DType t) {
    // Kernels may approximate transcendental functions to a few units in the last place.
    const double tolerance = t == DType::F64 ? 1e-13 : t == DType::F16 ? 2e-3 : t == DType::BF16 ? 1e-2 : 5e-6;
    return Builder("Pointwise").input(dims, t).output(dims, t).step(u.op, {0}, u.params, t).range(u.low, u.high)
        .name(std::string(u.op) + " " + std::string(dtypeName(t)) + " " + shapeText(dims)).tolerance(tolerance).build();
}

Case binary(const std::string& op, const Dims& a, const Dims& b, const Dims& y, DType t = DType::F32, std::vector<double> params = {}) {
    const bool whole = t != DType::F32 && t != DType::F64 && t != DType::F16 && t != DType::BF16;
    return Builder("Pointwise").input(a, t).input(b, t).output(y, t).step(op, {0, 1}, std::move(params), t)
        .range(whole ? 1 : op == "Pow" ? 0.1 : -2, whole ? 60 : 2).name(op + " " + std::string(dtypeName(t)) + " " + shapeText(a) + " with " + shapeText(b))
        .tolerance(t == DType::F16 ? 2e-3 : t == DType::BF16 ? 1e-2 : 5e-6).build();
}

TEST_CASE("cases: Pointwise, one operation") {
    const Unary all[] = {{"Relu"}, {"Abs"}, {"Neg"}, {"Sign"}, {"Exp"}, {"Log", 0.01, 5}, {"Sqrt", 0, 9}, {"Reciprocal", 0.1, 4}, {"Floor"}, {"Ceil"}, {"Round"},
                         {"Erf"}, {"Sigmoid", -20, 20}, {"Tanh", -12, 12}, {"Softplus", -30, 30}, {"Softsign"}, {"Mish", -20, 20}, {"HardSwish", -6, 6}, {"Sin", -30, 30},
                         {"Cos", -30, 30}, {"Tan", -1, 1}, {"Asin", -1, 1}, {"Acos", -1, 1}, {"Atan"}, {"Sinh"}, {"Cosh"}, {"Asinh"}, {"Acosh", 1, 9},
                         {"Atanh", -0.9, 0.9}, {"LeakyRelu", -3, 3, {0.1}}, {"Elu", -3, 3, {1.5}}, {"Celu", -3, 3, {2}}, {"ThresholdedRelu", -3, 3, {0.7}},
                         {"Selu", -3, 3, {1.67326, 1.0507}}, {"HardSigmoid", -6, 6, {0.2, 0.5}}, {"Gelu", -6, 6, {0}}, {"Gelu", -6, 6, {1}}, {"Shrink", -2, 2, {0.5, 0.25}},
                         {"Identity"}};
    std::vector<Case> cases;
    for (const Unary& u : all) {
        cases.push_back(unary(u, {2, 7, 5, 9}, DType::F32));
        for (DType t : {DType::F64, DType::F16, DType::BF16}) cases.push_back(unary(u, {3, 37}, t));
    }
    for (const Dims& dims : {Dims{}, Dims{1}, Dims{1000}, Dims{1, 16, 12, 12}, Dims{2, 3, 4, 5, 6}}) cases.push_back(unary({"Relu"}, dims, DType::F32));
    for (DType t : {DType::I8, DType::I16, DType::I32, DType::I64, DType::F16})
        for (const char* op : {"Abs", "Neg", "Sign", "Relu"}) cases.push_back(unary({op, -100, 100}, {3, 37}, t));
    for (const char* op : {"IsNaN", "IsInf"})
        cases.push_back(Builder("Pointwise").input({4}).output({4}, DType::Bool).step(op, {0}, {}, DType::Bool)
                            .values(0, {0.5, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}).name(op).build());
    runCases("Pointwise, one operand", cases);
}

TEST_CASE("cases: Pointwise, broadcasting and types") {
    std::vector<Case> cases;
    const Dims y{2, 7, 5, 9};
    for (const char* op : {"Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu"}) {
        cases.push_back(binary(op, y, y, y));
        cases.push_back(binary(op, y, {7, 1, 1}, y));
        cases.push_back(binary(op, y, {}, y));
    }
    for (const Dims& b : {Dims{1}, Dims{9}, Dims{5, 1}, Dims{2, 1, 1, 1}, Dims{2, 7, 1, 1}, Dims{1, 7, 1, 9}, Dims{2, 1, 5, 1}}) {
        cases.push_back(binary("Add", y, b, y));
        cases.push_back(binary("Sub", b, y, y));
    }
    cases.push_back(binary("Mul", {4, 1}, {1, 6}, {4, 6}));
    cases.push_back(binary("Mul", {4, 1, 3}, {5, 1}, {4, 5, 3}));
    cases.push_back(binary("Add", {3, 1}, {1}, {2, 3, 5}));  // the output's own shape is wider than both
    cases.push_back(binary("Pow", y, {}, y));
    for (DType t : {DType::F64, DType::F16, DType::BF16, DType::U8, DType::I8, DType::U16, DType::I16, DType::I32, DType::U32, DType::I64, DType::U64})
        for (const char* op : {"Add", "Sub", "Mul", "Div", "Min", "Max"}) cases.push_back(binary(op, {3, 35}, {3, 1}, {3, 35}, t));
    for (DType t : {DType::I32, DType::I64, DType::U8}) {
        cases.push_back(binary("Mod", {40}, {40}, {40}, t, {0}));
        cases.push_back(binary("BitwiseAnd", {40}, {40}, {40}, t));
        cases.push_back(binary("BitwiseXor", {40}, {40}, {40}, t));
    }
    for (DType t : {DType::F32, DType::I64, DType::U8, DType::F16})
        for (const char* op : {"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"})
            cases.push_back(Builder("Pointwise").input({3, 20}, t).input({20}, t).output({3, 20}, DType::Bool).step(op, {0, 1}, {}, DType::Bool)
                                .range(0, 3).name(std::string(op) + " " + std::string(dtypeName(t))).build());
    for (const char* op : {"And", "Or", "Xor", "Equal"})
        cases.push_back(Builder("Pointwise").input({3, 20}, DType::Bool).input({20}, DType::Bool).output({3, 20}, DType::Bool).step(op, {0, 1}, {}, DType::Bool)
                            .name(std::string(op) + " bool").build());
    for (DType t : {DType::F32, DType::I64, DType::Bool})
        cases.push_back(Builder("Pointwise").input({3, 1}, DType::Bool).input({5}, t).input({3, 5}, t).output({3, 5}, t).step("Where", {0, 1, 2}, {}, t)
                            .name("Where " + std::string(dtypeName(t))).build());
    const DType types[] = {DType::F32, DType::F64, DType::F16, DType::BF16, DType::U8, DType::I8, DType::I32, DType::I64, DType::Bool};
    for (DType from : types)
        for (DType to : types)
            cases.push_back(Builder("Pointwise").input({70}, from).output({70}, to).step("Cast", {0}, {}, to).range(0, 120)
                                .name("Cast " + std::string(dtypeName(from)) + " to " + std::string(dtypeName(to))).tolerance(0).build());
    runCases("Pointwise, broadcasting and types", cases);
}

TEST_CASE("cases: Pointwise chains") {
    std::vector<Case> cases;
    for (const Dims& y : {Dims{1, 16, 9, 9}, Dims{2, 7, 5, 3}, Dims{33}, Dims{2, 12, 20}, Dims{1, 64, 8, 8}}) {
        const Dims channel = y.size() >= 3 ? Dims(y.size() - 1, 1) : Dims{1};
        Dims perChannel = channel;
        if (y.size() >= 3) perChannel[0] = y[1];
        // x · sigmoid(x)
        cases.push_back(Builder("Pointwise").input(y).output(y).step("Sigmoid", {0}).step("Mul", {0, 1}).name("silu " + shapeText(y)).build());
        // batch normalization, sum and rectifier
        cases.push_back(Builder("Pointwise").input(y).input(y).weight(perChannel).weight(perChannel).output(y)
                            .step("Mul", {0, 2}).step("Add", {4, 3}).step("Add", {5, 1}).step("Relu", {6}).name("scale, sum, relu " + shapeText(y)).build());
        // several outputs, a constant, a comparison in the middle
        cases.push_back(Builder("Pointwise").input(y).input(y).output(y).output(y).output(y, DType::Bool)
                            .step("Const", {}, {0.25}).step("Add", {0, 2}).step("Greater", {3, 1}, {}, DType::Bool).step("Where", {4, 3, 1}).step("Tanh", {5})
                            .results({5, 6, 4}).name("select " + shapeText(y)).build());
        cases.push_back(Builder("Pointwise").input(y, DType::I32).input({}, DType::F32).output(y).range(-50, 50)
                            .step("Cast", {0}).step("Mul", {2, 1}).step("Round", {3}).step("Abs", {4}).step("Sqrt", {5}).step("Neg", {6}).step("Exp", {7})
                            .name("mixed types " + shapeText(y)).build());
    }
    Builder deep("Pointwise");
    deep.input({2, 19, 11}).output({2, 19, 11}).name("forty steps");
    for (uint32_t i = 0; i < 40; ++i) deep.step(i % 4 == 0 ? "Sin" : i % 4 == 1 ? "Abs" : i % 4 == 2 ? "Sqrt" : "Neg", {i});
    cases.push_back(deep.build());
    cases.push_back(Builder("Pointwise").output({3, 7}).step("Const", {}, {2.5}).name("constant fill").build());
    cases.push_back(Builder("Pointwise").output({9}, DType::I64).step("Const", {}, {-3}, DType::I64).name("constant fill of int64").build());
    cases.push_back(Builder("Pointwise").input({4, 1, 3}).output({2, 4, 5, 3}).step("Identity", {0}).name("expand").build());
    cases.push_back(Builder("Pointwise").input({5, 4}).input({5, 4}).output({5, 4}).results({1}).step("Neg", {0}).results({2}).name("unused input").build());
    runCases("Pointwise chains", cases);
}

}  // namespace
}  // namespace sinter::cases
