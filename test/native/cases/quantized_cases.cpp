// Layers on 8-bit values: exact sums, so quantized results are equal but where a vectorized program rounds otherwise.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>

#include "cases/harness.h"
#include "cases/programs.h"

namespace sinter::cases {
namespace {

struct Conv {
    std::vector<int64_t> x, w;
    std::vector<int64_t> stride{}, dilation{}, pads{};
    int64_t group = 1;
    std::string epilogue{};
    std::vector<int64_t> splits{};
    DType xType = DType::I8, wType = DType::F32, yType = DType::I8;
    int64_t xZero = 0, yZero = 0, wZero = 0;
    bool bias = true, integerBias = false;
};

/// Marks the epilogue's operand of the result's shape as quantized too.
void quantizeResidual(Case& c, double scale) {
    for (size_t i = c.desc.opInputs; i < c.desc.inputs.size(); ++i)
        if (!c.desc.inputs[i].constant) {
            c.desc.inputs[i].dtype = DType::I8;
            c.desc.inputs[i].scale = {scale};
        }
}

bool roundsOtherwise(const std::string& epilogue) {
    return epilogue == "hardswish" || epilogue == "silu" || epilogue == "gelu" || epilogue == "long" || epilogue == "scale_shift" || epilogue == "leaky";
}

/// The share of results that may be one step off. Columns in whole groups of 64 may be scaled in another order, and added to
/// residual bytes in steps of 1/500 of the result's.
double nearTiesOf(const std::string& epilogue, int64_t columns) {
    if (roundsOtherwise(epilogue)) return 0.005;
    return columns % 64 != 0 ? 0 : epilogue.starts_with("residual") ? 0.01 : 0.0005;
}

Case make(const Conv& c, bool quantizedResidual = true) {
    const size_t n = c.x.size() - 2;
    const std::vector<int64_t> stride = c.stride.empty() ? std::vector<int64_t>(n, 1) : c.stride;
    const std::vector<int64_t> dilation = c.dilation.empty() ? std::vector<int64_t>(n, 1) : c.dilation;
    const std::vector<int64_t> pads = c.pads.empty() ? std::vector<int64_t>(2 * n, 0) : c.pads;
    std::vector<int64_t> y{c.x[0], c.w[0]};
    for (size_t i = 0; i < n; ++i) y.push_back((c.x[2 + i] + pads[i] + pads[n + i] - dilation[i] * (c.w[2 + i] - 1) - 1) / stride[i] + 1);
    double products = 1;
    for (size_t i = 1; i < c.w.size(); ++i) products *= static_cast<double>(c.w[i]);
    const double spread = 0.013 * 73 * 73 * std::sqrt(products);  // of uniform numbers up to 127
    Builder b("Conv");
    b.input(c.x, c.xType).quantizedInput(0.013, c.xZero).weight(c.w, c.wType);
    if (c.wType != DType::F32) {
        std::vector<double> scales;
        for (int64_t i = 0; i < c.w[0]; ++i) scales.push_back(0.5 + 0.07 * static_cast<double>(i % 9));
        b.quantizedInput(scales, 0, c.wZero);
    }
    if (c.integerBias) b.weight({c.w[0]}, DType::I32);
    else if (c.bias) b.weight({c.w[0]});
    b.ints("kernel_shape", {c.w.begin() + 2, c.w.end()}).ints("strides", stride).ints("dilations", dilation).ints("pads", pads).i("group", c.group);
    addEpilogue(b, c.epilogue, y, 1);
    const auto out = [&](const std::vector<int64_t>& dims, double scale) {
        b.output(dims, c.yType);
        if (c.yType != DType::F32) b.quantizedOutput(scale, c.yZero);
    };
    if (c.splits.empty()) {
        out(y, c.epilogue == "clip" ? 0.031 : spread / 57);
    } else {
        b.ints("splits", c.splits);
        double factor = 57;
        for (int64_t part : c.splits) {
            y[1] = part;
            out(y, spread / factor);
            factor += 9;
        }
    }
    Case made = b.range(c.xType == DType::U8 ? 0 : -127, c.xType == DType::U8 ? 255 : 127)
                    .nearTies(nearTiesOf(c.epilogue, c.w[0]))
                    .name(std::string(dtypeName(c.xType)) + " " + shapeText(c.x) + " " + std::string(dtypeName(c.wType)) + " w" + shapeText(c.w) + " s" + shapeText(stride) +
                          " d" + shapeText(dilation) + " p" + shapeText(pads) + " g" + std::to_string(c.group) + " " + c.epilogue + " " + std::string(dtypeName(c.yType)) +
                          (c.splits.empty() ? "" : " split " + shapeText(c.splits)))
                    .build();
    if (quantizedResidual) quantizeResidual(made, spread / 71);
    return made;
}

TEST_CASE("cases: quantized Conv") {
    std::vector<Case> cases;
    for (int64_t c : {1, 3, 7, 16, 31, 64})
        for (int64_t m : {1, 7, 16, 31, 48}) {
            cases.push_back(make({.x = {1, c, 7, 9}, .w = {m, c, 1, 1}}));
            cases.push_back(make({.x = {2, c, 6, 5}, .w = {m, c, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "relu"}));
        }
    for (DType y : {DType::I8, DType::F32}) {
        cases.push_back(make({.x = {1, 64, 14, 14}, .w = {64, 64, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "residual_relu", .yType = y}));
        cases.push_back(make({.x = {1, 64, 14, 14}, .w = {64, 64, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "residual_relu", .yType = y}, false));
        cases.push_back(make({.x = {1, 3, 33, 35}, .w = {32, 3, 7, 7}, .stride = {2, 2}, .pads = {3, 3, 3, 3}, .epilogue = "relu", .yType = y}));
        cases.push_back(make({.x = {1, 3, 30, 32}, .w = {24, 3, 3, 3}, .stride = {2, 2}, .pads = {0, 0, 1, 1}, .epilogue = "clip", .yType = y}));
        cases.push_back(make({.x = {1, 16, 15, 13}, .w = {20, 16, 1, 1}, .stride = {2, 2}, .yType = y}));
        cases.push_back(make({.x = {1, 32, 7, 7}, .w = {56, 32, 1, 1}, .epilogue = "relu", .splits = {16, 24, 16}, .yType = y}));
        cases.push_back(make({.x = {1, 17, 7, 6}, .w = {31, 17, 1, 1}, .epilogue = "relu", .splits = {5, 19, 7}, .yType = y}));
    }
    cases.push_back(make({.x = {1, 12, 7, 6}, .w = {40, 12, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "scale_shift", .splits = {8, 32}}));
    cases.push_back(make({.x = {1, 160, 17, 21}, .w = {72, 160, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "residual_relu"}));  // two slabs of 128 bytes
    cases.push_back(make({.x = {5, 400, 7, 7}, .w = {80, 400, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "residual_relu"}));
    cases.push_back(make({.x = {1, 16, 15, 13}, .w = {20, 16, 1, 1}, .stride = {2, 2}, .pads = {1, 1, 1, 1}}));
    cases.push_back(make({.x = {1, 9, 12, 12}, .w = {33, 9, 1, 7}, .pads = {0, 3, 0, 3}}));
    cases.push_back(make({.x = {1, 9, 12, 12}, .w = {33, 9, 7, 1}, .pads = {3, 0, 3, 0}, .bias = false}));
    cases.push_back(make({.x = {1, 8, 17, 19}, .w = {16, 8, 3, 3}, .dilation = {3, 2}, .pads = {1, 0, 2, 3}}));
    cases.push_back(make({.x = {1, 8, 17, 19}, .w = {16, 8, 3, 2}, .stride = {3, 1}, .dilation = {1, 2}, .pads = {0, 2, 3, 1}}));
    cases.push_back(make({.x = {1, 300, 1, 1}, .w = {100, 300, 1, 1}, .epilogue = "relu"}));
    cases.push_back(make({.x = {1, 2048, 3, 3}, .w = {40, 2048, 1, 1}}));
    cases.push_back(make({.x = {1, 5, 3, 3}, .w = {4, 5, 3, 3}, .pads = {3, 3, 3, 3}}));
    cases.push_back(make({.x = {1, 8, 33}, .w = {16, 8, 3}, .pads = {1, 1}, .epilogue = "relu"}));
    cases.push_back(make({.x = {1, 4, 6, 7, 5}, .w = {9, 4, 3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}, .epilogue = "relu"}));
    for (int64_t c : {1, 7, 16, 33}) {
        cases.push_back(make({.x = {1, c, 11, 9}, .w = {c, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = c, .epilogue = "clip"}));
        cases.push_back(make({.x = {2, c, 11, 9}, .w = {c, 1, 5, 5}, .stride = {2, 2}, .pads = {2, 2, 2, 2}, .group = c, .epilogue = "relu", .yType = DType::F32}));
    }
    // Depthwise rows: whole and partial blocks of channels, both strides, images narrower than the kernel, every storage.
    for (int64_t c : {3, 32, 40, 64, 97, 144}) {
        for (DType x : {DType::I8, DType::U8}) {
            const int64_t xZero = x == DType::U8 ? 131 : -7;
            cases.push_back(make({.x = {2, c, 7, 9}, .w = {c, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = c, .epilogue = "clip", .xType = x, .wType = DType::I8, .yType = x, .xZero = xZero, .yZero = xZero}));
            cases.push_back(make({.x = {1, c, 7, 8}, .w = {c, 1, 3, 3}, .stride = {2, 2}, .pads = {0, 1, 1, 0}, .group = c, .epilogue = "relu", .xType = x, .yType = DType::U8, .xZero = xZero, .yZero = 4}));
            cases.push_back(make({.x = {1, c, 8, 1}, .w = {c, 1, 3, 3}, .stride = {3, 1}, .pads = {1, 2, 1, 1}, .group = c, .epilogue = "clip", .xType = x, .yType = DType::F32, .xZero = xZero}));
            cases.push_back(make({.x = {1, c, 6, 2}, .w = {c, 1, 3, 3}, .stride = {1, 2}, .pads = {2, 1, 0, 2}, .group = c, .xType = x, .wType = DType::U8, .yType = DType::I8, .xZero = xZero, .yZero = -128, .wZero = 128}));
            cases.push_back(make({.x = {1, c, 6, 5}, .w = {c, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = c, .epilogue = "relu", .xType = x, .wType = DType::I8, .yType = DType::I8, .xZero = xZero, .yZero = 3, .integerBias = true}));
        }
        cases.push_back(make({.x = {1, c, 9, 9}, .w = {c, 1, 3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}, .group = c}));
    }
    cases.push_back(make({.x = {1, 32, 9, 9}, .w = {48, 16, 3, 3}, .pads = {1, 1, 1, 1}, .group = 2, .epilogue = "relu"}));
    cases.push_back(make({.x = {2, 21, 5, 5}, .w = {14, 3, 3, 3}, .pads = {1, 1, 1, 1}, .group = 7}));
    for (const char* e : {"clip", "hardswish", "silu", "gelu", "leaky", "residual", "residual_relu", "bias_relu", "scale_shift", "long"}) {
        cases.push_back(make({.x = {1, 16, 9, 7}, .w = {31, 16, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = e}));
        cases.push_back(make({.x = {2, 24, 8, 8}, .w = {32, 24, 1, 1}, .epilogue = e}, false));
        cases.push_back(make({.x = {1, 20, 8, 8}, .w = {20, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = 20, .epilogue = e}));
    }
    // Imported models: zero points, weights that are 8-bit already.
    cases.push_back(make({.x = {1, 19, 9, 7}, .w = {31, 19, 3, 3}, .pads = {1, 1, 1, 1}, .xType = DType::U8, .wType = DType::I8, .yType = DType::U8, .xZero = 131, .yZero = 120}));
    cases.push_back(make({.x = {1, 3, 9, 7}, .w = {31, 3, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "relu", .xType = DType::U8, .yType = DType::U8, .xZero = 7, .yZero = 3}));
    cases.push_back(make({.x = {1, 19, 9, 7}, .w = {31, 19, 1, 1}, .epilogue = "residual", .wType = DType::I8, .xZero = -11, .yZero = 5}));
    cases.push_back(make({.x = {1, 19, 9, 7}, .w = {19, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = 19, .xType = DType::U8, .wType = DType::I8, .yType = DType::U8, .xZero = 131, .yZero = 120}));
    for (DType x : {DType::U8, DType::I8})
        for (const int64_t wZero : {128, 117}) {
            const int64_t xZero = x == DType::U8 ? 131 : -7;
            cases.push_back(make({.x = {1, 19, 9, 7}, .w = {31, 19, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "relu", .xType = x, .wType = DType::U8, .yType = DType::U8, .xZero = xZero, .yZero = 9, .wZero = wZero}));
            for (int64_t c : {1, 7, 16, 33}) {
                cases.push_back(make({.x = {1, c, 11, 9}, .w = {c, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = c, .epilogue = "clip", .xType = x, .wType = DType::U8, .yType = x, .xZero = xZero, .wZero = wZero}));
                cases.push_back(make({.x = {2, c, 11, 9}, .w = {c, 1, 5, 5}, .stride = {2, 2}, .pads = {2, 2, 1, 2}, .group = c, .xType = x, .wType = DType::I8, .yType = DType::F32, .xZero = xZero}));
                cases.push_back(make({.x = {1, c, 11, 9}, .w = {c, 1, 2, 2}, .group = c, .epilogue = "relu", .xType = x, .yType = DType::U8, .xZero = xZero, .yZero = 4}));
            }
        }
    for (const char* e : {"", "relu", "clip", "residual_relu", "gelu"}) {
        cases.push_back(make({.x = {1, 19, 9, 7}, .w = {31, 19, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = e, .xType = DType::U8, .wType = DType::I8, .yType = DType::U8, .xZero = 131, .yZero = 12, .integerBias = true}));
        cases.push_back(make({.x = {1, 20, 9, 7}, .w = {20, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = 20, .epilogue = e, .xType = DType::U8, .wType = DType::I8, .yType = DType::U8, .xZero = 131, .yZero = 12, .integerBias = true}));
        cases.push_back(make({.x = {1, 19, 9, 7}, .w = {31, 19, 1, 1}, .epilogue = e, .wType = DType::U8, .yType = DType::F32, .wZero = 101, .integerBias = true}));
    }
    cases.push_back(make({.x = {1, 17, 7, 6}, .w = {31, 17, 1, 1}, .epilogue = "relu", .splits = {5, 19, 7}, .wType = DType::I8, .integerBias = true}));
    // Activations after a Relu take another way through some kernels.
    for (size_t i = 0, n = cases.size(); i < n; i += 3) {
        Case positive = cases[i];
        positive.low = 0;
        positive.desc.name += " from 0";
        cases.push_back(std::move(positive));
    }
    // Pairs of the largest products do not fit 16 bits.
    for (int64_t group : {1, 16}) {
        Case large = make({.x = {1, 16, 9, 7}, .w = {16, 16 / group, 3, 3}, .pads = {1, 1, 1, 1}, .group = group, .xType = DType::U8, .wType = DType::I8, .yType = DType::F32});
        large.low = 250;
        large.desc.name += " from 250";
        cases.push_back(std::move(large));
    }
    // A network's first convolution reads floats; kernels may multiply them in 16 bits.
    for (const int64_t k : {3, 7}) {
        for (const int64_t columns : {24, 72, 64}) {
            Builder b("Conv");
            b.input({2, 3, 23, 22}).weight({columns, 3, k, k}).weight({columns});
            b.ints("kernel_shape", {k, k}).ints("strides", {2, 2}).ints("dilations", {1, 1}).ints("pads", std::vector<int64_t>(4, k / 2)).i("group", 1);
            addEpilogue(b, "relu", {2, columns, 12, 11}, 1);
            cases.push_back(b.output({2, columns, 12, 11}, DType::I8).quantizedOutput(0.02 * static_cast<double>(k)).range(-1, 1).nearTies(0.04)
                                .name("float32 to int8 w" + std::to_string(k) + " " + std::to_string(columns)).build());
        }
    }
    {  // more pieces of the image than a card's blocks
        Builder b("Conv");
        b.input({6, 3, 224, 224}).weight({64, 3, 3, 3}).weight({64});
        b.ints("kernel_shape", {3, 3}).ints("strides", {2, 2}).ints("dilations", {1, 1}).ints("pads", {1, 1, 1, 1}).i("group", 1);
        addEpilogue(b, "relu", {6, 64, 112, 112}, 1);
        cases.push_back(b.output({6, 64, 112, 112}, DType::I8).quantizedOutput(0.06).range(-1, 1).nearTies(0.04).name("float32 to int8, many images").build());
    }
    runCases("Quantized Conv", cases);
}

Case matmul(std::vector<int64_t> a, std::vector<int64_t> b, const std::string& epilogue, DType yType, bool transB = false, double alpha = 1, std::vector<int64_t> splits = {},
            DType xType = DType::I8, DType wType = DType::F32, int64_t wZero = 0, bool integerBias = false) {
    std::vector<int64_t> y = a;
    y.back() = transB ? b[b.size() - 2] : b.back();
    const double spread = 0.013 * 73 * 73 * std::sqrt(static_cast<double>(a.back())) * alpha;
    Builder builder("MatMul");
    builder.input(a, xType).quantizedInput(0.013, xType == DType::U8 ? 121 : 0).weight(b, wType);
    if (wType != DType::F32) builder.quantizedInput(std::vector<double>(static_cast<size_t>(y.back()), 0.7), transB ? 0 : 1, wZero);
    builder.weight({y.back()}, integerBias ? DType::I32 : DType::F32);
    builder.i("trans_a", 0).i("trans_b", transB).f("alpha", alpha);
    addEpilogue(builder, epilogue, y, y.size() - 1);
    if (splits.empty()) splits = {y.back()};
    else builder.ints("splits", splits);
    for (int64_t part : splits) {
        y.back() = part;
        builder.output(y, yType);
        if (yType != DType::F32) builder.quantizedOutput(spread / 57);
    }
    Case c = builder.range(xType == DType::U8 ? 0 : -127, xType == DType::U8 ? 255 : 127).nearTies(nearTiesOf(epilogue, y.back()))
                 .name(shapeText(a) + " x " + shapeText(b) + " " + epilogue + " " + std::string(dtypeName(yType)) + (transB ? " trans" : "") + " split " + shapeText(splits)).build();
    quantizeResidual(c, spread / 71);
    return c;
}

TEST_CASE("cases: quantized MatMul") {
    std::vector<Case> cases;
    for (DType y : {DType::I8, DType::F32}) {
        for (int64_t k : {1, 7, 64, 130, 2048})
            for (int64_t n : {1, 10, 33, 64}) {
                cases.push_back(matmul({1, k}, {k, n}, "", y));
                cases.push_back(matmul({5, k}, {n, k}, "relu", y, true));
            }
        cases.push_back(matmul({2, 9, 40}, {40, 50}, "residual_relu", y));
        cases.push_back(matmul({2, 9, 40}, {40, 50}, "gelu", y, false, 0.25));
        cases.push_back(matmul({2, 17, 40}, {40, 51}, "relu", y, false, 1, {16, 5, 30}));
        cases.push_back(matmul({37}, {37, 20}, "relu", y));
        for (const int64_t wZero : {128, 90}) {
            cases.push_back(matmul({5, 130}, {33, 130}, "relu", y, true, 1, {}, DType::U8, DType::U8, wZero));
            cases.push_back(matmul({3, 65}, {65, 33}, "", y, false, 1, {}, DType::I8, DType::U8, wZero));
        }
        cases.push_back(matmul({5, 130}, {33, 130}, "", y, true, 1, {}, DType::U8, DType::I8));
        cases.push_back(matmul({5, 130}, {33, 130}, "relu", y, true, 0.5, {}, DType::U8, DType::I8, 0, true));
        cases.push_back(matmul({2, 9, 40}, {40, 51}, "", y, false, 1, {16, 5, 30}, DType::I8, DType::I8, 0, true));
        cases.push_back(matmul({3, 1, 8, 12}, {1, 12, 20}, "silu", y));
    }
    for (size_t i = 0, n = cases.size(); i < n; i += 3) {
        Case positive = cases[i];
        positive.low = 0;
        positive.desc.name += " from 0";
        cases.push_back(std::move(positive));
    }
    runCases("Quantized MatMul", cases);
}

// Whole groups of 64 columns, with last rows and tiles that are not whole, and zero points of what is stored.
TEST_CASE("cases: quantized products of 64 columns") {
    std::vector<Case> cases, products;
    for (const char* e : {"", "relu", "clip", "residual", "residual_relu", "gelu", "bias_relu"}) {
        cases.push_back(make({.x = {3, 64, 11, 9}, .w = {64, 64, 1, 1}, .epilogue = e}));
        cases.push_back(make({.x = {2, 48, 13, 9}, .w = {192, 48, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = e, .yType = DType::U8, .yZero = 93}));
        cases.push_back(make({.x = {1, 272, 17, 15}, .w = {320, 272, 1, 1}, .epilogue = e, .yZero = -128}));
        cases.push_back(make({.x = {1, 32, 15, 16}, .w = {128, 32, 3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}, .epilogue = e, .wType = DType::I8, .integerBias = true}));
    }
    cases.push_back(make({.x = {1, 64, 14, 14}, .w = {192, 64, 1, 1}, .epilogue = "relu", .splits = {64, 128}}));
    cases.push_back(make({.x = {1, 64, 14, 14}, .w = {192, 64, 1, 1}, .epilogue = "relu", .splits = {40, 152}}));
    cases.push_back(make({.x = {1, 64, 14, 14}, .w = {256, 64, 1, 1}, .epilogue = "residual_relu"}, false));
    for (const char* e : {"", "relu", "gelu", "residual"}) {
        products.push_back(matmul({2, 67, 64}, {64, 192}, e, DType::I8));
        products.push_back(matmul({133, 320}, {128, 320}, e, DType::I8, true));
    }
    runCases("Quantized Conv of 64 columns", cases);
    runCases("Quantized MatMul of 64 columns", products);
}

/// A layer with one quantized input and one output; scales that share no ties.
Case unary(const char* op, std::vector<int64_t> x, std::vector<int64_t> y, DType xType, DType yType, double yScale, const std::function<void(Builder&)>& add = {}) {
    Builder b(op);
    b.input(x, xType);
    if (xType != DType::F32) b.quantizedInput(0.0137, xType == DType::U8 ? 119 : 0);
    if (add) add(b);
    b.output(y, yType);
    if (yType != DType::F32) b.quantizedOutput(yScale, yType == DType::U8 ? 119 : 0);
    const bool floats = xType == DType::F32;
    return b.range(xType == DType::U8 ? 0 : floats ? -2 : -128, xType == DType::U8 ? 255 : floats ? 2 : 127)
        .name(std::string(dtypeName(xType)) + " " + shapeText(x) + " to " + std::string(dtypeName(yType)) + " " + shapeText(y) + " scale " + std::to_string(yScale))
        .build();
}

TEST_CASE("cases: quantized Copy and movement") {
    std::vector<Case> cases;
    for (const std::vector<int64_t>& d : std::vector<std::vector<int64_t>>{{1, 3, 19, 21}, {2, 31, 5, 4}, {1, 64, 7, 7}, {5, 40}, {3000}, {2, 3, 4, 5, 6}}) {
        cases.push_back(unary("Copy", d, d, DType::F32, DType::I8, 0.0137));
        cases.push_back(unary("Copy", d, d, DType::I8, DType::F32, 0));
        cases.push_back(unary("Copy", d, d, DType::I8, DType::I8, 0.0211));
        cases.push_back(unary("Copy", d, d, DType::I8, DType::I8, 0.0137));
        cases.push_back(unary("Copy", d, d, DType::F32, DType::U8, 0.0171));
        cases.push_back(unary("Copy", d, d, DType::U8, DType::F32, 0));
        cases.push_back(unary("Copy", d, d, DType::U8, DType::I8, 0.0171));
    }
    cases.push_back(unary("Copy", {1, 6, 4}, {3, 8}, DType::I8, DType::I8, 0.02));
    for (double scale : {0.0137, 0.0171}) {
        cases.push_back(unary("Transpose", {2, 3, 4, 5}, {2, 4, 5, 3}, DType::I8, DType::I8, scale, [](Builder& b) { b.ints("perm", {0, 2, 3, 1}); }));
        cases.push_back(unary("Slice", {2, 9, 4}, {2, 3, 4}, DType::I8, DType::I8, scale, [](Builder& b) { b.ints("starts", {0, 1, 0}).ints("steps", {1, 2, 1}); }));
        Case concat = Builder("Concat").i("axis", 1).input({1, 3, 4, 4}, DType::I8).quantizedInput(0.0137).input({1, 5, 4, 4}, DType::I8).quantizedInput(scale)
                          .output({1, 8, 4, 4}, DType::I8).quantizedOutput(0.0137).range(-128, 127).name("scale " + std::to_string(scale)).build();
        cases.push_back(std::move(concat));
    }
    std::map<std::string, std::vector<Case>> byOp;
    for (Case& c : cases) byOp[c.desc.op].push_back(std::move(c));
    for (auto& [op, some] : byOp) runCases("Quantized " + op, some);
}

TEST_CASE("cases: quantized pools") {
    struct Pool {
        std::vector<int64_t> x, y, kernel, stride, pads;
        bool count = false;
    };
    std::vector<Case> cases;
    for (const Pool& p : {Pool{{1, 64, 13, 11}, {1, 64, 6, 5}, {3, 3}, {2, 2}, {0, 0, 0, 0}}, Pool{{2, 31, 9, 10}, {2, 31, 9, 10}, {3, 3}, {1, 1}, {1, 1, 1, 1}},
                          Pool{{1, 7, 8, 8}, {1, 7, 4, 4}, {2, 2}, {2, 2}, {0, 0, 0, 0}}, Pool{{1, 40, 15, 13}, {1, 40, 8, 7}, {3, 3}, {2, 2}, {1, 1, 1, 1}, true},
                          Pool{{2, 48, 12, 15}, {2, 48, 6, 7}, {3, 3}, {2, 2}, {1, 0, 0, 0}}, Pool{{2, 24, 7, 7}, {2, 24, 1, 1}, {7, 7}, {1, 1}, {0, 0, 0, 0}}, Pool{{1, 33, 31}, {1, 33, 11}, {4}, {3}, {1, 2}}})
        for (DType t : {DType::I8, DType::U8}) {
            const auto add = [&](Builder& b) {
                b.ints("kernel_shape", p.kernel).ints("strides", p.stride).ints("dilations", std::vector<int64_t>(p.kernel.size(), 1)).ints("pads", p.pads).i("count_include_pad", p.count);
            };
            cases.push_back(unary("MaxPool", p.x, p.y, t, t, 0.0137, add));
            cases.push_back(unary("MaxPool", p.x, p.y, t, t, 0.0171, add));
            cases.push_back(unary("AveragePool", p.x, p.y, t, t, 0.00731, add));
            cases.push_back(unary("AveragePool", p.x, p.y, t, DType::F32, 0, add));
        }
    for (Case& c : cases) c.nearTies = 0.005;
    std::vector<Case> means;
    for (DType t : {DType::I8, DType::U8})
        for (int64_t channels : {1, 31, 64, 200}) {
            const auto add = [](Builder& b) { b.s("kind", "Mean").ints("axes", {2, 3}).i("keepdims", 1); };
            const auto flat = [](Builder& b) { b.s("kind", "Mean").ints("axes", {-1, -2}).i("keepdims", 0); };
            means.push_back(unary("Reduce", {2, channels, 7, 5}, {2, channels, 1, 1}, t, t, 0.00231, add));
            means.push_back(unary("Reduce", {1, channels, 7, 7}, {1, channels}, t, DType::F32, 0, flat));
            means.push_back(unary("Reduce", {1, channels, 7, 7}, {7, 7}, t, DType::F32, 0, [](Builder& b) { b.s("kind", "Max").ints("axes", {0, 1}).i("keepdims", 0); }));
        }
    for (Case& c : means) c.nearTies = 0.005;
    runCases("Quantized pools", cases);
    runCases("Quantized Reduce", means);
}

TEST_CASE("cases: quantized Resize") {
    std::vector<Case> cases;
    for (const char* mode : {"nearest", "linear", "cubic"})
        for (const char* coordinate : {"half_pixel", "asymmetric", "align_corners"})
            for (int64_t c : {1, 16, 31})
                for (DType t : {DType::I8, DType::U8}) {
                    const auto add = [&](Builder& b) {
                        b.s("mode", mode).s("coordinate_mode", coordinate).s("nearest_mode", "floor").f("cubic_coeff", -0.75).i("exclude_outside", 0).f("extrapolation_value", 0)
                            .attr("scales", std::vector<double>(4, 0.0));
                    };
                    const bool nearest = std::string(mode) == "nearest";
                    cases.push_back(unary("Resize", {2, c, 5, 6}, {2, c, 10, 12}, t, t, nearest ? 0.0137 : 0.0171, add));
                    cases.push_back(unary("Resize", {1, c, 9, 8}, {1, c, 4, 11}, t, nearest ? t : DType::F32, 0.0137, add));
                    if (!nearest) cases.push_back(unary("Resize", {1, c, 9, 8}, {1, c, 4, 11}, DType::F32, t, 0.0171, add));
                }
    for (Case& c : cases) c.nearTies = 0.005;
    runCases("Quantized Resize", cases);
}

TEST_CASE("cases: quantized Pointwise and float layers") {
    std::vector<Case> cases;
    for (const std::vector<int64_t>& d : std::vector<std::vector<int64_t>>{{1, 64, 7, 7}, {2, 31, 5, 4}, {3, 1500}, {5}})
        for (DType y : {DType::I8, DType::U8, DType::F32}) {
            const auto add = [&](Builder b, const char* name) {
                b.output(d, y);
                if (y != DType::F32) b.quantizedOutput(0.0271, y == DType::U8 ? 128 : 0);
                return b.range(-127, 127).nearTies(0.005).name(std::string(name) + " " + shapeText(d) + " " + std::string(dtypeName(y))).build();
            };
            cases.push_back(add(Builder("Pointwise").input(d, DType::I8).quantizedInput(0.0137).input(d, DType::I8).quantizedInput(0.0211).step("Add", {0, 1}).step("Relu", {2}), "residual"));
            cases.push_back(add(Builder("Pointwise").input(d, DType::I8).quantizedInput(0.0137).step("Sigmoid", {0}).step("Mul", {0, 1}), "silu"));
            cases.push_back(add(Builder("Pointwise").input(d, DType::I8).quantizedInput(0.0137, 3).input({d.back()}).input({1}, DType::I8).quantizedInput(0.01).step("Mul", {0, 2}).step("Add", {3, 1}), "broadcast"));
        }
    runCases("Quantized Pointwise", cases);
    std::vector<Case> softmax;
    softmax.push_back(unary("Softmax", {4, 50}, {4, 50}, DType::I8, DType::F32, 0, [](Builder& b) { b.i("axis", 1).i("log", 0); }));
    softmax.push_back(unary("Softmax", {4, 50}, {4, 50}, DType::I8, DType::U8, 0.004, [](Builder& b) { b.i("axis", 1).i("log", 0); }));
    runCases("Quantized Softmax", softmax);
}

}  // namespace
}  // namespace sinter::cases
