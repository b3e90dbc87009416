#include <doctest/doctest.h>

#include "cases/harness.h"
#include "cases/programs.h"

namespace sinter::cases {
namespace {

using Dims = std::vector<int64_t>;

Builder exact(const char* op, const std::string& name) { return Builder(op).name(name).tolerance(0); }

Case transpose(const Dims& x, const Dims& perm, DType t = DType::F32) {
    Dims y;
    for (int64_t p : perm) y.push_back(x[static_cast<size_t>(p)]);
    return exact("Transpose", std::string(dtypeName(t)) + " " + shapeText(x) + " by " + shapeText(perm)).input(x, t).output(y, t).ints("perm", perm).range(-50, 50).build();
}

TEST_CASE("cases: Transpose and Copy") {
    std::vector<Case> cases;
    cases.push_back(transpose({}, {}));
    cases.push_back(transpose({7}, {0}));
    for (const Dims& x : {Dims{5, 9}, Dims{64, 48}, Dims{1, 33}, Dims{130, 17}}) cases.push_back(transpose(x, {1, 0}));
    for (const Dims& perm : {Dims{0, 2, 1}, Dims{2, 1, 0}, Dims{1, 0, 2}, Dims{1, 2, 0}}) cases.push_back(transpose({5, 20, 33}, perm));
    for (const Dims& perm : {Dims{0, 2, 3, 1}, Dims{0, 3, 1, 2}, Dims{3, 2, 1, 0}, Dims{0, 2, 1, 3}, Dims{1, 0, 3, 2}}) cases.push_back(transpose({2, 7, 18, 5}, perm));
    cases.push_back(transpose({2, 3, 4, 5, 6}, {4, 0, 2, 1, 3}));
    cases.push_back(transpose({2, 3, 2, 3, 2, 3, 2, 3}, {7, 1, 5, 3, 6, 0, 2, 4}));
    for (DType t : {DType::U8, DType::F16, DType::I64, DType::Bool}) cases.push_back(transpose({2, 19, 6}, {2, 0, 1}, t));
    runCases("Transpose", cases);

    cases.clear();
    const std::pair<Dims, Dims> shapes[] = {{{2, 7, 5, 6}, {2, 7, 5, 6}}, {{2, 8, 5, 6}, {2, 2, 4, 30}}, {{2, 12, 4, 3}, {2, 3, 4, 4, 3}},
                                            {{6, 4}, {4, 6}}, {{4, 6, 10}, {5, 12, 4}}, {{24}, {2, 3, 4}}, {{2, 3, 4}, {24}}, {{1}, {}}, {{}, {1, 1}}, {{3, 1, 5}, {1, 15, 1}}};
    for (const char* op : {"Copy", "Reshape"})
        for (const auto& [from, to] : shapes)
            cases.push_back(exact(op, shapeText(from) + " as " + shapeText(to)).input(from).output(to).build());
    for (DType t : {DType::U8, DType::BF16, DType::F64, DType::I32})
        cases.push_back(exact("Copy", std::string(dtypeName(t))).input({3, 16, 5, 4}, t).output({3, 16, 5, 4}, t).range(0, 99).build());
    runCases("Copy", cases);
}

TEST_CASE("cases: Concat and Split") {
    std::vector<Case> cases;
    const auto joint = [&](const Dims& whole, size_t axis, const Dims& parts, DType t = DType::F32) {
        Builder concat = exact("Concat", shapeText(whole) + " of " + shapeText(parts)), split = exact("Split", shapeText(whole) + " in " + shapeText(parts));
        concat.i("axis", static_cast<int64_t>(axis)).output(whole, t);
        split.i("axis", static_cast<int64_t>(axis)).ints("splits", parts).input(whole, t);
        for (int64_t n : parts) {
            Dims part = whole;
            part[axis] = n;
            concat.input(part, t);
            split.output(part, t);
        }
        cases.push_back(concat.range(-90, 90).build());
        cases.push_back(split.range(-90, 90).build());
    };
    joint({10}, 0, {3, 7});
    joint({2, 24, 5, 7}, 1, {8, 3, 13});
    joint({2, 6, 5, 7}, 3, {1, 4, 2});
    joint({5, 6, 7}, 0, {2, 3});
    joint({4, 40}, 1, {16, 24});
    joint({4, 9}, 1, {0, 9});
    joint({3, 16, 4, 4}, 1, {16});
    joint({2, 9, 4}, 1, {4, 5}, DType::I64);
    joint({2, 9, 4, 3}, 1, {4, 5}, DType::U8);
    runCases("Concat and Split", cases);
}

TEST_CASE("cases: Slice, Pad, Tile, space and depth") {
    std::vector<Case> cases;
    const auto slice = [&](const Dims& x, const Dims& y, const Dims& starts, const Dims& steps) {
        cases.push_back(exact("Slice", shapeText(x) + " from " + shapeText(starts) + " step " + shapeText(steps)).input(x).output(y).ints("starts", starts).ints("steps", steps).build());
    };
    slice({20}, {7}, {3}, {2});
    slice({2, 7, 9, 8}, {1, 3, 4, 8}, {1, 2, 0, 0}, {1, 2, 2, 1});
    slice({2, 7, 9, 8}, {2, 7, 9, 4}, {0, 0, 0, 7}, {1, 1, 1, -2});
    slice({5, 6}, {5, 6}, {4, 5}, {-1, -1});
    slice({5, 6}, {0, 6}, {2, 0}, {1, 1});
    slice({1, 3, 8, 8}, {1, 3, 4, 4}, {0, 0, 1, 1}, {1, 1, 2, 2});  // Focus
    const auto pad = [&](const char* mode, const Dims& x, const Dims& pads, DType t = DType::F32) {
        Dims y;
        for (size_t a = 0; a < x.size(); ++a) y.push_back(x[a] + pads[a] + pads[a + x.size()]);
        cases.push_back(exact("Pad", std::string(mode) + " " + std::string(dtypeName(t)) + " " + shapeText(x) + " by " + shapeText(pads)).input(x, t).output(y, t)
                            .ints("pads", pads).s("mode", mode).f("value", t == DType::F32 ? 0.5 : 7).range(0, 50).build());
    };
    for (const char* mode : {"constant", "reflect", "edge", "wrap"}) {
        pad(mode, {6}, {2, 3});
        pad(mode, {2, 5, 6, 7}, {0, 0, 1, 2, 0, 0, 3, 1});
        pad(mode, {2, 5, 6, 7}, {1, 2, 0, 0, 0, 1, 0, 0});
        pad(mode, {4, 6, 7}, {-1, 2, 0, 1, -2, -3});
        pad(mode, {3, 4, 5}, {1, 1, 1, 1, 1, 1}, DType::U8);
        pad(mode, {3, 4, 5}, {0, 1, 2, 2, 1, 0}, DType::I64);
    }
    pad("constant", {2, 3, 5, 40}, {0, 0, 0, 0, 0, 2, 0, 0});
    pad("constant", {2, 32, 4, 5}, {0, 0, 1, 1, 0, 0, 1, 1}, DType::F16);
    pad("constant", {0, 3}, {1, 0, 1, 1});
    const std::pair<Dims, Dims> tiles[] = {{{2, 1, 3, 2, 2}, {4, 3, 3, 6, 2}},{{5}, {15}}, {{2, 3}, {4, 9}}, {{1, 7, 2, 3}, {2, 7, 4, 9}}, {{2, 1, 3}, {2, 8, 3}}};
    for (const auto& [x, y] : tiles) cases.push_back(exact("Tile", shapeText(x) + " to " + shapeText(y)).input(x).output(y).build());
    for (const char* mode : {"DCR", "CRD"}) cases.push_back(exact("DepthToSpace", mode).input({2, 12, 5, 3}).output({2, 3, 10, 6}).i("blocksize", 2).s("mode", mode).build());
    cases.push_back(exact("SpaceToDepth", "3").input({2, 5, 6, 9}).output({2, 45, 2, 3}).i("blocksize", 3).build());
    runCases("Slice, Pad, Tile, DepthToSpace, SpaceToDepth", cases);
}

TEST_CASE("cases: Gather and Scatter") {
    std::vector<Case> cases;
    const auto gather = [&](const Dims& x, const Dims& indices, int64_t axis, const Dims& y, std::vector<double> at, DType t = DType::F32) {
        cases.push_back(exact("Gather", shapeText(x) + " axis " + std::to_string(axis) + " at " + shapeText(indices)).input(x, t).input(indices, DType::I64).output(y, t)
                            .i("axis", axis).range(-9, 9).values(1, std::move(at)).build());
    };
    gather({10, 33}, {2, 3}, 0, {2, 3, 33}, {0, 9, 4, -1, -10, 5});
    gather({3, 8, 5, 4}, {3}, 1, {3, 3, 5, 4}, {7, 0, 2});
    gather({3, 8, 5, 4}, {2, 2}, 3, {3, 8, 5, 2, 2}, {3, 0, 1, -1});
    gather({10, 64}, {2, 3}, 0, {2, 3, 64}, {0, 9, 4, -1, -10, 5}, DType::F16);
    gather({2, 10, 8}, {3}, 1, {2, 3, 8}, {0, 9, -2});
    gather({6}, {}, 0, {}, {2});
    gather({6}, {4}, 0, {4}, {5, 4, 0, 0}, DType::I64);
    gather({4, 6, 3}, {}, 1, {4, 3}, {-2}, DType::U8);
    gather({5, 3}, {0}, 0, {0, 3}, {});
    gather({50, 64}, {7}, 0, {7, 64}, {49, 0, -50, 3, 3, 2, 1}, DType::F16);
    const auto rows = [&](const Dims& x, const Dims& y, std::vector<double> at, const char* epilogue, DType t = DType::F32, DType index = DType::I64) {
        Builder b("Gather");
        b.input(x, t).input(Dims(y.begin(), y.end() - static_cast<std::ptrdiff_t>(x.size() - 1)), index).output(y, t).i("axis", 0);
        addEpilogue(b, epilogue, y, y.size() - 1, t);
        cases.push_back(b.range(-3, 5).values(1, std::move(at)).tolerance(t == DType::F32 ? 1e-5 : 1e-2)
                            .name("rows of " + std::string(dtypeName(t)) + " " + shapeText(x) + " " + epilogue).build());
    };
    rows({10, 33}, {2, 3, 33}, {0, 9, 4, -1, -10, 5}, "residual");
    rows({10, 64}, {6, 64}, {0, 9, 4, -1, -10, 5}, "scale_shift");
    rows({10, 64}, {6, 64}, {0, 9, 4, -1, -10, 5}, "long", DType::F32, DType::I32);
    rows({7, 3, 16}, {2, 3, 16}, {6, -2}, "bias_relu");
    rows({10, 64}, {1, 6, 64}, {0, 9, 4, -1, -10, 5}, "residual", DType::F16);
    rows({10, 20}, {3, 20}, {0, 9, -3}, "gelu", DType::BF16);
    cases.push_back(exact("GatherElements", "axis 1").input({4, 5}).input({3, 2}, DType::I64).output({3, 2}).i("axis", 1).values(1, {0, 4, -1, 2, 1, 1}).build());
    cases.push_back(exact("GatherElements", "axis 0").input({4, 5}, DType::F16).input({2, 5}, DType::I32).output({2, 5}, DType::F16).i("axis", 0)
                        .values(1, {0, 1, 2, 3, -4, 3, 2, 1, 0, -1}).build());
    cases.push_back(exact("GatherND", "slices").input({4, 5, 6}).input({3, 2}, DType::I64).output({3, 6}).i("batch_dims", 0).values(1, {0, 0, 3, 4, -1, -5}).build());
    cases.push_back(exact("GatherND", "batched").input({2, 3, 4}).input({2, 2, 1}, DType::I64).output({2, 2, 4}).i("batch_dims", 1).values(1, {0, 2, 1, 1}).build());
    for (const char* reduction : {"none", "add", "mul", "min", "max"}) {
        for (DType t : {DType::F32, DType::I32}) {
            cases.push_back(exact("ScatterElements", std::string(reduction) + " " + std::string(dtypeName(t))).input({4, 5}, t).input({2, 3}, DType::I64).input({2, 3}, t).output({4, 5}, t)
                                .i("axis", 1).s("reduction", reduction).range(-9, 9).values(1, {0, 4, 2, 1, -1, 3}).tolerance(1e-6).build());
            cases.push_back(exact("ScatterND", std::string(reduction) + " " + std::string(dtypeName(t))).input({4, 5, 3}, t).input({3, 1}, DType::I64).input({3, 5, 3}, t).output({4, 5, 3}, t)
                                .s("reduction", reduction).range(-9, 9).values(1, {2, 0, -1}).tolerance(1e-6).build());
        }
    }
    // Few lines and many updates of the same places: they count in their order.
    std::vector<double> at, places;
    for (int i = 0; i < 90; ++i) {
        at.push_back((i * 7) % 11 - (i % 3 == 0 ? 11 : 0));
        places.insert(places.end(), {static_cast<double>(i * 5 % 4), static_cast<double>(i * 3 % 6)});
    }
    for (const char* reduction : {"none", "add", "mul", "max"}) {
        for (DType t : {DType::F32, DType::I64, DType::F16}) {
            const std::string name = std::string(reduction) + " " + std::string(dtypeName(t)) + " repeated";
            cases.push_back(exact("ScatterElements", name).input({11}, t).input({90}, DType::I64).input({90}, t).output({11}, t).i("axis", 0).s("reduction", reduction).range(-2, 2).values(1, at)
                                .tolerance(t == DType::F16 ? 4e-3 : 1e-5).build());
            cases.push_back(exact("ScatterND", name).input({4, 6}, t).input({90, 2}, DType::I64).input({90}, t).output({4, 6}, t).s("reduction", reduction).range(-2, 2).values(1, places)
                                .tolerance(t == DType::F16 ? 4e-3 : 1e-5).build());
        }
    }
    cases.push_back(exact("ScatterElements", "wide sums").input({5, 30}).input({5, 70}, DType::I64).input({5, 70}).output({5, 30}).i("axis", 1).s("reduction", "add").range(-29, 29).build());
    cases.push_back(exact("ScatterElements", "wide").input({3, 40, 50}).input({3, 40, 50}, DType::I64).input({3, 40, 50}).output({3, 40, 50}).i("axis", -1).s("reduction", "none").range(-49, 49).build());
    runCases("Gather and Scatter", cases);
}

}  // namespace
}  // namespace sinter::cases
