#include "core/dim.h"

#include <doctest/doctest.h>

#include <random>

#include "core/describe.h"
#include "core/error.h"
#include "core/messages.h"
#include "core/profile_choice.h"

using namespace sinter;
using namespace sinter::test;

namespace {

schema::DimExpr dim(const Msg& m) {
    const auto l = schema::decodeLayerMessage(Msg().sub(2, Msg().num(2, 1).sub(3, m)).bytes());
    return l.values.at(0).shape.at(0);
}

const std::vector<std::string> kNames{"N", "W"};
int64_t at(const Msg& m, int64_t n, int64_t w) { return evaluateDim(dim(m), {n, w}, kNames); }

/// x[N, 3, W] and y[N, W + 1]; N in 1..8, W in 4..64.
schema::Engine twoInputs() {
    Msg e;
    e.num(1, 1).str(5, "N").str(5, "W");
    const auto range = [](int a, int b, int c) { return Msg().num(1, a).num(2, b).num(3, c); };
    e.sub(6, Msg().sub(1, range(1, 2, 8)).sub(1, range(4, 16, 64)));
    e.sub(7, value("x", DType::F32, {symbol(0), constant(3), symbol(1)}).num(8, 1));
    e.sub(7, value("y", DType::F32, {symbol(0), dimOp(2, {symbol(1), constant(1)})}).num(8, 1));
    e.sub(8, Msg().str(1, "x").num(2, 0)).sub(8, Msg().str(1, "y").num(2, 1));
    return schema::decodeEngine(e.bytes());
}

std::string refusal(const std::vector<std::vector<int64_t>>& shapes) {
    try {
        const auto e = twoInputs();
        chooseProfile(e, shapes, bindSymbols(e, shapes), kAnyProfile);
    } catch (const Error& e) {
        CHECK(e.code == ErrorCode::Shape);
        return e.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("dimension expressions evaluate as optimizer/ir/dim.ts defines them") {
    CHECK(at(dimOp(2, {symbol(0), symbol(1), constant(-3)}), 10, 4) == 11);
    CHECK(at(dimOp(3, {constant(2), symbol(1)}), 0, 21) == 42);
    CHECK(at(dimOp(4, {dimOp(2, {symbol(0), constant(-7)}), constant(2)}), 0, 0) == -4);
    CHECK(at(dimOp(5, {symbol(0), constant(2)}), 7, 0) == 4);
    CHECK(at(dimOp(5, {symbol(0), constant(2)}), -7, 0) == -3);
    CHECK(at(dimOp(6, {symbol(0), symbol(1)}), 7, 3) == 3);
    CHECK(at(dimOp(7, {symbol(0), symbol(1)}), 7, 3) == 7);
}

TEST_CASE("a dimension without a value, a division by zero and an overflow are errors that say so") {
    CHECK_THROWS_WITH_AS(evaluateDim(dim(symbol(1)), {1, std::nullopt}, kNames), "dimension \"W\" has no value", Error);
    CHECK_THROWS_WITH_AS(at(dimOp(4, {symbol(0), symbol(1)}), 1, 0), "a dimension divides by zero", Error);
    CHECK_THROWS_AS(at(dimOp(3, {symbol(0), symbol(0)}), INT64_MAX / 2, 0), Error);
    CHECK_THROWS_AS(at(dimOp(4, {symbol(0), constant(-1)}), INT64_MIN, 0), Error);
    CHECK_THROWS_AS(at(dimOp(2, {}), 0, 0), Error);
}

TEST_CASE("input shapes bind symbols and are refused by name") {
    const auto bound = bindSymbols(twoInputs(), std::vector<std::vector<int64_t>>{{2, 3, 16}, {2, 17}});
    CHECK(bound[0] == 2);
    CHECK(bound[1] == 16);
    CHECK(refusal({{2, 4, 16}, {2, 17}}) == "input \"x\" is 2×4×16, the engine takes N×3×W");
    CHECK(refusal({{2, 3}, {2, 17}}) == "input \"x\" is 2×3, the engine takes N×3×W");
    CHECK(refusal({{2, 3, 16}, {2, 16}}) == "input \"y\" is 2×16, the engine takes N×(W + 1)");
    CHECK(refusal({{2, 3, 16}, {3, 17}}) == "input \"y\" is 3×17, but dimension \"N\" is 2 in another place of the inputs");
    CHECK(refusal({{2, 3, 65}, {2, 66}}) == "input \"x\" is 2×3×65: its dimension 2 (\"W\") is 65, the engine was built for 4 to 64");
    CHECK(refusal({{2, 3, -1}, {2, 0}}) == "input \"x\" is 2×3×-1, the engine takes N×3×W");
}

TEST_CASE("malformed messages are errors, never crashes") {
    Msg deep = constant(1);
    for (int i = 0; i < 5000; ++i) deep = dimOp(2, {deep});
    CHECK_THROWS_AS(dim(deep), Error);
    Msg nested = literal({1}, {1});
    for (int i = 0; i < 5000; ++i) nested = expr(DType::F32, {1}).sub(6, nested);
    CHECK_THROWS_AS(schema::decodeWeightExpr(nested.bytes()), Error);
    CHECK_THROWS_AS(schema::decodeWeightExpr(""), Error);
    CHECK_THROWS_AS(schema::decodeLayerMessage(Msg().sub(2, Msg().num(2, 99)).bytes()), Error);                  // dtype
    CHECK_THROWS_AS(schema::decodeLayerMessage(Msg().num(2, 5).bytes()), Error);                                 // wire type
    CHECK_THROWS_AS(schema::decodeLayerMessage(Msg().sub(1, Msg().sub(7, program(1, {instruction("Add", {0, 1})}, {1}))).bytes()), Error);
    CHECK_THROWS_AS(schema::decodeLayerMessage(Msg().sub(1, Msg().sub(3, Msg().str(1, "a").sub(6, Msg().str(1, "1234567")))).bytes()), Error);
}

TEST_CASE("random and mutated bytes decode or throw") {
    std::mt19937 random(7);
    Msg good;
    good.num(1, 1).str(3, "name").sub(7, value("x", DType::F32, fixed({1, 2})).num(8, 1));
    good.sub(10, layer("l", "Pointwise", "t", {0}, 1, {0}).sub(7, program(1, {instruction("Relu", {0})}, {1})));
    good.sub(11, Msg().sub(1, literal({2}, {1, 2})).num(4, 64));
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = good.bytes();
        if (round % 4 == 0) {
            bytes.resize(random() % 60);
            for (char& c : bytes) c = static_cast<char>(random());
        } else {
            for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
            if (round % 4 == 1) bytes.resize(random() % bytes.size());
        }
        for (int which = 0; which < 3; ++which) {
            try {
                if (which == 0) schema::decodeEngine(bytes);
                else if (which == 1) schema::decodeLayerMessage(bytes);
                else schema::decodeWeightExpr(bytes);
            } catch (const Error& e) {
                REQUIRE(e.code == ErrorCode::Corrupt);
            }
        }
    }
}
