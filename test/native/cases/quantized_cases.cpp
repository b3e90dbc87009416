// Layers on 8-bit values: exact sums, so quantized results are equal but where a vectorized program rounds otherwise.
#include <doctest/doctest.h>

#include <cmath>

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
    int64_t xZero = 0, yZero = 0;
    bool bias = true;
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
    if (c.wType == DType::I8) {
        std::vector<double> scales;
        for (int64_t i = 0; i < c.w[0]; ++i) scales.push_back(0.5 + 0.07 * static_cast<double>(i % 9));
        b.quantizedInput(scales, 0);
    }
    if (c.bias) b.weight({c.w[0]});
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
                    .nearTies(roundsOtherwise(c.epilogue) ? 0.005 : 0)
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
    runCases("Quantized Conv", cases);
}

Case matmul(std::vector<int64_t> a, std::vector<int64_t> b, const std::string& epilogue, DType yType, bool transB = false, double alpha = 1, std::vector<int64_t> splits = {}) {
    std::vector<int64_t> y = a;
    y.back() = transB ? b[b.size() - 2] : b.back();
    const double spread = 0.013 * 73 * 73 * std::sqrt(static_cast<double>(a.back())) * alpha;
    Builder builder("MatMul");
    builder.input(a, DType::I8).quantizedInput(0.013).weight(b).weight({y.back()});
    builder.i("trans_a", 0).i("trans_b", transB).f("alpha", alpha);
    addEpilogue(builder, epilogue, y, y.size() - 1);
    if (splits.empty()) splits = {y.back()};
    else builder.ints("splits", splits);
    for (int64_t part : splits) {
        y.back() = part;
        builder.output(y, yType);
        if (yType != DType::F32) builder.quantizedOutput(spread / 57);
    }
    Case c = builder.range(-127, 127).nearTies(roundsOtherwise(epilogue) ? 0.005 : 0)
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
        cases.push_back(matmul({3, 1, 8, 12}, {1, 12, 20}, "silu", y));
    }
    runCases("Quantized MatMul", cases);
}

}  // namespace
}  // namespace sinter::cases
