#include <doctest/doctest.h>

#include "cases/harness.h"

namespace sinter::cases {
namespace {

using Dims = std::vector<int64_t>;

TEST_CASE("cases: ArgMax, ArgMin, TopK, CumSum") {
    std::vector<Case> cases;
    for (const char* op : {"ArgMax", "ArgMin"})
        for (int64_t last : {0, 1})
            for (DType t : {DType::F32, DType::U8, DType::F16}) {
                const std::string name = std::string(dtypeName(t)) + (last ? " last" : "");
                // Small whole numbers: many ties.
                cases.push_back(Builder(op).input({3, 40}, t).output({3, 1}, DType::I64).i("axis", 1).i("keepdims", 1).i("select_last", last).range(0, 6).name(name).build());
                cases.push_back(Builder(op).input({2, 9, 4, 5}, t).output({2, 4, 5}, DType::I64).i("axis", 1).i("keepdims", 0).i("select_last", last).range(0, 4).name(name + " axis 1").build());
            }
    for (int64_t largest : {0, 1})
        for (DType t : {DType::F32, DType::I64, DType::U8}) {
            const std::string name = std::string(dtypeName(t)) + (largest ? " largest" : " smallest");
            cases.push_back(Builder("TopK").input({3, 30}, t).input({1}, DType::I64).output({3, 5}, t).output({3, 5}, DType::I64).values(1, {5}).i("axis", 1).i("largest", largest).i("sorted", 1)
                                .range(0, 12).name(name).tolerance(0).build());
            cases.push_back(Builder("TopK").input({2, 7, 4}, t).input({1}, DType::I64).output({2, 7, 4}, t).output({2, 7, 4}, DType::I64).values(1, {7}).i("axis", 1).i("largest", largest)
                                .i("sorted", 1).range(0, 12).name(name + " all").tolerance(0).build());
        }
    // Lines longer than a block sorts at once, with many equals, and results of every length.
    for (int64_t k : {1, 7, 600})
        for (int64_t largest : {0, 1})
            for (DType t : {DType::F32, DType::F64, DType::I32, DType::F16})
                cases.push_back(Builder("TopK").input({2, 2500}, t).input({1}, DType::I64).output({2, k}, t).output({2, k}, DType::I64).values(1, {static_cast<double>(k)}).i("axis", -1).i("largest", largest)
                                    .i("sorted", 1).range(-40, 40).name(std::string(dtypeName(t)) + " " + std::to_string(k) + " of many" + (largest ? " largest" : "")).tolerance(0).build());
    cases.push_back(Builder("TopK").input({3, 5000}).input({1}, DType::I64).output({3, 4500}).output({3, 4500}, DType::I64).values(1, {4500}).i("axis", 1).i("largest", 1).i("sorted", 1).name("most of many").tolerance(0).build());
    for (DType t : {DType::F32, DType::I64})
        cases.push_back(Builder("CumSum").input({2, 2600}, t).output({2, 2600}, t).i("axis", -1).i("exclusive", 1).i("reverse", 0).range(-9, 9).name(std::string(dtypeName(t)) + " long lines").build());
    for (int64_t reverse : {0, 1})
        cases.push_back(Builder("CumSum").input({100, 41}).output({100, 41}).i("axis", 0).i("exclusive", reverse).i("reverse", reverse).range(-9, 9).name(std::string("columns") + (reverse ? " reverse" : "")).build());
    cases.push_back(Builder("ArgMax").input({5, 1, 300}).output({5, 1, 1}, DType::I64).i("axis", -1).i("keepdims", 1).i("select_last", 0).range(0, 3).name("negative axis").build());
    for (int64_t exclusive : {0, 1})
        for (int64_t reverse : {0, 1})
            for (DType t : {DType::F32, DType::I32})
                cases.push_back(Builder("CumSum").input({3, 12, 5}, t).output({3, 12, 5}, t).i("axis", 1).i("exclusive", exclusive).i("reverse", reverse).range(-20, 20)
                                    .name(std::string(dtypeName(t)) + (exclusive ? " exclusive" : "") + (reverse ? " reverse" : "")).build());
    runCases("ArgMax, ArgMin, TopK, CumSum", cases);
}

TEST_CASE("cases: QuantizeLinear and DequantizeLinear") {
    std::vector<Case> cases;
    for (DType q : {DType::U8, DType::I8}) {
        const std::string name(dtypeName(q));
        for (DType t : {DType::F32, DType::F16}) {
            const std::string both = name + " " + std::string(dtypeName(t));
            cases.push_back(Builder("QuantizeLinear").input({2, 7, 5, 3}, t).weight({}, t).weight({}, q).output({2, 7, 5, 3}, q).i("axis", 1).range(-30, 30).values(1, {0.125}).values(2, {3}).name(both).build());
            cases.push_back(Builder("DequantizeLinear").input({2, 7, 5, 3}, q).weight({}, t).weight({}, q).output({2, 7, 5, 3}, t).i("axis", 1).range(0, 120).values(1, {0.125}).values(2, {3}).name(both).build());
        }
        cases.push_back(Builder("QuantizeLinear").input({2, 3, 5, 3}).weight({3}).absent().output({2, 3, 5, 3}, q).i("axis", 1).range(-30, 30).values(1, {0.1, 0.2, 0.5}).name(name + " per channel").build());
        cases.push_back(Builder("DequantizeLinear").input({4, 3}, q).weight({3}).weight({3}, q).output({4, 3}).i("axis", 1).range(0, 120).values(1, {0.1, 0.2, 0.5}).values(2, {1, 2, 3}).name(name + " per channel").build());
    }
    cases.push_back(Builder("DequantizeLinear").input({40}, DType::I32).weight({}).output({40}).i("axis", 0).range(-1000, 1000).values(1, {0.01}).name("int32").build());
    runCases("QuantizeLinear and DequantizeLinear", cases);
}

TEST_CASE("cases: Range, OneHot, NonZero") {
    std::vector<Case> cases;
    cases.push_back(Builder("Range").input({}).input({}).input({}).output({5}).values(0, {1.5}).values(1, {4}).values(2, {0.5}).name("float32").build());
    cases.push_back(Builder("Range").input({}, DType::I64).input({}, DType::I64).input({}, DType::I64).output({4}, DType::I64).values(0, {10}).values(1, {2}).values(2, {-2}).name("int64 backwards").build());
    for (int64_t axis : {0, 1, 2}) {
        Dims y{3, 4};
        y.insert(y.begin() + axis, 6);
        cases.push_back(Builder("OneHot").input({3, 4}, DType::I64).input({}, DType::I64).input({2}).output(y).i("axis", axis).range(-7, 7).values(1, {6}).values(2, {-1, 2}).name("axis " + std::to_string(axis)).build());
    }
    cases.push_back(Builder("NonZero").input({2, 3}).output({2, 3}, DType::I64).values(0, {0, 1, 2, 0, 0, 3}).name("exact").build());
    cases.push_back(Builder("NonZero").input({2, 3}, DType::Bool).output({2, 6}, DType::I64).output({}, DType::I64).values(0, {0, 1, 1, 0, 0, 1}).range(0, 1).name("with room").build());
    runCases("Range, OneHot, NonZero", cases);
}

TEST_CASE("cases: DetectionOutput") {
    std::vector<Case> cases;
    for (const char* code : {"CORNER", "CENTER_SIZE", "CORNER_SIZE"})
        for (int64_t encoded : {0, 1}) {
            std::vector<double> priors;
            for (int k = 0; k < 6; ++k) priors.insert(priors.end(), {0.1 * k, 0.05 * k, 0.1 * k + 0.25, 0.05 * k + 0.3});
            for (int k = 0; k < 24; ++k) priors.push_back(k % 4 < 2 ? 0.1 : 0.2);
            cases.push_back(Builder("DetectionOutput").input({2, 24}).input({2, 18}).input({1, 2, 24}).output({1, 1, 10, 7}).i("num_classes", 3).i("share_location", 1).i("background_label_id", 0)
                                .f("nms_threshold", 0.45).i("nms_top_k", 4).f("eta", 0.9).s("code_type", code).i("variance_encoded_in_target", encoded).f("confidence_threshold", 0.1).values(2, priors)
                                .range(0, 1).name(std::string(code) + (encoded ? " encoded" : "")).build());
            cases.push_back(Builder("DetectionOutput").input({1, 72}).input({1, 18}).input({1, 2, 24}).output({1, 1, 12, 7}).i("num_classes", 3).i("share_location", 0).i("background_label_id", -1)
                                .f("nms_threshold", 0.3).i("nms_top_k", -1).f("eta", 1).s("code_type", code).i("variance_encoded_in_target", encoded).f("confidence_threshold", 0.5).values(2, priors)
                                .range(0, 1).name(std::string(code) + " boxes per class").build());
        }
    runCases("DetectionOutput", cases);
}

}  // namespace
}  // namespace sinter::cases
