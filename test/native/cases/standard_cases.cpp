// Operators of the standard that have one reference kernel each: any view, any number of threads, the same numbers. What
// they compute is held by the standard's own cases (npm run conformance).
#include <doctest/doctest.h>

#include "cases/harness.h"

namespace sinter::cases {
namespace {

TEST_CASE("cases: Trilu, EyeLike, ReverseSequence, Det") {
    std::vector<Case> cases;
    for (int64_t upper : {0, 1})
        for (double k : {-2.0, 0.0, 1.0})
            cases.push_back(Builder("Trilu").input({2, 5, 4}, DType::F32).input({}, DType::I64).output({2, 5, 4}).values(1, {k}).i("upper", upper)
                                .name((upper ? "upper " : "lower ") + std::to_string(static_cast<int>(k))).tolerance(0).build());
    cases.push_back(Builder("Trilu").input({3, 3}, DType::I64).output({3, 3}, DType::I64).i("upper", 1).range(-9, 9).name("int64, no k").build());
    cases.push_back(Builder("EyeLike").input({4, 6}, DType::I32).output({4, 6}).i("k", 1).name("float of int32").build());
    cases.push_back(Builder("ReverseSequence").input({5, 3, 4}).input({3}, DType::I64).output({5, 3, 4}).values(1, {5, 1, 3}).i("batch_axis", 1).i("time_axis", 0).name("time first").tolerance(0).build());
    cases.push_back(Builder("ReverseSequence").input({3, 5, 4}).input({3}, DType::I64).output({3, 5, 4}).values(1, {2, 5, 0}).i("batch_axis", 0).i("time_axis", 1).name("batch first").tolerance(0).build());
    cases.push_back(Builder("Det").input({3, 2, 4, 4}).output({3, 2}).name("4x4").build());
    runCases("Trilu, EyeLike, ReverseSequence, Det", cases);
}

TEST_CASE("cases: Compress, Unique, NonMaxSuppression, MaxUnpool") {
    std::vector<Case> cases;
    cases.push_back(Builder("Compress").input({4, 3}).input({4}, DType::Bool).output({2, 3}).values(1, {0, 1, 0, 1}).i("axis", 0).name("rows").tolerance(0).build());
    cases.push_back(Builder("Compress").input({4, 3}).input({5}, DType::Bool).output({2}).values(1, {1, 0, 0, 0, 1}).name("elements").tolerance(0).build());
    for (int64_t sorted : {0, 1})
        cases.push_back(Builder("Unique").input({6}).output({4}).output({4}, DType::I64).output({6}, DType::I64).output({4}, DType::I64).values(0, {2, 1, 1, 3, 4, 3}).i("sorted", sorted)
                            .name(sorted ? "sorted" : "as they come").tolerance(0).build());
    cases.push_back(Builder("Unique").input({3, 3}, DType::I32).output({2, 3}, DType::I32).output({2}, DType::I64).values(0, {1, 0, 0, 1, 0, 0, 2, 3, 4}).i("axis", 0).name("rows").build());
    cases.push_back(Builder("NonMaxSuppression").input({1, 4, 4}).input({1, 1, 4}).input({}, DType::I64).input({}).output({2, 3}, DType::I64)
                        .values(0, {0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 10, 1, 11, 0, 10.1, 1, 11.1}).values(1, {0.9, 0.75, 0.6, 0.95}).values(2, {3}).values(3, {0.5}).name("two of four").build());
    cases.push_back(Builder("MaxUnpool").input({1, 2, 3, 2}).input({1, 2, 3, 2}, DType::I64).output({1, 2, 5, 5}).values(1, {0, 3, 3, 30, 23, 1, 24, 25, 40, 41, 44, 47}).ints("kernel_shape", {2, 2}).ints("strides", {2, 2})
                        .name("into a larger one, one place twice").tolerance(0).build());
    cases.push_back(Builder("MaxUnpool").input({1, 1, 2, 2}).input({1, 1, 2, 2}, DType::I64).output({1, 1, 4, 4}).values(1, {5, 7, 13, 15}).ints("kernel_shape", {2, 2}).ints("strides", {2, 2}).name("2x2").tolerance(0).build());
    runCases("Compress, Unique, NonMaxSuppression, MaxUnpool", cases);
}

TEST_CASE("cases: GridSample, RoiAlign") {
    std::vector<Case> cases;
    for (const char* mode : {"linear", "nearest", "cubic"})
        for (const char* padding : {"zeros", "border", "reflection"})
            for (int64_t corners : {0, 1})
                cases.push_back(Builder("GridSample").input({2, 3, 5, 6}).input({2, 4, 3, 2}).output({2, 3, 4, 3}).s("mode", mode).s("padding_mode", padding).i("align_corners", corners).range(-1.4, 1.4)
                                    .name(std::string(mode) + " " + padding + (corners ? " corners" : "")).build());
    // More places than a kernel works out at a time, and no multiple of a vector.
    for (const char* padding : {"zeros", "reflection"})
        cases.push_back(Builder("GridSample").input({2, 3, 17, 19}).input({2, 23, 27, 2}).output({2, 3, 23, 27}).s("mode", "linear").s("padding_mode", padding).i("align_corners", 0).range(-1.4, 1.4)
                            .name(std::string("23×27 places, ") + padding).build());
    cases.push_back(Builder("GridSample").input({1, 2, 3, 4, 5}).input({1, 2, 3, 2, 3}).output({1, 2, 2, 3, 2}).s("mode", "linear").s("padding_mode", "zeros").name("3D").build());
    for (const char* mode : {"avg", "max"})
        cases.push_back(Builder("RoiAlign").input({2, 3, 8, 8}).input({2, 4}).input({2}, DType::I64).output({2, 3, 3, 2}).values(1, {0, 0, 6, 7, 1.5, 2, 5, 5}).values(2, {1, 0}).s("mode", mode)
                            .i("sampling_ratio", 2).f("spatial_scale", 0.9).s("coordinate_transformation_mode", "half_pixel").name(mode).build());
    runCases("GridSample, RoiAlign", cases);
}

TEST_CASE("cases: AffineGrid, Col2Im, DeformConv, TensorScatter, CumProd, BitCast") {
    std::vector<Case> cases;
    cases.push_back(Builder("DeformConv").input({1, 3, 7, 5}).weight({70, 3, 3, 2}).input({1, 12, 4, 4}).output({1, 70, 4, 4}).i("group", 1).i("offset_group", 1).ints("kernel_shape", {3, 2}).ints("strides", {2, 1})
                        .ints("pads", {1, 0, 1, 0}).range(-2, 2).name("strides, pads").build());
    for (int64_t corners : {0, 1}) cases.push_back(Builder("AffineGrid").input({2, 2, 3}).output({2, 4, 5, 2}).i("align_corners", corners).name(corners ? "corners" : "centres").build());
    cases.push_back(Builder("Col2Im").input({2, 12, 12}).input({2}, DType::I64).input({2}, DType::I64).output({2, 3, 5, 4}).values(1, {5, 4}).values(2, {2, 2}).name("2x2 blocks").build());
    cases.push_back(Builder("DeformConv").input({2, 4, 6, 6}).weight({6, 2, 3, 3}).input({2, 36, 4, 4}).weight({6}).input({2, 18, 4, 4}).output({2, 6, 4, 4}).i("group", 2).i("offset_group", 2)
                        .ints("kernel_shape", {3, 3}).name("groups, mask, bias").build());
    for (const char* mode : {"linear", "circular"})
        cases.push_back(Builder("TensorScatter").input({2, 3, 4, 5}).input({2, 3, 2, 5}).input({2}, DType::I64).output({2, 3, 4, 5}).values(2, {1, 2}).s("mode", mode).i("axis", -2).name(mode).tolerance(0).build());
    for (int64_t exclusive : {0, 1})
        cases.push_back(Builder("CumProd").input({3, 6}).output({3, 6}).i("axis", 1).i("exclusive", exclusive).i("reverse", 1).name(exclusive ? "exclusive" : "inclusive").build());
    cases.push_back(Builder("BitCast").input({3, 4}).output({3, 4}, DType::I32).i("to", 6).name("float32 to int32").build());
    runCases("AffineGrid, Col2Im, DeformConv, TensorScatter, CumProd, BitCast", cases);
}

TEST_CASE("cases: LinearAttention") {
    std::vector<Case> cases;
    for (const char* rule : {"linear", "gated", "delta", "gated_delta"}) {
        const std::string name = rule;
        const bool gated = name.find("gated") != std::string::npos, delta = name.find("delta") != std::string::npos;
        Builder b("LinearAttention");
        b.input({2, 5, 12}).input({2, 5, 6}).input({2, 5, 8}).input({2, 2, 3, 4});
        if (gated) b.input({2, 5, 6});
        else b.absent();
        if (delta) b.input({2, 5, 2});
        else b.absent();
        cases.push_back(b.output({2, 5, 16}).output({2, 2, 3, 4}).i("q_num_heads", 4).i("kv_num_heads", 2).s("update_rule", rule).name(name).build());
    }
    runCases("LinearAttention", cases);
}

TEST_CASE("cases: DFT, STFT, MelWeightMatrix") {
    std::vector<Case> cases;
    for (int64_t n : {8, 15, 13, 64, 300})
        cases.push_back(Builder("DFT").input({2, n, 3, 2}).absent().input({}, DType::I64).output({2, n, 3, 2}).values(2, {1}).name("of " + std::to_string(n)).build());
    cases.push_back(Builder("DFT").input({2, 10, 1}).absent().input({}, DType::I64).output({2, 6, 2}).values(2, {1}).i("onesided", 1).name("one side").build());
    cases.push_back(Builder("DFT").input({2, 12, 2}).absent().input({}, DType::I64).output({2, 12, 2}).values(2, {1}).i("inverse", 1).name("inverse").build());
    cases.push_back(Builder("STFT").input({2, 64, 1}).input({}, DType::I64).input({16}).output({2, 7, 9, 2}).values(1, {8}).i("onesided", 1).name("windowed").build());
    cases.push_back(Builder("MelWeightMatrix").input({}, DType::I64).input({}, DType::I64).input({}, DType::I64).input({}).input({}).output({9, 8}).values(0, {8}).values(1, {16}).values(2, {8192}).values(3, {0})
                        .values(4, {4096}).name("8 bands").build());
    runCases("DFT, STFT, MelWeightMatrix", cases);
}

TEST_CASE("cases: Einsum") {
    std::vector<Case> cases;
    cases.push_back(Builder("Einsum").input({2, 3, 4}).input({2, 4, 5}).output({2, 3, 5}).s("equation", "bij, bjk -> bik").name("batched product").build());
    cases.push_back(Builder("Einsum").input({3, 5, 5}).output({3, 5}).s("equation", "...ii ->...i").name("diagonals").build());
    cases.push_back(Builder("Einsum").input({2, 3, 4, 5}).input({2, 6, 4, 5}).output({2, 4, 3, 6}).s("equation", "bqhd,bkhd->bhqk").name("attention scores").build());
    cases.push_back(Builder("Einsum").input({2, 3, 7}, DType::F16).input({7, 5}, DType::F16).output({2, 3, 5}, DType::F16).s("equation", "abk,kn->abn").name("float16 rows of two dimensions").tolerance(2e-3).build());
    cases.push_back(Builder("Einsum").input({4, 5}).input({4, 5}).output({}).s("equation", "ij,ij->").name("to a scalar").build());
    cases.push_back(Builder("Einsum").input({3}).input({4}).output({3, 4}).s("equation", "i,j->ij").name("outer product").build());
    cases.push_back(Builder("Einsum").input({3, 4}).output({3}).s("equation", "ij->i").name("sum").build());
    cases.push_back(Builder("Einsum").input({3, 4}, DType::I32).output({4, 3}, DType::I32).s("equation", "ij->ji").range(-9, 9).name("int32 transposed").build());
    cases.push_back(Builder("Einsum").input({2, 3}).input({3, 4}).input({4, 5}).output({2, 5}).s("equation", "ab,bc,cd").name("three operands, implicit").build());
    runCases("Einsum", cases);
}

TEST_CASE("cases: random numbers with a seed") {
    std::vector<Case> cases;
    cases.push_back(Builder("RandomUniform").output({4, 5}).f("seed", 3).f("low", -1).f("high", 2).name("uniform").build());
    cases.push_back(Builder("RandomNormal").output({4, 5}).f("seed", 3).f("mean", 1).f("scale", 2).name("normal").build());
    cases.push_back(Builder("RandomUniformLike").input({4, 5}).output({4, 5}, DType::F16).f("seed", 4).name("like, float16").build());
    cases.push_back(Builder("RandomNormalLike").input({4, 5}).output({4, 5}).f("seed", 4).name("like").build());
    cases.push_back(Builder("Multinomial").input({2, 6}).output({2, 9}, DType::I32).f("seed", 5).name("draws").build());
    runCases("random numbers with a seed", cases);
}

}  // namespace
}  // namespace sinter::cases
