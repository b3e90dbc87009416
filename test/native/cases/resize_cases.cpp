#include <doctest/doctest.h>

#include <cmath>

#include "cases/harness.h"
#include "cases/programs.h"

namespace sinter::cases {
namespace {

using Dims = std::vector<int64_t>;

struct Resize {
    std::string mode = "nearest", coordinate = "half_pixel", nearest = "round_prefer_floor";
    Dims x, y;
    std::vector<double> scales{}, roi{};
    int64_t excludeOutside = 0, antialias = 0;
    DType t = DType::F32;
};

Case make(const Resize& r) {
    Builder b("Resize");
    b.input(r.x, r.t).output(r.y, r.t).s("mode", r.mode).s("coordinate_mode", r.coordinate).s("nearest_mode", r.nearest).f("cubic_coeff", -0.75)
        .i("exclude_outside", r.excludeOutside).f("extrapolation_value", 9).attr("scales", r.scales.empty() ? std::vector<double>(r.x.size(), 0.0) : r.scales);
    if (!r.roi.empty()) b.attr("roi", r.roi);
    if (r.antialias) b.i("antialias", 1);
    return b.range(0, 100).tolerance(r.mode == "nearest" ? 0 : r.t == DType::F16 ? 2e-3 : 1e-5)
        .name(std::string(dtypeName(r.t)) + " " + r.mode + " " + r.coordinate + (r.mode == "nearest" ? " " + r.nearest : "") + " " + shapeText(r.x) + " to " + shapeText(r.y) +
              (r.excludeOutside ? " exclude" : "") + (r.antialias ? " antialias" : ""))
        .build();
}

TEST_CASE("cases: Resize") {
    std::vector<Case> cases;
    const char* coordinates[] = {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn"};
    for (const char* c : coordinates) {
        for (const char* n : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}) {
            cases.push_back(make({.coordinate = c, .nearest = n, .x = {2, 7, 5, 6}, .y = {2, 7, 10, 12}}));
            cases.push_back(make({.coordinate = c, .nearest = n, .x = {1, 3, 9, 8}, .y = {1, 3, 4, 11}}));
        }
        for (const char* mode : {"linear", "cubic"}) {
            cases.push_back(make({.mode = mode, .coordinate = c, .x = {2, 7, 5, 6}, .y = {2, 7, 10, 12}}));
            cases.push_back(make({.mode = mode, .coordinate = c, .x = {1, 16, 9, 8}, .y = {1, 16, 4, 11}, .scales = {1, 1, 0.5, 1.45}}));
            cases.push_back(make({.mode = mode, .coordinate = c, .x = {1, 2, 4, 4}, .y = {1, 2, 1, 1}}));
            cases.push_back(make({.mode = mode, .coordinate = c, .x = {1, 5, 8}, .y = {1, 5, 20}, .excludeOutside = 1}));
        }
    }
    for (const char* mode : {"nearest", "linear", "cubic"})
        cases.push_back(make({.mode = mode, .coordinate = "tf_crop_and_resize", .x = {1, 2, 6, 6}, .y = {1, 2, 5, 4}, .roi = {0, 0, 0.2, -0.1, 1, 1, 0.7, 1.2}}));
    cases.push_back(make({.mode = "linear", .x = {1, 2, 4, 5, 6}, .y = {1, 2, 8, 3, 9}}));
    cases.push_back(make({.mode = "cubic", .x = {6, 7}, .y = {9, 4}}));
    cases.push_back(make({.mode = "linear", .x = {3, 4, 5}, .y = {5, 8, 7}}));
    for (const char* mode : {"linear", "cubic"}) cases.push_back(make({.mode = mode, .x = {1, 3, 12, 13}, .y = {1, 3, 5, 4}, .antialias = 1}));
    for (DType t : {DType::F16, DType::F64}) cases.push_back(make({.mode = "linear", .x = {1, 3, 5, 4}, .y = {1, 3, 10, 8}, .t = t}));
    for (DType t : {DType::U8, DType::I32, DType::F16}) cases.push_back(make({.coordinate = "asymmetric", .nearest = "floor", .x = {1, 3, 5, 4}, .y = {1, 3, 10, 8}, .t = t}));
    cases.push_back(make({.mode = "linear", .x = {1, 3, 5, 4}, .y = {1, 3, 10, 8}, .t = DType::U8}));
    for (int64_t c : {1, 16, 24, 31, 64}) {
        cases.push_back(make({.coordinate = "asymmetric", .nearest = "floor", .x = {1, c, 6, 7}, .y = {1, c, 12, 14}, .scales = {1, 1, 2, 2}}));
        cases.push_back(make({.mode = "linear", .x = {1, c, 6, 7}, .y = {1, c, 12, 14}, .scales = {1, 1, 2, 2}}));
    }
    runCases("Resize", cases);
}

struct Deconv {
    Dims x, w, y;                     // w: C M/g K…
    Dims stride, pads;
    Dims dilation{};
    int64_t group = 1;
    bool bias = true;
    DType t = DType::F32;
    std::string epilogue{};
};

Case make(const Deconv& c) {
    const size_t n = c.x.size() - 2;
    Builder b("ConvTranspose");
    b.input(c.x, c.t).weight(c.w, c.t);
    if (c.bias) b.weight({c.w[1] * c.group}, c.t);
    addEpilogue(b, c.epilogue, c.y, 1, c.t);
    return b.output(c.y, c.t).ints("kernel_shape", {c.w.begin() + 2, c.w.end()}).ints("strides", c.stride).ints("dilations", c.dilation.empty() ? Dims(n, 1) : c.dilation)
        .ints("pads", c.pads).i("group", c.group).ints("output_padding", Dims(n, 0)).tolerance(c.t == DType::F16 ? 2e-3 : 1e-5)
        .name(std::string(dtypeName(c.t)) + " " + shapeText(c.x) + " w" + shapeText(c.w) + " to " + shapeText(c.y) + " s" + shapeText(c.stride) + " p" + shapeText(c.pads) + " " + c.epilogue).build();
}

TEST_CASE("cases: ConvTranspose") {
    std::vector<Case> cases;
    for (int64_t c : {1, 7, 24})
        for (int64_t m : {1, 16, 31}) cases.push_back(make({.x = {1, c, 5, 6}, .w = {c, m, 2, 2}, .y = {1, m, 10, 12}, .stride = {2, 2}, .pads = {0, 0, 0, 0}}));
    cases.push_back(make({.x = {2, 6, 5, 4}, .w = {6, 5, 3, 3}, .y = {2, 5, 5, 4}, .stride = {1, 1}, .pads = {1, 1, 1, 1}}));
    cases.push_back(make({.x = {2, 6, 5, 4}, .w = {6, 5, 4, 4}, .y = {2, 5, 10, 8}, .stride = {2, 2}, .pads = {1, 1, 1, 1}, .bias = false}));
    cases.push_back(make({.x = {1, 4, 5, 4}, .w = {4, 3, 3, 3}, .y = {1, 3, 11, 10}, .stride = {2, 3}, .pads = {0, 1, 0, 1}}));  // ragged: output padding is in the shape
    cases.push_back(make({.x = {1, 4, 5, 4}, .w = {4, 3, 3, 3}, .y = {1, 3, 9, 8}, .stride = {1, 1}, .pads = {0, 0, 0, 0}, .dilation = {2, 2}}));
    cases.push_back(make({.x = {1, 8, 5, 4}, .w = {8, 3, 3, 3}, .y = {1, 6, 9, 7}, .stride = {2, 2}, .pads = {1, 1, 1, 1}, .group = 2}));
    cases.push_back(make({.x = {1, 8, 5, 4}, .w = {8, 1, 4, 4}, .y = {1, 8, 10, 8}, .stride = {2, 2}, .pads = {1, 1, 1, 1}, .group = 8}));
    cases.push_back(make({.x = {1, 4, 9}, .w = {4, 5, 4}, .y = {1, 5, 20}, .stride = {2}, .pads = {0, 0}}));
    cases.push_back(make({.x = {1, 3, 3, 4, 3}, .w = {3, 2, 2, 3, 2}, .y = {1, 2, 6, 8, 6}, .stride = {2, 2, 2}, .pads = {0, 0, 0, 0, 1, 0}}));
    for (DType t : {DType::F16, DType::F64}) cases.push_back(make({.x = {1, 5, 4, 4}, .w = {5, 7, 2, 2}, .y = {1, 7, 8, 8}, .stride = {2, 2}, .pads = {0, 0, 0, 0}, .t = t}));
    for (const char* e : {"relu", "clip", "hardswish", "residual", "residual_relu", "scale_shift", "long"}) {
        cases.push_back(make({.x = {2, 9, 5, 7}, .w = {9, 40, 3, 3}, .y = {2, 40, 10, 14}, .stride = {2, 2}, .pads = {1, 1, 0, 0}, .epilogue = e}));
        cases.push_back(make({.x = {2, 5, 4, 7}, .w = {5, 1, 2, 2}, .y = {2, 1, 8, 14}, .stride = {2, 2}, .pads = {0, 0, 0, 0}, .epilogue = e}));
        cases.push_back(make({.x = {1, 5, 4, 4}, .w = {5, 12, 2, 2}, .y = {1, 12, 8, 8}, .stride = {2, 2}, .pads = {0, 0, 0, 0}, .bias = false, .epilogue = e}));
    }
    // Epilogue without a bias: its first operand is not one.
    cases.push_back(Builder("ConvTranspose").input({1, 4, 3, 3}).weight({4, 6, 2, 2}).ints("kernel_shape", {2, 2}).ints("strides", {2, 2}).ints("dilations", {1, 1})
                        .ints("pads", {0, 0, 0, 0}).i("group", 1).ints("output_padding", {0, 0}).extras().weight({6, 1, 1}).input({1, 6, 6, 6}).step("Mul", {0, 1}).step("Add", {3, 2})
                        .step("Relu", {4}).output({1, 6, 6, 6}).name("scale, residual, relu without bias").build());
    runCases("ConvTranspose", cases);
}

}  // namespace
}  // namespace sinter::cases
