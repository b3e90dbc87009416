#include <doctest/doctest.h>

#include <algorithm>

#include "cases/harness.h"
#include "cases/programs.h"

namespace sinter::cases {
namespace {

using Dims = std::vector<int64_t>;

double toleranceOf(DType t) { return t == DType::F64 ? 1e-13 : t == DType::F16 ? 2e-3 : t == DType::BF16 ? 1e-2 : 1e-5; }

Case reduce(const char* kind, const Dims& x, const Dims& axes, bool keep, DType t = DType::F32, const char* epilogue = "") {
    Dims y;
    for (size_t a = 0; a < x.size(); ++a) {
        const bool gone = std::find(axes.begin(), axes.end(), static_cast<int64_t>(a)) != axes.end();
        if (!gone || keep) y.push_back(gone ? 1 : x[a]);
    }
    const bool whole = t == DType::I32 || t == DType::I64 || t == DType::U8;
    const std::string k = kind;
    Builder b("Reduce");
    b.input(x, t).output(y, t).s("kind", kind).ints("axes", axes).i("keepdims", keep);
    addEpilogue(b, epilogue, y, y.size() > 1 ? 1 : 0, t);
    return b.range(whole || k == "LogSum" ? 1 : -2, whole ? 5 : 2)
        .name(k + " " + std::string(dtypeName(t)) + " " + shapeText(x) + " over " + shapeText(axes) + (keep ? " kept " : " ") + epilogue)
        .tolerance(toleranceOf(t)).build();
}

TEST_CASE("cases: Reduce") {
    std::vector<Case> cases;
    for (const char* kind : {"Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"}) {
        cases.push_back(reduce(kind, {2, 7, 5, 6}, {2, 3}, true));
        cases.push_back(reduce(kind, {2, 7, 5, 6}, {1}, false));
        cases.push_back(reduce(kind, {3, 20}, {1}, true));
        cases.push_back(reduce(kind, {3, 20}, {0, 1}, false));
        cases.push_back(reduce(kind, {4, 9}, {}, true));
        for (DType t : {DType::F64, DType::F16, DType::BF16, DType::I32, DType::I64}) cases.push_back(reduce(kind, {3, 8}, {1}, false, t));
    }
    for (int64_t c : {1, 3, 16, 24, 31, 64}) {
        cases.push_back(reduce("Mean", {2, c, 7, 7}, {2, 3}, true));
        cases.push_back(reduce("Max", {1, c, 5, 9}, {2, 3}, true));
        cases.push_back(reduce("Mean", {2, 5, c}, {2}, true));
    }
    for (DType t : {DType::F16, DType::BF16, DType::I32}) {
        for (const char* kind : {"Mean", "Max", "Sum"}) {
            if (t == DType::I32 && std::string(kind) == "Mean") continue;
            for (int64_t n : {3, 49, 70}) cases.push_back(reduce(kind, {3, n, 72}, {1}, false, t));
        }
        cases.push_back(reduce("Sum", {2, 72, 7, 5}, {2, 3}, true, t));
    }
    cases.push_back(reduce("Mean", {1, 40, 6, 6}, {2, 3}, true, DType::F32, "relu"));
    cases.push_back(reduce("Sum", {2, 9, 30}, {2}, true, DType::F32, "scale_shift"));
    cases.push_back(reduce("Mean", {2, 9, 30}, {2}, true, DType::F32, "residual"));
    cases.push_back(reduce("Max", {3, 8}, {0}, true, DType::U8));
    runCases("Reduce", cases);
}

TEST_CASE("cases: Softmax") {
    std::vector<Case> cases;
    const auto softmax = [](const Dims& x, int64_t axis, int64_t log, DType t = DType::F32) {
        return Builder("Softmax").input(x, t).output(x, t).i("axis", axis).i("log", log).range(-8, 8).tolerance(toleranceOf(t))
            .name(std::string(dtypeName(t)) + " " + shapeText(x) + " axis " + std::to_string(axis) + (log ? " log" : ""));
    };
    for (int64_t log : {0, 1}) {
        for (int64_t n : {1, 2, 7, 16, 31, 100, 1000}) cases.push_back(softmax({3, n}, 1, log).build());
        cases.push_back(softmax({2, 5, 6, 7}, 3, log).build());
        cases.push_back(softmax({2, 5, 6, 7}, 1, log).build());
        cases.push_back(softmax({1, 50, 1, 1}, 1, log).build());
        cases.push_back(softmax({9}, 0, log).build());
        for (DType t : {DType::F64, DType::F16, DType::BF16}) cases.push_back(softmax({4, 17}, 1, log, t).build());
        // x · scale + mask before it
        cases.push_back(softmax({2, 3, 5, 40}, 3, log).extras().input({2, 1, 1, 40}).step("Const", {}, {0.125}).step("Mul", {0, 2}).step("Add", {3, 1})
                            .name("scaled and masked" + std::string(log ? " log" : "")).build());
    }
    cases.push_back(Builder("Softmax").input({2, 6}).output({2, 6}).i("axis", 1).i("log", 0).range(500, 900).name("large values").tolerance(1e-5).build());
    runCases("Softmax", cases);
}

TEST_CASE("cases: normalization") {
    std::vector<Case> cases;
    const auto layerNorm = [&](const Dims& x, int64_t axis, bool bias, DType t = DType::F32, const char* epilogue = "") {
        Builder b("LayerNorm");
        const Dims block(x.begin() + axis, x.end());
        b.input(x, t).weight(block, t);
        if (bias) b.weight(block, t);
        b.output(x, t).i("axis", axis).f("epsilon", 1e-5);
        addEpilogue(b, epilogue, x, x.size() - 1, t);
        cases.push_back(b.range(-3, 5).tolerance(toleranceOf(t)).name(std::string(dtypeName(t)) + " " + shapeText(x) + " axis " + std::to_string(axis) + (bias ? " bias " : " ") + epilogue).build());
    };
    for (int64_t n : {1, 3, 16, 31, 64, 100, 768}) layerNorm({2, 5, n}, 2, true);
    layerNorm({3, 4, 6}, 1, true);
    layerNorm({3, 4, 6}, 0, false);
    layerNorm({2, 7, 24}, 2, false, DType::F32, "gelu");
    layerNorm({2, 7, 24}, 2, true, DType::F32, "residual_relu");
    layerNorm({2, 7, 24}, 2, false, DType::F32, "residual");
    for (DType t : {DType::F64, DType::F16, DType::BF16}) layerNorm({4, 33}, 1, true, t);
    // Rows that a warp or a block holds as vectors, and rows that end within a thread's share.
    for (DType t : {DType::F16, DType::BF16}) {
        for (int64_t n : {8, 264, 768, 1048, 2056, 4096}) layerNorm({3, 3, n}, 2, true, t);
    }
    for (int64_t n : {4, 516, 3000}) layerNorm({5, n}, 1, false);
    layerNorm({5, 768}, 1, true, DType::F16, "residual");
    for (DType t : {DType::F16, DType::BF16, DType::F32}) layerNorm({3, 5, 1160}, 2, true, t, "residual");
    layerNorm({700, 64}, 1, true, DType::F16);
    for (const Dims& x : {Dims{2, 7, 5, 6}, Dims{1, 16, 9}, Dims{2, 6, 3, 4, 2}}) {
        const Dims c{x[1]};
        cases.push_back(Builder("InstanceNorm").input(x).weight(c).weight(c).output(x).f("epsilon", 1e-5).name(shapeText(x)).build());
    }
    cases.push_back(Builder("GroupNorm").input({1, 4, 67, 71}).weight({4}).weight({4}).output({1, 4, 67, 71}).i("num_groups", 2).f("epsilon", 1e-5).name("large planes").build());
    cases.push_back(Builder("InstanceNorm").input({1, 2, 67, 71}).weight({2}).weight({2}).output({1, 2, 67, 71}).f("epsilon", 1e-5).name("large planes").build());
    cases.push_back(Builder("GroupNorm").input({2, 12, 5, 6}).weight({12}).weight({12}).output({2, 12, 5, 6}).i("num_groups", 3).f("epsilon", 1e-5).name("per channel").build());
    cases.push_back(Builder("GroupNorm").input({2, 12, 5, 6}).weight({4}).weight({4}).output({2, 12, 5, 6}).i("num_groups", 4).f("epsilon", 1e-5).name("per group").build());
    for (const Dims& x : {Dims{2, 7, 5, 6}, Dims{1, 64, 9, 9}, Dims{1, 3, 4, 4}, Dims{3, 10}})
        for (int64_t size : {1, 3, 5})
            cases.push_back(Builder("LRN").input(x).output(x).i("size", size).f("alpha", 1e-2).f("beta", 0.75).f("bias", 1.5).range(-20, 20)
                                .name(shapeText(x) + " size " + std::to_string(size)).tolerance(2e-5).build());
    for (DType t : {DType::F16, DType::BF16, DType::F64}) {
        for (int64_t size : {1, 4, 5, 9, 19})
            cases.push_back(Builder("LRN").input({2, 40, 3, 5}, t).output({2, 40, 3, 5}, t).i("size", size).f("alpha", 1e-2).f("beta", 0.75).f("bias", 1.5).range(-20, 20)
                                .name(std::string(dtypeName(t)) + " size " + std::to_string(size)).tolerance(std::max(toleranceOf(t), 1e-9)).build());
    }
    cases.push_back(Builder("LRN").input({1, 9, 3, 3}).output({1, 9, 3, 3}).i("size", 4).f("alpha", 0.1).f("beta", 0.5).f("bias", 2).name("even size").build());
    runCases("Normalization", cases);
}

TEST_CASE("cases: Attention") {
    std::vector<Case> cases;
    const auto attention = [&](const Dims& q, const Dims& k, const Dims& v, const Dims& mask, bool masked, DType maskType = DType::F32, DType t = DType::F32) {
        Dims y = q;
        y.back() = v.back();
        Builder b("Attention");
        b.input(q, t).input(k, t).input(v, t);
        if (masked) b.input(mask, maskType);
        cases.push_back(b.output(y, t).f("scale", 0.25).range(-2, 2).tolerance(toleranceOf(t))
                            .name(std::string(dtypeName(t)) + " " + shapeText(q) + " " + shapeText(k) + (masked ? " mask " + std::string(dtypeName(maskType)) + " " + shapeText(mask) : "")).viewAxis(2).build());
    };
    attention({2, 3, 9, 16}, {2, 3, 9, 16}, {2, 3, 9, 16}, {}, false);
    attention({1, 2, 5, 8}, {1, 2, 17, 8}, {1, 2, 17, 12}, {}, false);
    attention({2, 3, 7, 16}, {2, 3, 7, 16}, {2, 3, 7, 16}, {2, 1, 1, 7}, true);
    attention({2, 3, 7, 16}, {2, 3, 11, 16}, {2, 3, 11, 16}, {7, 11}, true);
    attention({1, 2, 6, 8}, {1, 2, 6, 8}, {1, 2, 6, 8}, {1, 2, 6, 6}, true);
    attention({2, 9, 16}, {2, 9, 16}, {2, 9, 16}, {}, false);
    attention({1, 12, 32, 64}, {1, 12, 32, 64}, {1, 12, 32, 64}, {1, 1, 1, 32}, true);
    attention({1, 1, 1, 5}, {1, 1, 1, 5}, {1, 1, 1, 5}, {}, false);
    attention({1, 2, 6, 8}, {1, 2, 6, 8}, {1, 2, 6, 8}, {}, false, DType::F32, DType::F16);
    for (const DType t : {DType::F16, DType::BF16, DType::F32}) {  // several blocks of keys, ragged, as the GPU's kernels take them
        attention({1, 2, 70, 64}, {1, 2, 150, 64}, {1, 2, 150, 64}, {}, false, DType::F32, t);
        attention({2, 1, 33, 64}, {2, 1, 300, 64}, {2, 1, 300, 64}, {2, 1, 1, 300}, true, DType::F32, t);
        attention({1, 2, 130, 128}, {1, 1, 128, 128}, {1, 1, 128, 128}, {1, 2, 130, 128}, true, DType::F32, t);
    }
    for (const DType t : {DType::F16, DType::BF16}) {  // heads enough for kernels that walk over them
        attention({23, 12, 66, 64}, {1, 1, 70, 64}, {1, 1, 70, 64}, {}, false, DType::F32, t);
        attention({30, 9, 66, 64}, {30, 1, 113, 64}, {30, 1, 113, 64}, {}, false, DType::F32, t);
    }
    runCases("Attention", cases);
}

}  // namespace
}  // namespace sinter::cases
