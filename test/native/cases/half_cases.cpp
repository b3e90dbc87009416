// Layers whose operands are stored in 16 bits while they mean float32 (docs/layers.md, "Storage").
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "cases/harness.h"
#include "cases/programs.h"

namespace sinter::cases {
namespace {

/// Where 16 bits are used: all three for the usual layer, x and w alone for one that ends the 16-bit part, and so on.
struct Types {
    DType x, w, y;
};
constexpr DType F = DType::F32, H = DType::F16, B = DType::BF16;
constexpr Types kTypes[] = {{H, H, H}, {B, B, B}, {H, H, F}, {B, B, F}, {F, H, F}, {F, B, F}, {F, H, H}, {F, B, B}};

std::string text(const Types& t) { return std::string(dtypeName(t.x)) + " " + std::string(dtypeName(t.w)) + " " + std::string(dtypeName(t.y)); }
/// Results that round the other way are one unit in the last place off.
double toleranceOf(DType y) { return y == H ? 1e-3 : y == B ? 8e-3 : 1e-5; }

/// Epilogue operands of the result's shape are stored as the result is.
void storeResidual(Case& c, DType y) {
    for (size_t i = c.desc.opInputs; i < c.desc.inputs.size(); ++i)
        if (!c.desc.inputs[i].constant) c.desc.inputs[i].dtype = y;
}

struct Conv {
    std::vector<int64_t> x, w;
    int64_t stride = 1, pad = 0, group = 1;
    std::string epilogue{};
    std::vector<int64_t> splits{};
};

Case make(const Conv& c, const Types& t) {
    std::vector<int64_t> y{c.x[0], c.w[0]};
    for (size_t i = 2; i < 4; ++i) y.push_back((c.x[i] + 2 * c.pad - c.w[i]) / c.stride + 1);
    Builder b("Conv");
    b.input(c.x, t.x).weight(c.w, t.w).weight({c.w[0]});
    b.ints("kernel_shape", {c.w[2], c.w[3]}).ints("strides", {c.stride, c.stride}).ints("dilations", {1, 1}).ints("pads", {c.pad, c.pad, c.pad, c.pad}).i("group", c.group);
    addEpilogue(b, c.epilogue, y, 1);
    if (c.splits.empty()) {
        b.output(y, t.y);
    } else {
        b.ints("splits", c.splits);
        for (const int64_t part : c.splits) {
            y[1] = part;
            b.output(y, t.y);
        }
    }
    Case made = b.name(text(t) + " " + shapeText(c.x) + " w" + shapeText(c.w) + " s" + std::to_string(c.stride) + " p" + std::to_string(c.pad) + " g" + std::to_string(c.group) + " " + c.epilogue)
                    .tolerance(toleranceOf(t.y))
                    .build();
    storeResidual(made, t.y);
    return made;
}

TEST_CASE("cases: 16-bit Conv") {
    std::vector<Case> cases;
    for (const Types& t : kTypes) {
        for (const int64_t channels : {3, 16, 33, 64})
            for (const int64_t m : {7, 32, 48}) {
                cases.push_back(make({.x = {1, channels, 7, 9}, .w = {m, channels, 1, 1}}, t));
                cases.push_back(make({.x = {2, channels, 6, 5}, .w = {m, channels, 3, 3}, .pad = 1, .epilogue = "relu"}, t));
            }
        cases.push_back(make({.x = {1, 3, 33, 35}, .w = {32, 3, 7, 7}, .stride = 2, .pad = 3, .epilogue = "relu"}, t));
        cases.push_back(make({.x = {1, 64, 14, 14}, .w = {64, 64, 3, 3}, .pad = 1, .epilogue = "residual_relu"}, t));
        cases.push_back(make({.x = {1, 40, 15, 13}, .w = {24, 40, 1, 1}, .stride = 2, .epilogue = "hardswish"}, t));
        cases.push_back(make({.x = {1, 32, 9, 9}, .w = {32, 1, 3, 3}, .pad = 1, .group = 32, .epilogue = "clip"}, t));
        cases.push_back(make({.x = {1, 32, 9, 9}, .w = {48, 8, 3, 3}, .pad = 1, .group = 4, .epilogue = "silu"}, t));
        cases.push_back(make({.x = {1, 32, 7, 7}, .w = {56, 32, 1, 1}, .epilogue = "relu", .splits = {16, 24, 16}}, t));
    }
    for (const Types& t : {kTypes[0], kTypes[1], kTypes[2]}) {
        // Patches of 8 pixels in a row: whole and ragged ones, two slabs of channels, more patches than blocks.
        cases.push_back(make({.x = {2, 64, 28, 24}, .w = {64, 64, 3, 3}, .pad = 1, .epilogue = "relu"}, t));
        cases.push_back(make({.x = {1, 128, 17, 21}, .w = {72, 128, 3, 3}, .pad = 1, .epilogue = "residual_relu"}, t));
        cases.push_back(make({.x = {1, 40, 33, 9}, .w = {96, 40, 3, 3}, .epilogue = "clip", .splits = {32, 64}}, t));
        cases.push_back(make({.x = {1, 72, 20, 20}, .w = {24, 72, 5, 2}, .pad = 2}, t));
        cases.push_back(make({.x = {2, 24, 12, 14}, .w = {144, 24, 1, 1}, .epilogue = "clip"}, t));
        cases.push_back(make({.x = {1, 56, 16, 5}, .w = {40, 56, 1, 1}, .epilogue = "residual_relu", .splits = {16, 24}}, t));
        cases.push_back(make({.x = {1, 200, 17, 21}, .w = {136, 200, 3, 3}, .pad = 1, .epilogue = "relu"}, t));          // weights that do not stay
        cases.push_back(make({.x = {5, 256, 7, 7}, .w = {72, 256, 3, 3}, .pad = 1, .epilogue = "residual_relu"}, t));  // two images a patch
    }
    cases.push_back(make({.x = {2, 8, 56, 168}, .w = {72, 8, 3, 3}, .pad = 1, .epilogue = "relu"}, kTypes[0]));
    runCases("16-bit Conv", cases);
}

TEST_CASE("cases: 16-bit MatMul") {
    std::vector<Case> cases;
    const auto add = [&](std::vector<int64_t> a, std::vector<int64_t> b, std::vector<int64_t> y, bool transB, const std::string& epilogue, const Types& t) {
        Builder m("MatMul");
        m.input(a, t.x).weight(b, t.w).weight({y.back()}).i("trans_a", 0).i("trans_b", transB).f("alpha", 0.5);
        addEpilogue(m, epilogue, y, y.size() - 1);
        m.output(y, t.y).viewAxis(static_cast<int>(a.size()) - 1).tolerance(toleranceOf(t.y));
        m.name(text(t) + " " + shapeText(a) + " · " + shapeText(b) + (transB ? "T " : " ") + epilogue);
        Case made = m.build();
        storeResidual(made, t.y);
        cases.push_back(made);
    };
    for (const Types& t : kTypes) {
        for (const int64_t m : {1, 3, 17, 64})
            for (const int64_t k : {5, 64, 70}) {
                add({m, k}, {k, 33}, {m, 33}, false, "", t);
                add({m, k}, {100, k}, {m, 100}, true, "relu", t);
            }
        add({1, 1024}, {300, 1024}, {1, 300}, true, "relu", t);
        add({2, 9, 32}, {32, 40}, {2, 9, 40}, false, "residual", t);
        add({19, 48}, {48, 37}, {19, 37}, false, "gelu", t);
    }
    runCases("16-bit MatMul", cases);
}

TEST_CASE("cases: 16-bit Pointwise") {
    std::vector<Case> cases;
    for (const DType t : {H, B})
        for (const DType y : {t, F}) {
            const auto named = [&](Builder& b, const char* what) {
                cases.push_back(b.tolerance(toleranceOf(y)).name(std::string(dtypeName(t)) + " " + std::string(dtypeName(y)) + " " + what).build());
            };
            named(Builder("Pointwise").input({2, 9, 5, 7}, t).input({2, 9, 5, 7}, t).output({2, 9, 5, 7}, y).step("Add", {0, 1}).step("Relu", {2}), "add relu");
            named(Builder("Pointwise").input({1, 33, 1500}, t).input({33, 1}).output({1, 33, 1500}, y).step("Mul", {0, 1}).step("Sigmoid", {2}).step("Mul", {2, 3}), "scaled silu");
            named(Builder("Pointwise").input({3, 1, 17}, t).input({4, 1}, y).output({3, 4, 17}, y).step("Max", {0, 1}), "broadcast max");
        }
    // A program of a model that is 16-bit itself: every step rounds, and a step's last bit may fall the other way.
    for (const DType t : {H, B}) {
        cases.push_back(Builder("Pointwise").input({5, 40}, t).output({5, 40}, t).step("Const", {}, {0.1}, t).step("Mul", {0, 1}, {}, t).step("Exp", {2}, {}, t)
                            .tolerance(toleranceOf(t)).name(std::string(dtypeName(t)) + " own type").build());
    }
    runCases("16-bit Pointwise", cases);
}

TEST_CASE("cases: 16-bit Copy") {
    std::vector<Case> cases;
    const double infinity = std::numeric_limits<double>::infinity();
    // Ties, the largest numbers and what lies beyond, subnormal numbers, specials.
    const std::vector<double> hard{1.00048828125, 1.00146484375, 65504, 65519.99, 65520, -65520, 5.9604645e-8, 2.9802322e-8, 2.98023224e-8 * 1.001,
                                   6.0975552e-5, 1e-40, -1e-40, 3.4e38, 1.00390625, 1.01171875, 0.0, -0.0, infinity, -infinity, std::nan("")};
    for (const DType from : {F, H, B})
        for (const DType to : {F, H, B}) {
            if (from == to) continue;
            const std::string name = std::string(dtypeName(from)) + " to " + std::string(dtypeName(to));
            cases.push_back(Builder("Copy").input({4, 5}, from).output({4, 5}, to).values(0, hard).tolerance(0).name(name + " hard").build());
            cases.push_back(Builder("Copy").input({2, 35, 6, 7}, from).output({2, 35, 6, 7}, to).tolerance(0).range(-300, 300).name(name).build());
            cases.push_back(Builder("Copy").input({3, 5000}, from).output({3, 5000}, to).tolerance(0).name(name + " long").build());
        }
    for (const DType t : {H, B}) {
        cases.push_back(Builder("Copy").input({2, 35, 6, 7}, t).output({2, 35, 6, 7}, DType::I8).quantizedOutput(0.01).name(std::string(dtypeName(t)) + " to int8").build());
        cases.push_back(Builder("Copy").input({2, 35, 6, 7}, DType::U8).quantizedInput(0.01, 7).range(0, 255).output({2, 35, 6, 7}, t).name("uint8 to " + std::string(dtypeName(t))).tolerance(toleranceOf(t)).build());
    }
    runCases("16-bit Copy", cases);
}

TEST_CASE("cases: 16-bit layers by way of float32 kernels") {
    std::vector<Case> cases;
    for (const DType t : {H, B})
        for (const DType y : {t, F}) {
            const auto named = [&](Builder& b) { cases.push_back(b.tolerance(toleranceOf(y)).name(std::string(dtypeName(t)) + " " + std::string(dtypeName(y))).build()); };
            named(Builder("MaxPool").input({1, 19, 9, 11}, t).output({1, 19, 4, 5}, y).ints("kernel_shape", {3, 3}).ints("strides", {2, 2}).ints("dilations", {1, 1}).ints("pads", {0, 0, 0, 0}).i("count_include_pad", 0).i("storage_order", 0));
            named(Builder("AveragePool").input({1, 19, 9, 11}, t).output({1, 19, 9, 11}, y).ints("kernel_shape", {3, 3}).ints("strides", {1, 1}).ints("dilations", {1, 1}).ints("pads", {1, 1, 1, 1}).i("count_include_pad", 1));
            named(Builder("Reduce").input({2, 33, 6, 7}, t).output({2, 33, 1, 1}, y).s("kind", "Mean").ints("axes", {2, 3}).i("keepdims", 1));
            named(Builder("Softmax").input({5, 70}, t).output({5, 70}, y).i("axis", 1).i("log", 0));
            named(Builder("LayerNorm").input({4, 70}, t).weight({70}).weight({70}).output({4, 70}, y).i("axis", 1).f("epsilon", 1e-5));
            named(Builder("LayerNorm").input({4, 70}, t).weight({70}, t).weight({70}, t).output({4, 70}, y).i("axis", 1).f("epsilon", 1e-5));
            named(Builder("Attention").input({1, 2, 9, 16}, t).input({1, 2, 12, 16}, t).input({1, 2, 12, 16}, t).output({1, 2, 9, 16}, y).f("scale", 0.25));
            named(Builder("ConvTranspose").input({1, 12, 5, 6}, t).weight({12, 9, 2, 2}, t).weight({9}).output({1, 9, 10, 12}, y).ints("kernel_shape", {2, 2}).ints("strides", {2, 2}).ints("dilations", {1, 1}).ints("pads", {0, 0, 0, 0}).ints("output_padding", {0, 0}).i("group", 1));
        }
    for (const DType t : {H, B})
        for (const int64_t c : {1, 7, 16, 33, 70, 130})
            for (const char* op : {"MaxPool", "AveragePool"})
                cases.push_back(Builder(op).input({2, c, 7, 9}, t).output({2, c, 4, 5}, t).ints("kernel_shape", {3, 3}).ints("strides", {2, 2}).ints("dilations", {1, 1}).ints("pads", {1, 1, 1, 1}).i("count_include_pad", 0).i("storage_order", 0)
                                    .tolerance(op[0] == 'M' ? 0 : toleranceOf(t)).name(std::string(dtypeName(t)) + " " + std::to_string(c) + " channels").build());
    runCases("16-bit layers", cases);
}

}  // namespace
}  // namespace sinter::cases
