#include <doctest/doctest.h>

#include "cases/harness.h"
#include "cases/programs.h"

namespace sinter::cases {
namespace {

struct MatMul {
    std::vector<int64_t> a, b, y;
    bool transA = false, transB = false, constant = true, bias = false;
    std::string epilogue{};
    double alpha = 1;
    std::vector<int64_t> splits{};
    DType t = DType::F32;
};

Case make(const MatMul& c) {
    Builder b("MatMul");
    b.input(c.a, c.t);
    if (c.constant) b.weight(c.b, c.t);
    else b.input(c.b, c.t);
    if (c.bias) b.weight({c.y.back()}, c.t);
    b.i("trans_a", c.transA).i("trans_b", c.transB).f("alpha", c.alpha);
    if (!c.y.empty()) addEpilogue(b, c.epilogue, c.y, c.y.size() - 1, c.t);
    if (c.splits.empty()) {
        b.output(c.y, c.t);
    } else {
        b.ints("splits", c.splits);
        auto y = c.y;
        for (int64_t part : c.splits) {
            y.back() = part;
            b.output(y, c.t);
        }
    }
    const bool whole = c.t != DType::F32 && c.t != DType::F64 && c.t != DType::F16 && c.t != DType::BF16;
    if (whole) b.range(-100, 100);
    return b
        .name(std::string(dtypeName(c.t)) + " " + shapeText(c.a) + (c.transA ? "T" : "") + " · " + shapeText(c.b) + (c.transB ? "T" : "") + (c.constant ? " constant " : " ") +
              c.epilogue + (c.splits.empty() ? "" : " split " + shapeText(c.splits)))
        .viewAxis(static_cast<int>(c.a.size()) - 1)
        .tolerance(c.t == DType::F64 ? 1e-14 : c.t == DType::F16 ? 2e-3 : c.t == DType::BF16 ? 1e-2 : 1e-5)
        .build();
}

TEST_CASE("cases: MatMul") {
    std::vector<Case> cases;
    for (int64_t m : {1, 3, 6, 17, 64})
        for (int64_t n : {1, 7, 16, 33, 100})
            for (int64_t k : {1, 5, 64, 70}) {
                cases.push_back(make({.a = {m, k}, .b = {k, n}, .y = {m, n}, .constant = (m + n) % 2 == 0}));
                cases.push_back(make({.a = {m, k}, .b = {n, k}, .y = {m, n}, .transB = true, .bias = true, .epilogue = "relu"}));
            }
    cases.push_back(make({.a = {70, 33}, .b = {70, 20}, .y = {33, 20}, .transA = true}));
    cases.push_back(make({.a = {70, 33}, .b = {20, 70}, .y = {33, 20}, .transA = true, .transB = true, .alpha = 0.5}));
    cases.push_back(make({.a = {1, 1024}, .b = {1024, 300}, .y = {1, 300}, .bias = true, .epilogue = "relu"}));
    cases.push_back(make({.a = {1, 1024}, .b = {300, 1024}, .y = {1, 300}, .transB = true, .bias = true}));
    cases.push_back(make({.a = {128, 96}, .b = {96, 160}, .y = {128, 160}, .bias = true, .epilogue = "gelu"}));
    // A tensor core truncates its sums: over 4,096 positive numbers that would take 5e-5 of the result.
    cases.push_back(Builder("MatMul").input({40, 4096}).weight({4096, 24}).i("trans_a", 0).i("trans_b", 0).f("alpha", 1).output({40, 24}).range(0.5, 1.5).tolerance(1e-5)
                        .name("long sums of positive numbers").build());
    // Batches and broadcasting.
    cases.push_back(make({.a = {2, 9, 33}, .b = {33, 40}, .y = {2, 9, 40}, .bias = true}));
    cases.push_back(make({.a = {2, 3, 9, 17}, .b = {2, 3, 17, 12}, .y = {2, 3, 9, 12}, .constant = false}));
    cases.push_back(make({.a = {2, 3, 9, 17}, .b = {2, 3, 12, 17}, .y = {2, 3, 9, 12}, .transB = true, .constant = false, .alpha = 0.125}));
    cases.push_back(make({.a = {2, 1, 5, 8}, .b = {3, 8, 6}, .y = {2, 3, 5, 6}, .constant = false}));
    cases.push_back(make({.a = {5, 8}, .b = {4, 8, 6}, .y = {4, 5, 6}, .constant = false}));
    cases.push_back(make({.a = {17}, .b = {17, 5}, .y = {5}}));
    cases.push_back(make({.a = {3, 4, 17}, .b = {17}, .y = {3, 4}, .constant = false}));
    cases.push_back(make({.a = {17}, .b = {17}, .y = {}, .constant = false}));
    cases.push_back(make({.a = {17}, .b = {2, 17, 3}, .y = {2, 3}, .constant = false}));
    for (const char* e : {"clip", "hardswish", "silu", "gelu", "residual", "residual_relu", "scale_shift", "long"}) {
        cases.push_back(make({.a = {19, 48}, .b = {48, 37}, .y = {19, 37}, .bias = true, .epilogue = e}));
        cases.push_back(make({.a = {2, 16, 32}, .b = {32, 64}, .y = {2, 16, 64}, .epilogue = e}));
        cases.push_back(make({.a = {1, 64}, .b = {64, 50}, .y = {1, 50}, .epilogue = e}));
    }
    cases.push_back(make({.a = {10, 32}, .b = {32, 48}, .y = {10, 48}, .bias = true, .splits = {16, 16, 16}}));
    cases.push_back(make({.a = {2, 10, 32}, .b = {32, 39}, .y = {2, 10, 39}, .epilogue = "relu", .splits = {7, 30, 2}}));
    for (DType t : {DType::F64, DType::F16, DType::BF16, DType::I32, DType::I64, DType::U32})
        cases.push_back(make({.a = {5, 33}, .b = {33, 20}, .y = {5, 20}, .t = t}));
    runCases("MatMul", cases);
}

/// a · b + bias whose rows come with their statistics (core/row_statistics.h).
Case writing(std::vector<int64_t> a, int64_t columns, const std::string& epilogue, DType t) {
    auto y = a;
    y.back() = columns;
    const std::string name = "statistics of " + std::string(dtypeName(t)) + " " + shapeText(y) + " " + epilogue;
    Builder b("MatMul");
    b.input(a, t).weight({a.back(), columns}).weight({columns}).i("trans_a", 0).i("trans_b", 0).f("alpha", 1).i("statistics", 1);
    addEpilogue(b, epilogue, y, y.size() - 1, t);
    b.output(y, t);
    y.back() = columns / 32;
    y.push_back(2);
    return b.output(y).viewAxis(static_cast<int>(a.size()) - 1).tolerance(t == DType::F32 ? 1e-5 : t == DType::F16 ? 2e-3 : 1e-2).name(name).build();
}

/// The normalization of a's rows behind a product with them: (a · b − mean · sums) · factor + bias, then GELU; `residual` adds another
/// tensor whose rows are normalized on the way.
Case reading(std::vector<int64_t> a, int64_t columns, bool residual, DType t) {
    auto y = a, s = a;
    y.back() = columns;
    s.back() = a.back() / 32;
    s.push_back(2);
    Builder b("MatMul");
    b.input(a, t).weight({a.back(), columns}).i("trans_a", 0).i("trans_b", 0).f("alpha", 1).extras();
    // Squares are positive: what is drawn from [0.5, 1.5] stands for them, and for means.
    if (!residual) {
        b.input(s).weight({columns}).weight({columns});
        b.step("RowMean", {1}).step("RowFactor", {1}, {1e-5}).step("Mul", {4, 2}).step("Sub", {0, 6}).step("Mul", {7, 5}).step("Add", {8, 3}).step("Gelu", {9}, {0});
    } else {
        auto other = y;
        other.back() = columns / 32;
        other.push_back(2);
        b.input(y, t).input(other).weight({columns}).weight({columns});
        b.step("RowMean", {2}).step("RowFactor", {2}, {1e-5}).step("Sub", {1, 5}).step("Mul", {7, 6}).step("Mul", {8, 3}).step("Add", {9, 4}).step("Add", {0, 10});
    }
    return b.output(y, t).range(0.5, 1.5).viewAxis(static_cast<int>(a.size()) - 1).tolerance(t == DType::F32 ? 1e-5 : t == DType::F16 ? 2e-3 : 1e-2)
        .name(std::string(residual ? "normalized residual of " : "normalized product of ") + std::string(dtypeName(t)) + " " + shapeText(a) + " to " + shapeText(y)).build();
}

TEST_CASE("cases: MatMul with statistics of rows") {
    std::vector<Case> cases;
    for (const DType t : {DType::F32, DType::F16, DType::BF16}) {
        cases.push_back(writing({2, 9, 64}, 64, "", t));
        cases.push_back(writing({197, 96}, 192, "residual", t));
        cases.push_back(writing({300, 64}, 768, "residual", t));
        cases.push_back(writing({33, 768}, 32, "gelu", t));
        for (const bool residual : {false, true}) {
            cases.push_back(reading({2, 9, 64}, 96, residual, t));
            cases.push_back(reading({197, 768}, 256, residual, t));
            cases.push_back(reading({300, 96}, 768, residual, t));
        }
    }
    runCases("MatMul", cases);
}

}  // namespace
}  // namespace sinter::cases
