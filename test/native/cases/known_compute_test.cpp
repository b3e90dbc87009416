#include "cases/known.h"

namespace sinter::cases {
namespace {

Builder conv(const char* op, std::vector<int64_t> x, std::vector<int64_t> w, std::vector<int64_t> y, std::vector<int64_t> kernel, std::vector<int64_t> stride, std::vector<int64_t> pads,
             std::vector<int64_t> dilation = {1, 1}) {
    return Builder(op).input(std::move(x)).weight(std::move(w)).output(std::move(y)).ints("kernel_shape", std::move(kernel)).ints("strides", std::move(stride)).ints("pads", std::move(pads))
        .ints("dilations", std::move(dilation)).i("group", 1);
}

TEST_CASE("known answers: Conv") {
    expect(conv("Conv", {1, 1, 5, 5}, {1, 1, 3, 3}, {1, 1, 5, 5}, {3, 3}, {1, 1}, {1, 1, 1, 1}).values(0, count(25, 0)).values(1, all(9, 1)),
           {{12, 21, 27, 33, 24, 33, 54, 63, 72, 51, 63, 99, 108, 117, 81, 93, 144, 153, 162, 111, 72, 111, 117, 123, 84}});
    // Stride 2 with padding along one axis only.
    expect(conv("Conv", {1, 1, 7, 5}, {1, 1, 3, 3}, {1, 1, 4, 2}, {3, 3}, {2, 2}, {1, 0, 1, 0}).values(0, count(35, 0)).values(1, all(9, 1)),
           {{21, 33, 99, 117, 189, 207, 171, 183}});
    // Two groups, a bias, and an epilogue on the result: max(0, y · 2 − 30).
    expect(Builder("Conv").input({1, 2, 1, 3}).weight({2, 1, 1, 2}).weight({2}).ints("kernel_shape", {1, 2}).ints("strides", {1, 1}).ints("pads", {0, 0, 0, 0}).ints("dilations", {1, 1})
               .i("group", 2).values(0, {1, 2, 3, 4, 5, 6}).values(1, {1, 10, 2, 1}).values(2, {0.5, -1}).extras().step("Const", {}, {2}).step("Const", {}, {30}).step("Mul", {0, 1})
               .step("Sub", {3, 2}).step("Relu", {4}).output({1, 2, 1, 2}),
           {{13, 35, 0, 0}});
    // The same sums split over two outputs.
    expect(Builder("Conv").input({1, 1, 1, 2}).weight({3, 1, 1, 1}).ints("kernel_shape", {1, 1}).ints("strides", {1, 1}).ints("pads", {0, 0, 0, 0}).ints("dilations", {1, 1}).i("group", 1)
               .ints("splits", {1, 2}).values(0, {1, 2}).values(1, {1, 10, 100}).output({1, 1, 1, 2}).output({1, 2, 1, 2}),
           {{1, 2}, {10, 20, 100, 200}});
    // Dilation 2 in one dimension.
    expect(Builder("Conv").input({1, 1, 5}).weight({1, 1, 2}).ints("kernel_shape", {2}).ints("strides", {1}).ints("pads", {0, 0}).ints("dilations", {2}).i("group", 1).values(0, count(5))
               .values(1, {1, -1}).output({1, 1, 3}),
           {{-2, -2, -2}});
}

TEST_CASE("known answers: ConvTranspose") {
    expect(conv("ConvTranspose", {1, 1, 3, 3}, {1, 1, 3, 3}, {1, 1, 5, 5}, {3, 3}, {1, 1}, {0, 0, 0, 0}).values(0, count(9, 0)).values(1, all(9, 1)),
           {{0, 1, 3, 3, 2, 3, 8, 15, 12, 7, 9, 21, 36, 27, 15, 9, 20, 33, 24, 13, 6, 13, 21, 15, 8}});
    // Stride 3 and 2 with an output one longer than the kernels reach: the last column is empty.
    expect(conv("ConvTranspose", {1, 1, 2, 2}, {1, 1, 2, 2}, {1, 1, 4, 5}, {2, 2}, {2, 2}, {0, 0, 0, 0}).values(0, count(4)).values(1, {1, 2, 3, 4}),
           {{1, 2, 2, 4, 0, 3, 4, 6, 8, 0, 3, 6, 4, 8, 0, 9, 12, 12, 16, 0}});
    // Dilation 2, as the standard's example.
    expect(conv("ConvTranspose", {1, 1, 3, 3}, {1, 1, 2, 2}, {1, 1, 5, 5}, {2, 2}, {1, 1}, {0, 0, 0, 0}, {2, 2}).values(0, {3, 8, 1, 9, 5, 7, 3, 2, 6}).values(1, {7, 2, 1, 9}),
           {{21, 56, 13, 16, 2, 63, 35, 67, 10, 14, 24, 22, 76, 76, 21, 9, 5, 88, 45, 63, 3, 2, 33, 18, 54}});
}

TEST_CASE("known answers: MatMul") {
    const auto matmul = [](std::vector<int64_t> a, std::vector<int64_t> b, std::vector<int64_t> y, int64_t ta = 0, int64_t tb = 0, double alpha = 1) {
        return Builder("MatMul").input(std::move(a)).input(std::move(b)).output(std::move(y)).i("trans_a", ta).i("trans_b", tb).f("alpha", alpha);
    };
    expect(matmul({2, 3}, {3, 2}, {2, 2}).values(0, count(6)).values(1, count(6)), {{22, 28, 49, 64}});
    expect(matmul({3, 2}, {3, 2}, {2, 2}, 1).values(0, count(6)).values(1, count(6)), {{35, 44, 44, 56}});
    expect(matmul({2, 3}, {2, 3}, {2, 2}, 0, 1, 0.5).values(0, count(6)).values(1, count(6)), {{7, 16, 16, 38.5}});
    expect(matmul({3}, {3}, {}).values(0, count(3)).values(1, count(3)), {{14}});
    expect(matmul({2, 1, 2}, {2, 1}, {2, 1, 1}).values(0, count(4)).values(1, {1, 10}), {{21, 43}});
    expect(Builder("MatMul").input({1, 2}, DType::I32).input({2, 1}, DType::I32).output({1, 1}, DType::I32).values(0, {2000000000, 1}).values(1, {2, 5}), {{-294967291}});
    expect(Builder("MatMul").input({1, 2}).input({2, 3}).weight({3}).output({1, 1}).output({1, 2}).ints("splits", {1, 2}).values(0, {1, 2}).values(1, count(6)).values(2, {100, 200, 300}),
           {{109}, {212, 315}});
}

TEST_CASE("known answers: pools") {
    const auto pool = [](const char* op, std::vector<int64_t> x, std::vector<int64_t> y, std::vector<int64_t> kernel, std::vector<int64_t> stride, std::vector<int64_t> pads, int64_t countPad = 0) {
        return Builder(op).input(std::move(x)).output(std::move(y)).ints("kernel_shape", std::move(kernel)).ints("strides", std::move(stride)).ints("pads", std::move(pads)).ints("dilations", {1, 1})
            .i("count_include_pad", countPad);
    };
    expect(pool("MaxPool", {1, 1, 5, 5}, {1, 1, 5, 5}, {5, 5}, {1, 1}, {2, 2, 2, 2}).values(0, count(25)),
           {{13, 14, 15, 15, 15, 18, 19, 20, 20, 20, 23, 24, 25, 25, 25, 23, 24, 25, 25, 25, 23, 24, 25, 25, 25}});
    expect(pool("MaxPool", {1, 1, 4, 4}, {1, 1, 2, 2}, {3, 3}, {2, 2}, {0, 0, 0, 0}).values(0, count(16)), {{11, 12, 15, 16}});
    expect(pool("MaxPool", {1, 1, 5, 5}, {1, 1, 2, 2}, {2, 2}, {2, 2}, {0, 0, 0, 0}).values(0, count(25)).output({1, 1, 2, 2}, DType::I64), {{7, 9, 17, 19}, {6, 8, 16, 18}});
    expect(pool("MaxPool", {1, 1, 5, 5}, {1, 1, 2, 2}, {2, 2}, {2, 2}, {0, 0, 0, 0}).values(0, count(25)).output({1, 1, 2, 2}, DType::I64).i("storage_order", 1), {{7, 9, 17, 19}, {6, 16, 8, 18}});
    expect(pool("AveragePool", {1, 1, 5, 5}, {1, 1, 5, 5}, {5, 5}, {1, 1}, {2, 2, 2, 2}).values(0, count(25)),
           {{7, 7.5, 8, 8.5, 9, 9.5, 10, 10.5, 11, 11.5, 12, 12.5, 13, 13.5, 14, 14.5, 15, 15.5, 16, 16.5, 17, 17.5, 18, 18.5, 19}});
    expect(pool("AveragePool", {1, 1, 5, 5}, {1, 1, 5, 5}, {5, 5}, {1, 1}, {2, 2, 2, 2}, 1).values(0, count(25)),
           {{2.52, 3.6, 4.8, 4.08, 3.24, 4.56, 6.4, 8.4, 7.04, 5.52, 7.2, 10, 13, 10.8, 8.4, 6.96, 9.6, 12.4, 10.24, 7.92, 6.12, 8.4, 10.8, 8.88, 6.84}});
    // Ceil mode: the last window reaches past the padding, which is not counted.
    expect(pool("AveragePool", {1, 1, 4, 4}, {1, 1, 2, 2}, {3, 3}, {2, 2}, {0, 0, 0, 0}, 1).values(0, count(16)), {{6, 7.5, 12, 13.5}});
}

TEST_CASE("known answers: reductions and normalization") {
    const auto reduce = [](const char* kind, std::vector<int64_t> y, std::vector<int64_t> axes) {
        return Builder("Reduce").input({2, 3}).output(std::move(y)).s("kind", kind).ints("axes", std::move(axes)).i("keepdims", 0).values(0, {1, -2, 3, 4, 5, -6}).name(kind);
    };
    expect(reduce("Mean", {2}, {1}), {{2.0 / 3, 1}});
    expect(reduce("Sum", {3}, {0}), {{5, 3, -3}});
    expect(reduce("Max", {}, {0, 1}), {{5}});
    expect(reduce("Min", {}, {0, 1}), {{-6}});
    expect(reduce("Prod", {2}, {1}), {{-6, -120}});
    expect(reduce("L1", {2}, {1}), {{6, 15}});
    expect(reduce("L2", {2}, {1}), {{std::sqrt(14.0), std::sqrt(77.0)}});
    expect(reduce("SumSquare", {3}, {0}), {{17, 29, 45}});
    expect(reduce("LogSum", {2}, {1}), {{std::log(2.0), std::log(3.0)}});
    expect(reduce("LogSumExp", {3}, {0}), {{4.0485873516, 5.0009114664, 3.0001233946}});
    expect(Builder("Reduce").input({1, 2}).output({1}).s("kind", "LogSumExp").ints("axes", {1}).i("keepdims", 0).values(0, {1000, 1000}), {{1000 + std::log(2.0)}});

    const auto softmax = [](int64_t log) { return Builder("Softmax").input({2, 4}).output({2, 4}).i("axis", 1).i("log", log).values(0, {0, 1, 2, 3, 10000, 10001, 10002, 10003}); };
    expect(softmax(0), {{0.032058604, 0.08714432, 0.23688284, 0.6439143, 0.032058604, 0.08714432, 0.23688284, 0.6439143}});
    expect(softmax(1), {{-3.4401897, -2.4401896, -1.4401897, -0.44018966, -3.4401897, -2.4401896, -1.4401897, -0.44018966}});
    expect(Builder("Softmax").input({1, 2}).output({1, 2}).i("axis", 1).i("log", 0).extras().input({2}).values(0, {0, 2}).values(1, {std::log(3.0), 0}).step("Const", {}, {0.0}).step("Mul", {0, 2})
               .step("Add", {3, 1}), {{0.75, 0.25}});

    expect(Builder("LayerNorm").input({2, 2}).weight({2}).weight({2}).output({2, 2}).i("axis", 1).f("epsilon", 0).values(0, {1, 3, -4, 4}).values(1, {2, 3}).values(2, {10, 20}), {{8, 23, 8, 23}});
    expect(Builder("InstanceNorm").input({1, 2, 1, 3}).weight({2}).weight({2}).output({1, 2, 1, 3}).f("epsilon", 1e-5).values(0, {-1, 0, 1, 2, 3, 4}).values(1, {1, 1.5}).values(2, {0, 1}),
           {{-1.2247356, 0, 1.2247356, -0.8371035, 1, 2.8371035}});
    expect(Builder("GroupNorm").input({1, 2, 2}).weight({2}).weight({2}).output({1, 2, 2}).i("num_groups", 1).f("epsilon", 0).values(0, {1, 1, 3, 3}).values(1, {1, 2}).values(2, {0, 5}), {{-1, -1, 7, 7}});
    // size 3: neighbours c − 1 … c + 1; y = x / (1 + 3 / 3 · Σ x²)^1
    expect(Builder("LRN").input({1, 3, 1, 1}).output({1, 3, 1, 1}).i("size", 3).f("alpha", 3).f("beta", 1).f("bias", 1).values(0, {1, 2, 3}), {{1.0 / 6, 2.0 / 15, 3.0 / 14}});
    // An even size takes the extra neighbour behind.
    expect(Builder("LRN").input({1, 3, 1, 1}).output({1, 3, 1, 1}).i("size", 2).f("alpha", 2).f("beta", 1).f("bias", 1).values(0, {1, 2, 3}), {{1.0 / 6, 2.0 / 14, 3.0 / 10}});

    // Scores (0, ln 3) after scaling by ½: weights ¼ and ¾.
    expect(Builder("Attention").input({1, 1, 1, 1}).input({1, 1, 2, 1}).input({1, 1, 2, 2}).output({1, 1, 1, 2}).f("scale", 0.5).values(0, {2}).values(1, {0, std::log(3.0)}).values(2, {4, 8, 0, 4}), {{1, 5}});
    expect(Builder("Attention").input({1, 1, 1, 1}).input({1, 1, 2, 1}).input({1, 1, 2, 1}).input({1, 1, 1, 2}, DType::Bool).output({1, 1, 1, 1}).f("scale", 1).values(0, {2}).values(1, {9, 1}).values(2, {4, 7})
               .values(3, {0, 1}), {{7}});
}

}  // namespace
}  // namespace sinter::cases
