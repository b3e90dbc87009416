#include <doctest/doctest.h>

#include <cmath>

#include "cuda/codegen/affine.h"
#include "cuda/epilogue_bytes.h"

using namespace sinter;
using namespace sinter::cuda;

namespace {

using Steps = std::vector<PointwiseProgram::Instruction>;

PointwiseProgram program(uint32_t inputs, Steps steps) {
    PointwiseProgram p;
    p.inputCount = inputs;
    p.outputs = {inputs + static_cast<uint32_t>(steps.size()) - 1};
    p.code = std::move(steps);
    return p;
}

TensorInfo bytes(DType type, double scale, int64_t zero = 0) {
    TensorInfo t;
    t.dtype = type;
    t.dims = {2, 64, 7, 7};
    t.scale = {scale};
    t.zeroPoint = zero;
    return t;
}

/// A convolution with a residual sum and a Relu, all of bytes.
LayerDesc residualLayer() {
    LayerDesc d;
    d.op = "Conv";
    TensorInfo weights;
    weights.dtype = DType::F32;
    weights.dims = {64, 64, 1, 1};
    weights.constant = true;
    d.inputs = {bytes(DType::I8, 0.05), weights, bytes(DType::I8, 0.06)};
    d.opInputs = 2;
    d.outputs = {bytes(DType::I8, 0.07)};
    d.program = program(2, {{"Add", {0, 1}, DType::F32, {}}, {"Relu", {2}, DType::F32, {}}});
    return d;
}

}  // namespace

TEST_CASE("Programs of sums and a clamp") {
    const auto identity = affineClampOf({});
    REQUIRE(identity);
    CHECK(identity->factors == std::vector<double>{1});
    CHECK(std::isinf(identity->most));

    // clip(2 · (a - b) + 3, 0, 6)
    const auto sum = affineClampOf(program(2, {{"Sub", {0, 1}, DType::F32, {}}, {"Const", {}, DType::F32, {2}}, {"Mul", {2, 3}, DType::F32, {}}, {"Const", {}, DType::F32, {3}},
                                               {"Add", {5, 4}, DType::F32, {}}, {"Const", {}, DType::F32, {0}}, {"Const", {}, DType::F32, {6}}, {"Clip", {6, 7, 8}, DType::F32, {}}}));
    REQUIRE(sum);
    CHECK(sum->factors == std::vector<double>{2, -2});
    CHECK(sum->constant == 3);
    CHECK(sum->least == 0);
    CHECK(sum->most == 6);

    CHECK_FALSE(affineClampOf(program(1, {{"Sigmoid", {0}, DType::F32, {}}})));
    CHECK_FALSE(affineClampOf(program(2, {{"Mul", {0, 1}, DType::F32, {}}})));
    // What follows a clamp, and 16-bit steps, would be computed otherwise.
    CHECK_FALSE(affineClampOf(program(2, {{"Relu", {0}, DType::F32, {}}, {"Add", {2, 1}, DType::F32, {}}})));
    CHECK_FALSE(affineClampOf(program(2, {{"Add", {0, 1}, DType::F16, {}}})));
}

TEST_CASE("Epilogues of bytes in their short form") {
    const ByteOperands operands{.scale = 0, .bias = -1, .alpha = 1, .residuals = {1}, .output = 2};
    CHECK(byteEpilogue(residualLayer(), operands));

    LayerDesc floats = residualLayer();  // a residual of floats
    floats.inputs[2].scale = {};
    floats.inputs[2].dtype = DType::F16;
    CHECK_FALSE(byteEpilogue(floats, operands));

    LayerDesc between = residualLayer();  // a lower bound between two steps
    between.program = program(2, {{"Add", {0, 1}, DType::F32, {}}, {"Const", {}, DType::F32, {0.1}}, {"Const", {}, DType::F32, {6}}, {"Clip", {2, 3, 4}, DType::F32, {}}});
    CHECK_FALSE(byteEpilogue(between, operands));

    LayerDesc apart = residualLayer();  // rows that are not evenly spaced
    ByteOperands strided = operands;
    strided.residuals = {-1};
    CHECK_FALSE(byteEpilogue(apart, strided));
}
