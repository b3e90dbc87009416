#include <doctest/doctest.h>

#include "cases/harness.h"
#include "cases/programs.h"

namespace sinter::cases {
namespace {

struct Conv {
    std::vector<int64_t> x, w;                       // N C S…, M C/g K…
    std::vector<int64_t> stride{}, dilation{}, pads{};  // empty: ones, ones, zeros
    int64_t group = 1;
    std::string epilogue{};
    bool bias = true;
    std::vector<int64_t> splits{};
    DType t = DType::F32;
};

Case make(const Conv& c) {
    const size_t n = c.x.size() - 2;
    const std::vector<int64_t> stride = c.stride.empty() ? std::vector<int64_t>(n, 1) : c.stride;
    const std::vector<int64_t> dilation = c.dilation.empty() ? std::vector<int64_t>(n, 1) : c.dilation;
    const std::vector<int64_t> pads = c.pads.empty() ? std::vector<int64_t>(2 * n, 0) : c.pads;
    std::vector<int64_t> y{c.x[0], c.w[0]};
    for (size_t i = 0; i < n; ++i)
        y.push_back((c.x[2 + i] + pads[i] + pads[n + i] - dilation[i] * (c.w[2 + i] - 1) - 1) / stride[i] + 1);
    Builder b("Conv");
    b.input(c.x, c.t).weight(c.w, c.t);
    if (c.bias) b.weight({c.w[0]}, c.t);
    b.ints("kernel_shape", {c.w.begin() + 2, c.w.end()}).ints("strides", stride).ints("dilations", dilation).ints("pads", pads).i("group", c.group);
    addEpilogue(b, c.epilogue, y, 1, c.t);
    if (c.splits.empty()) {
        b.output(y, c.t);
    } else {
        b.ints("splits", c.splits);
        for (int64_t part : c.splits) {
            y[1] = part;
            b.output(y, c.t);
        }
    }
    std::string name = std::string(dtypeName(c.t)) + " " + shapeText(c.x) + " w" + shapeText(c.w) + " s" + shapeText(stride) + " d" + shapeText(dilation) + " p" +
                       shapeText(pads) + " g" + std::to_string(c.group) + " " + c.epilogue + (c.splits.empty() ? "" : " split " + shapeText(c.splits));
    // Relative to the largest output: a sum of K products in float32 against one in float64.
    return b.name(name).tolerance(c.t == DType::F64 ? 1e-14 : c.t == DType::F16 ? 2e-3 : c.t == DType::BF16 ? 1e-2 : 1e-5).build();
}

TEST_CASE("cases: Conv 2-D") {
    std::vector<Case> cases;
    // Pointwise, 3×3 and 5×5 kernels over channel counts that do not fill vectors.
    for (int64_t c : {1, 3, 7, 16, 24, 31, 64})
        for (int64_t m : {1, 7, 16, 31, 48}) {
            cases.push_back(make({.x = {1, c, 7, 9}, .w = {m, c, 1, 1}}));
            cases.push_back(make({.x = {2, c, 6, 5}, .w = {m, c, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "relu"}));
        }
    cases.push_back(make({.x = {1, 64, 14, 14}, .w = {64, 64, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "residual_relu"}));
    cases.push_back(make({.x = {1, 3, 33, 35}, .w = {32, 3, 7, 7}, .stride = {2, 2}, .pads = {3, 3, 3, 3}, .epilogue = "relu"}));
    cases.push_back(make({.x = {1, 3, 30, 32}, .w = {24, 3, 3, 3}, .stride = {2, 2}, .pads = {0, 0, 1, 1}, .epilogue = "clip"}));
    cases.push_back(make({.x = {1, 16, 15, 13}, .w = {40, 16, 5, 5}, .pads = {2, 2, 2, 2}}));
    cases.push_back(make({.x = {1, 16, 15, 13}, .w = {20, 16, 1, 1}, .stride = {2, 2}}));
    cases.push_back(make({.x = {1, 9, 12, 12}, .w = {33, 9, 1, 7}, .pads = {0, 3, 0, 3}}));
    cases.push_back(make({.x = {1, 9, 12, 12}, .w = {33, 9, 7, 1}, .pads = {3, 0, 3, 0}, .bias = false}));
    cases.push_back(make({.x = {1, 8, 17, 19}, .w = {16, 8, 3, 3}, .dilation = {2, 2}, .pads = {2, 2, 2, 2}}));
    cases.push_back(make({.x = {1, 8, 17, 19}, .w = {16, 8, 3, 3}, .dilation = {3, 2}, .pads = {1, 0, 2, 3}}));
    cases.push_back(make({.x = {1, 8, 17, 19}, .w = {16, 8, 3, 2}, .stride = {3, 1}, .dilation = {1, 2}, .pads = {0, 2, 3, 1}}));
    cases.push_back(make({.x = {1, 130, 4, 4}, .w = {70, 130, 3, 3}, .pads = {1, 1, 1, 1}}));
    cases.push_back(make({.x = {1, 300, 1, 1}, .w = {100, 300, 1, 1}, .epilogue = "relu"}));
    cases.push_back(make({.x = {1, 16, 6, 6}, .w = {50, 16, 6, 6}}));
    cases.push_back(make({.x = {1, 16, 2, 40}, .w = {16, 16, 3, 3}, .pads = {1, 1, 1, 1}}));
    cases.push_back(make({.x = {1, 5, 3, 3}, .w = {4, 5, 3, 3}, .pads = {3, 3, 3, 3}}));  // windows wholly in the padding
    // Groups and depthwise.
    for (int64_t c : {1, 7, 16, 24, 33}) {
        cases.push_back(make({.x = {1, c, 11, 9}, .w = {c, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = c, .epilogue = "clip"}));
        cases.push_back(make({.x = {2, c, 11, 9}, .w = {c, 1, 5, 5}, .stride = {2, 2}, .pads = {2, 2, 2, 2}, .group = c, .epilogue = "hardswish"}));
    }
    for (const DType t : {DType::F32, DType::F16}) {  // whole pieces of the GPU's copy engine, and ragged ones
        cases.push_back(make({.x = {2, 32, 14, 15}, .w = {32, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = 32, .epilogue = "clip", .t = t}));
        cases.push_back(make({.x = {2, 64, 7, 7}, .w = {64, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = 64, .epilogue = "residual", .t = t}));
        cases.push_back(make({.x = {1, 96, 27, 29}, .w = {96, 1, 3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}, .group = 96, .epilogue = "clip", .t = t}));
    }
    cases.push_back(make({.x = {1, 16, 9, 9}, .w = {16, 1, 3, 3}, .dilation = {2, 2}, .pads = {2, 2, 2, 2}, .group = 16, .bias = false}));
    cases.push_back(make({.x = {1, 16, 8, 12}, .w = {16, 1, 3, 3}, .stride = {2, 2}, .pads = {0, 1, 1, 0}, .group = 16}));
    cases.push_back(make({.x = {1, 16, 9, 9}, .w = {16, 1, 1, 5}, .stride = {1, 2}, .pads = {0, 2, 0, 2}, .group = 16}));
    cases.push_back(make({.x = {1, 12, 9, 9}, .w = {24, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = 12}));  // multiplier 2
    cases.push_back(make({.x = {1, 32, 9, 9}, .w = {48, 16, 3, 3}, .pads = {1, 1, 1, 1}, .group = 2, .epilogue = "relu"}));
    cases.push_back(make({.x = {1, 24, 7, 7}, .w = {36, 8, 1, 1}, .group = 3}));
    cases.push_back(make({.x = {2, 21, 5, 5}, .w = {14, 3, 3, 3}, .pads = {1, 1, 1, 1}, .group = 7}));
    // Epilogues.
    for (const char* e : {"clip", "hardswish", "silu", "gelu", "leaky", "residual", "residual_relu", "bias_relu", "scale_shift", "long"}) {
        cases.push_back(make({.x = {1, 16, 9, 7}, .w = {31, 16, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = e}));
        cases.push_back(make({.x = {2, 24, 8, 8}, .w = {32, 24, 1, 1}, .epilogue = e}));
        cases.push_back(make({.x = {1, 20, 8, 8}, .w = {20, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = 20, .epilogue = e}));
    }
    // Horizontally fused layers write their parts apart.
    cases.push_back(make({.x = {1, 32, 7, 7}, .w = {56, 32, 1, 1}, .epilogue = "relu", .splits = {16, 24, 16}}));
    cases.push_back(make({.x = {1, 17, 7, 6}, .w = {31, 17, 1, 1}, .epilogue = "relu", .splits = {5, 19, 7}}));
    cases.push_back(make({.x = {1, 12, 7, 6}, .w = {40, 12, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "scale_shift", .splits = {8, 32}}));
    runCases("Conv 2-D", cases);
}

TEST_CASE("cases: Conv, other ranks and types") {
    std::vector<Case> cases;
    cases.push_back(make({.x = {1, 8, 33}, .w = {16, 8, 3}, .pads = {1, 1}, .epilogue = "relu"}));
    cases.push_back(make({.x = {2, 5, 40}, .w = {7, 5, 8}, .stride = {3}, .dilation = {2}, .pads = {4, 1}}));
    cases.push_back(make({.x = {1, 10, 20}, .w = {10, 1, 5}, .pads = {2, 2}, .group = 10}));
    cases.push_back(make({.x = {1, 4, 6, 7, 5}, .w = {9, 4, 3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}, .epilogue = "relu"}));
    cases.push_back(make({.x = {1, 6, 5, 8, 6}, .w = {6, 2, 2, 3, 1}, .stride = {1, 2, 2}, .dilation = {2, 1, 1}, .pads = {1, 0, 0, 0, 2, 1}, .group = 3}));
    for (DType t : {DType::F64, DType::F16, DType::BF16}) {
        cases.push_back(make({.x = {1, 7, 6, 5}, .w = {16, 7, 3, 3}, .pads = {1, 1, 1, 1}, .epilogue = "residual_relu", .t = t}));
        cases.push_back(make({.x = {1, 16, 6, 5}, .w = {24, 16, 1, 1}, .t = t}));
    }
    runCases("Conv 1-D, 3-D, other types", cases);
}

}  // namespace
}  // namespace sinter::cases
