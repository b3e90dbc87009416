// A convolution and the largest of each 2 × 2 of its pixels as one layer.
#include "cases/known.h"
#include "cases/programs.h"
#include "core/conv_max_pool.h"

namespace sinter::cases {
namespace {

struct Layer {
    std::vector<int64_t> x, w;
    int64_t pad = 1;
    std::string epilogue{};
};

Builder build(const Layer& l, DType x, DType w, DType y) {
    std::vector<int64_t> out{l.x[0], l.w[0]};
    for (size_t i = 2; i < 4; ++i) out.push_back((l.x[i] + 2 * l.pad - l.w[i] + 1) / 2);
    Builder b("ConvMaxPool");
    b.input(l.x, x);
    if (x == DType::I8) b.quantizedInput(0.013).range(-127, 127);
    b.weight(l.w, w).weight({l.w[0]});
    b.ints("kernel_shape", {l.w[2], l.w[3]}).ints("strides", {1, 1}).ints("dilations", {1, 1}).ints("pads", {l.pad, l.pad, l.pad, l.pad}).i("group", 1);
    addEpilogue(b, l.epilogue, out, 1);
    b.output(out, y);
    if (y == DType::I8) b.quantizedOutput(0.013 * 73 * 73 * std::sqrt(static_cast<double>(l.w[1] * l.w[2] * l.w[3])) / 57);
    return b.name(std::string(dtypeName(x)) + " " + std::string(dtypeName(y)) + " " + shapeText(l.x) + " w" + shapeText(l.w) + " " + l.epilogue)
        .tolerance(y == DType::F16 ? 1e-3 : y == DType::BF16 ? 8e-3 : 1e-5);
}

TEST_CASE("cases: ConvMaxPool") {
    std::vector<Case> cases;
    constexpr DType F = DType::F32, H = DType::F16, B = DType::BF16, I = DType::I8;
    for (const auto& [x, w, y] : {std::array{H, H, H}, std::array{B, B, B}, std::array{H, H, F}, std::array{F, F, F}, std::array{I, F, I}}) {
        cases.push_back(build({.x = {2, 64, 28, 24}, .w = {64, 64, 3, 3}, .epilogue = "relu"}, x, w, y).build());
        cases.push_back(build({.x = {1, 128, 17, 21}, .w = {72, 128, 3, 3}, .epilogue = x == I ? "" : "clip"}, x, w, y).build());
        cases.push_back(build({.x = {1, 48, 33, 15}, .w = {96, 48, 3, 3}, .pad = 0}, x, w, y).build());
    }
    cases.push_back(build({.x = {2, 8, 56, 168}, .w = {72, 8, 3, 3}, .epilogue = "relu"}, H, H, H).build());  // more patches than blocks
    runCases("ConvMaxPool", cases);
}

TEST_CASE("ConvMaxPool is MaxPool behind Conv") {
    for (const DType type : {DType::F32, DType::F16, DType::I8}) {
        const Layer l{.x = {2, 5, 9, 12}, .w = {7, 5, 3, 3}, .epilogue = "clip"};
        const Case joined = build(l, type, type == DType::I8 ? DType::F32 : type, type).build();
        Case conv = joined;
        conv.desc = *convolutionIn(joined.desc);
        const auto whole = reference(conv);
        const auto& y = joined.desc.outputs[0].dims;
        const auto pool = Builder("MaxPool").input(conv.desc.outputs[0].dims, type).ints("kernel_shape", {2, 2}).ints("strides", {2, 2}).ints("dilations", {1, 1})
                              .ints("pads", {0, 0, 0, 0}).i("count_include_pad", 0).values(0, whole[0]).output(y, type).build();
        CHECK(reference(joined) == reference(pool));
    }
}

TEST_CASE("ConvMaxPool: shapes that are not half of a convolution are refused") {
    const Case whole = build({.x = {1, 8, 12, 12}, .w = {8, 8, 3, 3}}, DType::F32, DType::F32, DType::F32).build();
    CHECK(convolutionIn(whole.desc)->outputs[0].dims == std::vector<int64_t>{1, 8, 12, 12});
    LayerDesc other = whole.desc;
    other.outputs[0].dims[3] = 5;
    CHECK(!convolutionIn(other));
    PointwiseProgram falls{.inputCount = 1, .code = {{"Neg", {0}, DType::F32, {}}}, .outputs = {1}};
    CHECK(!risesWithFirst(falls));
    falls.code[0].op = "Relu";
    CHECK(risesWithFirst(falls));
}

}  // namespace
}  // namespace sinter::cases
