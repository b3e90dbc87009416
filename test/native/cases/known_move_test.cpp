#include <stdexcept>

#include "cases/known.h"
#include "cpu/reference/strided.h"

namespace sinter::cases {
namespace {

TEST_CASE("known answers: movement") {
    expect(Builder("Transpose").input({2, 3}).output({3, 2}).ints("perm", {1, 0}).values(0, count(6)), {{1, 4, 2, 5, 3, 6}});
    expect(Builder("Transpose").input({2, 1, 3}, DType::I64).output({3, 2, 1}, DType::I64).ints("perm", {2, 0, 1}).values(0, count(6)), {{1, 4, 2, 5, 3, 6}});
    expect(Builder("Copy").input({2, 3}).output({3, 2}).values(0, count(6)), {{1, 2, 3, 4, 5, 6}});
    expect(Builder("Concat").input({2, 1}).input({2, 2}).output({2, 3}).i("axis", 1).values(0, {1, 2}).values(1, {3, 4, 5, 6}), {{1, 3, 4, 2, 5, 6}});
    expect(Builder("Split").input({2, 3}).output({2, 1}).output({2, 2}).i("axis", 1).ints("splits", {1, 2}).values(0, count(6)), {{1, 4}, {2, 3, 5, 6}});
    expect(Builder("Slice").input({3, 4}).output({2, 2}).ints("starts", {2, 1}).ints("steps", {-2, 2}).values(0, count(12)), {{10, 12, 2, 4}});
    expect(Builder("Tile").input({1, 2}).output({2, 4}).values(0, {1, 2}), {{1, 2, 1, 2, 1, 2, 1, 2}});

    const auto pad = [](const char* mode, std::vector<int64_t> pads, std::vector<int64_t> y) {
        return Builder("Pad").input({2, 3}).output(std::move(y)).ints("pads", std::move(pads)).s("mode", mode).f("value", 9).values(0, count(6)).name(mode);
    };
    expect(pad("constant", {0, 2, 1, 0}, {3, 5}), {{9, 9, 1, 2, 3, 9, 9, 4, 5, 6, 9, 9, 9, 9, 9}});
    expect(pad("reflect", {1, 2, 0, 1}, {3, 6}), {{6, 5, 4, 5, 6, 5, 3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5}});
    expect(pad("edge", {0, 1, 0, 2}, {2, 6}), {{1, 1, 2, 3, 3, 3, 4, 4, 5, 6, 6, 6}});
    expect(pad("wrap", {0, 2, 0, 1}, {2, 6}), {{2, 3, 1, 2, 3, 1, 5, 6, 4, 5, 6, 4}});
    expect(pad("constant", {-1, 1, 0, -2}, {1, 2}), {{9, 4}});

    const std::vector<double> deep{0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 18, 19, 20, 21, 22, 23, 27, 28, 29, 30, 31, 32,
                                   36, 37, 38, 39, 40, 41, 45, 46, 47, 48, 49, 50, 54, 55, 56, 57, 58, 59, 63, 64, 65, 66, 67, 68};
    expect(Builder("DepthToSpace").input({1, 8, 2, 3}).output({1, 2, 4, 6}).i("blocksize", 2).s("mode", "DCR").values(0, deep),
           {{0, 18, 1, 19, 2, 20, 36, 54, 37, 55, 38, 56, 3, 21, 4, 22, 5, 23, 39, 57, 40, 58, 41, 59, 9, 27, 10, 28, 11, 29, 45, 63, 46, 64, 47, 65, 12, 30, 13, 31, 14, 32, 48, 66, 49, 67, 50, 68}});
    expect(Builder("DepthToSpace").input({1, 8, 2, 3}).output({1, 2, 4, 6}).i("blocksize", 2).s("mode", "CRD").values(0, deep),
           {{0, 9, 1, 10, 2, 11, 18, 27, 19, 28, 20, 29, 3, 12, 4, 13, 5, 14, 21, 30, 22, 31, 23, 32, 36, 45, 37, 46, 38, 47, 54, 63, 55, 64, 56, 65, 39, 48, 40, 49, 41, 50, 57, 66, 58, 67, 59, 68}});
    expect(Builder("SpaceToDepth").input({1, 1, 4, 6}).output({1, 4, 2, 3}).i("blocksize", 2).values(0, {0, 6, 1, 7, 2, 8, 12, 18, 13, 19, 14, 20, 3, 9, 4, 10, 5, 11, 15, 21, 16, 22, 17, 23}),
           {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}});
}

TEST_CASE("known answers: DetectionOutput") {
    // Two boxes that overlap by 0.81 and one apart; class 0 is the background. Of class 1 the weaker overlapping box goes.
    const std::vector<double> priors{0, 0, 0.5, 0.5, 0.025, 0.025, 0.525, 0.525, 0.6, 0.6, 1, 1, 0.1, 0.1, 0.2, 0.2, 0.1, 0.1, 0.2, 0.2, 0.1, 0.1, 0.2, 0.2};
    expect(Builder("DetectionOutput").input({1, 12}).input({1, 6}).input({1, 2, 12}).output({1, 1, 3, 7}).i("num_classes", 2).i("share_location", 1).i("background_label_id", 0).f("nms_threshold", 0.45)
               .i("nms_top_k", -1).f("eta", 1).s("code_type", "CORNER").i("variance_encoded_in_target", 0).f("confidence_threshold", 0.1).values(0, {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, -1}).values(1, {0.3, 0.7, 0.1, 0.9, 0.5, 0.5}).values(2, priors),
           {{0, 1, 0.9, 0.025, 0.025, 0.525, 0.525, 0, 1, 0.5, 0.7, 0.6, 1, 0.8, -1, -1, -1, -1, -1, -1, -1}});
}

TEST_CASE("known answers: Gather and Scatter") {
    expect(Builder("Gather").input({3, 2}).input({2, 2}, DType::I64).output({2, 2, 2}).i("axis", 0).values(0, {1, 1.2, 2.3, 3.4, 4.5, 5.7}).values(1, {0, 1, 1, 2}), {{1, 1.2, 2.3, 3.4, 2.3, 3.4, 4.5, 5.7}});
    expect(Builder("Gather").input({3, 3}).input({1, 2}, DType::I32).output({3, 1, 2}).i("axis", 1).values(0, count(9)).values(1, {0, -1}), {{1, 3, 4, 6, 7, 9}});
    expect(Builder("GatherElements").input({3, 3}).input({2, 3}, DType::I64).output({2, 3}).i("axis", 0).values(0, count(9)).values(1, {1, 2, 0, 2, 0, 0}), {{4, 8, 3, 7, 2, 3}});
    expect(Builder("GatherND").input({2, 2, 2}).input({2, 1}, DType::I64).output({2, 2}).i("batch_dims", 1).values(0, count(8, 0)).values(1, {1, 0}), {{2, 3, 4, 5}});
    expect(Builder("GatherND").input({2, 2}).input({2, 2}, DType::I64).output({2}).i("batch_dims", 0).values(0, count(4, 0)).values(1, {0, 0, 1, 1}), {{0, 3}});
    expect(Builder("ScatterElements").input({1, 5}).input({1, 2}, DType::I64).input({1, 2}).output({1, 5}).i("axis", 1).s("reduction", "none").values(0, count(5)).values(1, {1, -2}).values(2, {1.1, 2.1}),
           {{1, 1.1, 3, 2.1, 5}});
    expect(Builder("ScatterElements").input({1, 5}).input({1, 2}, DType::I64).input({1, 2}).output({1, 5}).i("axis", 1).s("reduction", "add").values(0, count(5)).values(1, {1, 1}).values(2, {1.1, 2.1}),
           {{1, 5.2, 3, 4, 5}});
    expect(Builder("ScatterND").input({8}).input({4, 1}, DType::I64).input({4}).output({8}).s("reduction", "none").values(0, count(8)).values(1, {4, 3, 1, 7}).values(2, {9, 10, 11, 12}), {{1, 11, 3, 10, 9, 6, 7, 12}});
    expect(Builder("ScatterND").input({3, 2}).input({2, 1}, DType::I64).input({2, 2}).output({3, 2}).s("reduction", "max").values(0, count(6)).values(1, {2, 2}).values(2, {9, 1, 0, 7}), {{1, 2, 3, 4, 9, 7}});
    CHECK_THROWS_WITH_AS(reference(Builder("Gather").input({3}).input({1}, DType::I64).output({1}).i("axis", 0).values(1, {3}).name("bad").build()),
                         doctest::Contains("index 3 of layer \"Gather bad\" is outside an axis of 3 elements"), std::runtime_error);
}

Builder resize(const char* mode, const char* coordinate, std::vector<int64_t> x, std::vector<int64_t> y, std::vector<double> scales = {}, const char* nearest = "round_prefer_floor") {
    const int n = static_cast<int>(ref::countOf(x));
    Builder b("Resize");
    b.name(std::string(mode) + " " + coordinate + " " + shapeText(x) + " to " + shapeText(y)).s("mode", mode).s("coordinate_mode", coordinate).s("nearest_mode", nearest).f("extrapolation_value", 10).i("exclude_outside", 0);
    if (scales.empty()) scales.assign(x.size(), 0.0);
    return b.attr("scales", scales).input(std::move(x)).output(std::move(y)).values(0, count(n));
}

TEST_CASE("known answers: Resize") {
    expect(resize("nearest", "half_pixel", {1, 1, 2, 2}, {1, 1, 4, 6}, {1, 1, 2, 3}), {{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4}});
    expect(resize("nearest", "half_pixel", {1, 1, 2, 4}, {1, 1, 1, 3}), {{1, 2, 4}});
    expect(resize("nearest", "align_corners", {4}, {8}, {}, "floor"), {{1, 1, 1, 2, 2, 3, 3, 4}});
    expect(resize("nearest", "half_pixel", {4}, {8}, {}, "ceil"), {{1, 2, 2, 3, 3, 4, 4, 4}});
    expect(resize("nearest", "asymmetric", {4}, {8}, {}, "round_prefer_ceil"), {{1, 2, 2, 3, 3, 4, 4, 4}});
    expect(resize("nearest", "tf_half_pixel_for_nn", {1, 1, 4, 4}, {1, 1, 3, 2}), {{6, 8, 10, 12, 14, 16}});
    expect(resize("linear", "half_pixel", {1, 1, 2, 2}, {1, 1, 4, 4}, {1, 1, 2, 2}), {{1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4}});
    expect(resize("linear", "align_corners", {1, 1, 2, 2}, {1, 1, 4, 4}, {1, 1, 2, 2}),
           {{1, 4.0 / 3, 5.0 / 3, 2, 5.0 / 3, 2, 7.0 / 3, 8.0 / 3, 7.0 / 3, 8.0 / 3, 3, 10.0 / 3, 3, 10.0 / 3, 11.0 / 3, 4}});
    expect(resize("linear", "half_pixel", {1, 1, 2, 4}, {1, 1, 1, 2}, {1, 1, 0.6, 0.6}), {{2.6666665, 4.3333331}});
    expect(resize("linear", "align_corners", {1, 1, 2, 4}, {1, 1, 1, 2}, {1, 1, 0.6, 0.6}), {{1, 3.142857}});
    expect(resize("linear", "pytorch_half_pixel", {1, 1, 4, 4}, {1, 1, 3, 1}), {{1.6666666, 7, 12.333333}});
    expect(resize("linear", "half_pixel_symmetric", {5}, {2}, {0.5}), {{2, 4}});
    expect(resize("linear", "tf_crop_and_resize", {1, 1, 4, 4}, {1, 1, 3, 3}).attr("roi", std::vector<double>{0, 0, 0.4, 0.6, 1, 1, 1.2, 1.7}), {{7.6, 10, 10, 12.4, 10, 10, 10, 10, 10}});
    expect(resize("cubic", "half_pixel", {1, 1, 4, 4}, {1, 1, 3, 3}, {1, 1, 0.8, 0.8}).f("cubic_coeff", -0.75),
           {{1.47119141, 2.78125, 4.08251953, 6.71142578, 8.02148438, 9.32275391, 11.91650391, 13.2265625, 14.52783203}});
    expect(Builder("Resize").input({1, 1, 4, 4}).output({1, 1, 3, 3}).s("mode", "cubic").s("coordinate_mode", "half_pixel").f("cubic_coeff", -0.5).i("exclude_outside", 1)
               .attr("scales", std::vector<double>{1, 1, 0.8, 0.8}).values(0, count(16)),
           {{1.36812675, 2.6695014, 4.0133367, 6.57362535, 7.875, 9.2188353, 11.94896657, 13.25034122, 14.59417652}});
    // Antialias: taps widen with the reduction. Weights of a triangle over 4 sources for a factor of ½.
    expect(resize("linear", "half_pixel", {1, 1, 1, 4}, {1, 1, 1, 2}, {1, 1, 1, 0.5}).i("antialias", 1), {{1.625, 3.375}}, 1e-5);
}

TEST_CASE("known answers: order, ranges, quantization") {
    expect(Builder("ArgMax").input({2, 3}).output({2, 1}, DType::I64).i("axis", 1).i("keepdims", 1).values(0, {2, 2, 1, 3, 10, 10}), {{0, 1}});
    expect(Builder("ArgMax").input({2, 3}).output({2}, DType::I64).i("axis", 1).i("keepdims", 0).i("select_last", 1).values(0, {2, 2, 1, 3, 10, 10}), {{1, 2}});
    expect(Builder("ArgMin").input({2, 2}).output({2}, DType::I64).i("axis", 0).i("keepdims", 0).values(0, {2, 1, 3, 1}), {{0, 0}});
    expect(Builder("TopK").input({3, 4}).input({1}, DType::I64).output({3, 3}).output({3, 3}, DType::I64).i("axis", 1).i("largest", 1).values(0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}).values(1, {3}),
           {{3, 2, 1, 7, 6, 5, 11, 10, 9}, {3, 2, 1, 3, 2, 1, 3, 2, 1}});
    expect(Builder("TopK").input({4}).input({1}, DType::I64).output({2}).output({2}, DType::I64).i("axis", 0).i("largest", 0).values(0, {5, 1, 1, 9}).values(1, {2}), {{1, 1}, {1, 2}});
    expect(Builder("CumSum").input({5}).output({5}).i("axis", 0).i("exclusive", 1).i("reverse", 1).values(0, count(5)), {{14, 12, 9, 5, 0}});
    expect(Builder("CumSum").input({2, 3}).output({2, 3}).i("axis", 0).values(0, count(6)), {{1, 2, 3, 5, 7, 9}});
    expect(Builder("Range").input({}, DType::I32).input({}, DType::I32).input({}, DType::I32).output({2}, DType::I32).values(0, {10}).values(1, {6}).values(2, {-3}), {{10, 7}});
    expect(Builder("OneHot").input({3}, DType::I64).input({}, DType::I64).input({2}).output({3, 4}).i("axis", 1).values(0, {0, -1, 7}).values(1, {4}).values(2, {-1, 5}), {{5, -1, -1, -1, -1, -1, -1, 5, -1, -1, -1, -1}});
    expect(Builder("NonZero").input({2, 2}).output({2, 3}, DType::I64).values(0, {1, 0, 1, 1}), {{0, 1, 1, 0, 0, 1}});
    CHECK_THROWS_AS(reference(Builder("NonZero").input({2, 2}).output({2, 1}, DType::I64).values(0, {1, 0, 1, 1}).build()), std::runtime_error);
    Case dims = Builder("Dims").output({3}, DType::I64).build();
    dims.desc.dims = {{2, 3}, {7}};
    CHECK(reference(dims) == Rows{{2, 3, 7}});

    expect(Builder("QuantizeLinear").input({6}).weight({}).weight({}, DType::U8).output({6}, DType::U8).i("axis", 0).values(0, {0, 2, 3, 1000, -254, -1000}).values(1, {2}).values(2, {128}), {{128, 129, 130, 255, 1, 0}});
    // Halves go to the even neighbour, before the zero point is added.
    expect(Builder("QuantizeLinear").input({5}).weight({}).weight({}, DType::I8).output({5}, DType::I8).i("axis", 0).values(0, {0.5, 1.5, 2.5, -0.5, -1.5}).values(1, {1}).values(2, {1}), {{1, 3, 3, 1, -1}});
    expect(Builder("DequantizeLinear").input({4}, DType::U8).weight({}).weight({}, DType::U8).output({4}).i("axis", 0).values(0, {0, 3, 128, 255}).values(1, {2}).values(2, {128}), {{-256, -250, 0, 254}});
    expect(Builder("DequantizeLinear").input({2, 2}, DType::I8).weight({2}).weight({2}, DType::I8).output({2, 2}).i("axis", 0).values(0, {1, 2, 3, 4}).values(1, {2, 10}).values(2, {1, 0}), {{0, 2, 30, 40}});
}

}  // namespace
}  // namespace sinter::cases
