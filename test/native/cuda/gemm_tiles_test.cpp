// Every tile of the tensor-core kernels on shapes whose edges fit none of them; needs a GPU.
#include <doctest/doctest.h>

#include "cases/harness.h"
#include "cases/programs.h"
#include "cuda/gemm/tiles.h"

namespace sinter::cases {
namespace {

struct Shape {
    DType t;
    std::string epilogue{};
    std::vector<int64_t> splits{};
};
double toleranceOf(DType t) { return t == DType::F16 ? 1e-3 : t == DType::BF16 ? 8e-3 : 1e-5; }
std::string nameOf(const char* what, const Shape& s) {
    return std::string(what) + " " + std::string(dtypeName(s.t)) + " " + s.epilogue + (s.splits.empty() ? "" : " split");
}

/// 700 rows of 136 numbers, 440 columns: several tiles in both directions, the last ones partly empty.
Case product(const Shape& s) {
    Builder b("MatMul");
    b.input({2, 350, 136}, s.t).weight({136, 440}, s.t).weight({440}, s.t).i("trans_a", 0).i("trans_b", 0).f("alpha", 1);
    addEpilogue(b, s.epilogue, {2, 350, 440}, 2, s.t);
    if (s.splits.empty()) {
        b.output({2, 350, 440}, s.t);
    } else {
        b.ints("splits", s.splits);
        for (const int64_t part : s.splits) b.output({2, 350, part}, s.t);
    }
    return b.name(nameOf("product", s)).viewAxis(2).tolerance(toleranceOf(s.t)).build();
}

/// 3 × 3 over 23 × 19 pixels of 72 channels, 200 results each.
Case convolution(const Shape& s) {
    Builder b("Conv");
    b.input({2, 72, 23, 19}, s.t).weight({200, 72, 3, 3}, s.t).weight({200}, s.t);
    b.ints("kernel_shape", {3, 3}).ints("strides", {1, 1}).ints("dilations", {1, 1}).ints("pads", {1, 1, 1, 1}).i("group", 1);
    addEpilogue(b, s.epilogue, {2, 200, 23, 19}, 1, s.t);
    return b.output({2, 200, 23, 19}, s.t).name(nameOf("convolution", s)).viewAxis(1).tolerance(toleranceOf(s.t)).build();
}

/// GELU of numbers whose tail is far below the smallest float.
Case largeNumbers() {
    return Builder("MatMul").input({40, 64}, DType::F16).weight({64, 48}, DType::F16).i("trans_a", 0).i("trans_b", 0).f("alpha", 1).extras().step("Gelu", {0}, {0}, DType::F16)
        .output({40, 48}, DType::F16).range(-30, 30).tolerance(1e-3).name("GELU of large numbers").build();
}

TEST_CASE("cases: products by every tile") {
    const cuda::gemm::EveryTile every;
    runCases("products by every tile", std::vector<Case>{product({DType::F16, "gelu"}), product({DType::F16, "residual_relu"}), product({DType::F16, "", {104, 256, 80}}),
                                                         product({DType::BF16, "residual"}), product({DType::F32, "relu"}), largeNumbers()});
}
TEST_CASE("cases: convolutions by every tile") {
    const cuda::gemm::EveryTile every;
    runCases("convolutions by every tile", std::vector<Case>{convolution({DType::F16, "relu"}), convolution({DType::BF16, "residual"}), convolution({DType::F32, ""})});
}

}  // namespace
}  // namespace sinter::cases
