#include <doctest/doctest.h>

#include "cases/harness.h"

namespace sinter::cases {
namespace {

struct Pool {
    std::vector<int64_t> x, kernel, stride{}, pads{}, dilation{};
    bool ceil = false, countPad = false;
    DType t = DType::F32;
};

Case make(const char* op, const Pool& p) {
    const size_t n = p.kernel.size();
    const auto stride = p.stride.empty() ? std::vector<int64_t>(n, 1) : p.stride;
    const auto pads = p.pads.empty() ? std::vector<int64_t>(2 * n, 0) : p.pads;
    const auto dilation = p.dilation.empty() ? std::vector<int64_t>(n, 1) : p.dilation;
    std::vector<int64_t> y{p.x[0], p.x[1]};
    for (size_t i = 0; i < n; ++i) {
        const int64_t span = p.x[2 + i] + pads[i] + pads[n + i] - dilation[i] * (p.kernel[i] - 1) - 1;
        int64_t out = (p.ceil ? span + stride[i] - 1 : span) / stride[i] + 1;
        // A last window may not start in the padding behind the input.
        if (p.ceil && (out - 1) * stride[i] >= p.x[2 + i] + pads[i]) --out;
        y.push_back(out);
    }
    return Builder(op).input(p.x, p.t).output(y, p.t).ints("kernel_shape", p.kernel).ints("strides", stride).ints("dilations", dilation).ints("pads", pads)
        .i("count_include_pad", p.countPad)
        .range(p.t == DType::U8 ? 0 : -100, 100)
        .name(std::string(dtypeName(p.t)) + " " + shapeText(p.x) + " k" + shapeText(p.kernel) + " s" + shapeText(stride) + " p" + shapeText(pads) +
              (p.ceil ? " ceil" : "") + (p.countPad ? " with padding" : ""))
        .tolerance(p.t == DType::F16 ? 2e-3 : p.t == DType::BF16 ? 1e-2 : 2e-6)
        .build();
}

TEST_CASE("cases: pools") {
    std::vector<Case> cases;
    for (const char* op : {"MaxPool", "AveragePool"}) {
        for (int64_t c : {1, 3, 7, 16, 24, 31, 64}) {
            cases.push_back(make(op, {.x = {1, c, 13, 11}, .kernel = {3, 3}, .stride = {2, 2}}));
            cases.push_back(make(op, {.x = {2, c, 9, 10}, .kernel = {3, 3}, .stride = {1, 1}, .pads = {1, 1, 1, 1}}));
            cases.push_back(make(op, {.x = {1, c, 8, 8}, .kernel = {2, 2}, .stride = {2, 2}}));
        }
        cases.push_back(make(op, {.x = {1, 16, 14, 14}, .kernel = {3, 3}, .stride = {2, 2}, .ceil = true}));
        cases.push_back(make(op, {.x = {1, 16, 15, 13}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}, .ceil = true, .countPad = true}));
        cases.push_back(make(op, {.x = {1, 16, 15, 13}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {0, 0, 1, 1}}));
        cases.push_back(make(op, {.x = {1, 5, 12, 9}, .kernel = {3, 2}, .stride = {3, 1}, .pads = {1, 0, 2, 1}, .countPad = true}));
        cases.push_back(make(op, {.x = {1, 5, 12, 9}, .kernel = {2, 3}, .dilation = {2, 2}}));
        cases.push_back(make(op, {.x = {2, 24, 7, 7}, .kernel = {7, 7}}));
        cases.push_back(make(op, {.x = {1, 5, 6, 6}, .kernel = {5, 5}, .stride = {1, 1}, .pads = {2, 2, 2, 2}, .countPad = true}));
        cases.push_back(make(op, {.x = {1, 6, 31}, .kernel = {4}, .stride = {3}, .pads = {1, 2}}));
        cases.push_back(make(op, {.x = {1, 3, 6, 7, 8}, .kernel = {2, 3, 2}, .stride = {2, 1, 2}, .pads = {0, 1, 1, 1, 1, 0}}));
        for (DType t : {DType::F16, DType::BF16, DType::F64}) cases.push_back(make(op, {.x = {1, 7, 9, 9}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}, .t = t}));
    }
    for (const char* op : {"MaxPool", "AveragePool"}) {
        cases.push_back(make(op, {.x = {4, 64, 64, 63}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}, .t = DType::F16}));
        for (DType t : {DType::F16, DType::BF16}) {
            for (int64_t c : {8, 40, 72}) {
                cases.push_back(make(op, {.x = {2, c, 9, 11}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 0, 1, 2}, .t = t}));
                cases.push_back(make(op, {.x = {2, c, 7, 6}, .kernel = {7, 6}, .t = t}));
            }
            cases.push_back(make(op, {.x = {1, 16, 9, 9}, .kernel = {6, 6}, .stride = {3, 3}, .pads = {2, 2, 2, 2}, .t = t}));
        }
    }
    for (DType t : {DType::U8, DType::I8}) cases.push_back(make("MaxPool", {.x = {1, 7, 9, 9}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}, .t = t}));
    runCases("Pools", cases);
}

}  // namespace
}  // namespace sinter::cases
