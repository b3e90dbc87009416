#include "core/weight_evaluator.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/error.h"
#include "core/messages.h"
#include "core/number_formats.h"
#include "core/temporary.h"

using namespace sinter;
using namespace sinter::test;

namespace {

Msg input(const Msg& m) { return Msg().sub(1, m); }

std::vector<double> values(const Msg& m, const std::vector<std::string>& files = {}) {
    WeightEvaluator evaluator(files, DeviceRegistry::instance().find("cpu"));
    const std::string bytes = m.bytes();
    const schema::WeightExpr e = schema::decodeWeightExpr(bytes);
    evaluator.announce(e);
    const WeightData d = evaluator.evaluate(e);
    CHECK(d.bytes.size() == static_cast<size_t>(d.count()) * dtypeSize(d.dtype));
    std::vector<double> v(static_cast<size_t>(d.count()));
    for (size_t i = 0; i < v.size(); ++i) v[i] = loadElement(d.dtype, d.bytes.data(), i);
    return v;
}

ErrorCode failure(const Msg& m, const std::vector<std::string>& files = {}) {
    try {
        values(m, files);
    } catch (const Error& e) {
        return e.code;
    }
    return ErrorCode::None;
}

using V = std::vector<double>;
const Msg kSix = literal({2, 3}, {1, 2, 3, 4, 5, 6});

Msg file(std::vector<int64_t> shape, uint64_t offset, uint64_t length) {
    return expr(DType::F32, std::move(shape)).sub(3, Msg().num(1, 0).num(2, offset).num(3, length));
}

}  // namespace

TEST_CASE("weights: files at any alignment, and ranges outside them") {
    const TemporaryDir dir;
    const std::string path = dir.file("model.bin");
    writeFile(path, "abc" + floats({7, 8, 9}));
    CHECK(values(file({3}, 3, 12), {path}) == V{7, 8, 9});
    CHECK(values(expr(DType::F32, {1, 3}).sub(7, input(file({3, 1}, 3, 12)).packed(2, {1, 0})), {path}) == V{7, 8, 9});
    CHECK(failure(file({3}, 4, 12), {path}) == ErrorCode::Truncated);
    CHECK(failure(file({3}, UINT64_MAX - 3, 12), {path}) == ErrorCode::Truncated);
    CHECK(failure(file({4}, 3, 12), {path}) == ErrorCode::Corrupt);
    CHECK(failure(file({3}, 3, 12), {dir.file("absent")}) == ErrorCode::Io);
    CHECK(failure(file({3}, 3, 12)) == ErrorCode::Corrupt);
}

TEST_CASE("weights: reshape, transpose, concat, slice") {
    CHECK(values(expr(DType::F32, {3, 2}).sub(6, kSix)) == V{1, 2, 3, 4, 5, 6});
    CHECK(values(expr(DType::F32, {3, 2}).sub(7, input(kSix).packed(2, {1, 0}))) == V{1, 4, 2, 5, 3, 6});
    const Msg row = literal({1, 3}, {7, 8, 9});
    CHECK(values(expr(DType::F32, {3, 3}).sub(8, input(kSix).sub(1, row).num(2, 0))) == V{1, 2, 3, 4, 5, 6, 7, 8, 9});
    const Msg column = literal({2, 1}, {10, 11});
    CHECK(values(expr(DType::F32, {2, 4}).sub(8, input(kSix).sub(1, column).num(2, 1))) == V{1, 2, 3, 10, 4, 5, 6, 11});
    CHECK(values(expr(DType::F32, {2, 2}).sub(9, input(kSix).num(2, 1).num(3, 1))) == V{2, 3, 5, 6});
    CHECK(values(expr(DType::F32, {1, 3}).sub(9, input(kSix).num(2, 0).num(3, 1))) == V{4, 5, 6});
    CHECK(failure(expr(DType::F32, {2, 2}).sub(9, input(kSix).num(2, 1).num(3, 2))) == ErrorCode::Corrupt);
    CHECK(failure(expr(DType::F32, {4, 2}).sub(6, kSix)) == ErrorCode::Corrupt);
    CHECK(failure(expr(DType::F32, {3, 2}).sub(7, input(kSix).packed(2, {1, 1}))) == ErrorCode::Corrupt);
    CHECK(failure(expr(DType::F32, {4, 3}).sub(8, input(kSix).sub(1, row).num(2, 0))) == ErrorCode::Corrupt);
}

TEST_CASE("weights: a scale is computed in float64 and rounded once") {
    const Msg factor = expr(DType::F64, {3}).str(4, [] {
        const double f[] = {1.0 / 3.0, 2.0, -1.0};
        return std::string(reinterpret_cast<const char*>(f), sizeof f);
    }());
    const Msg shift = literal({3}, {0, 0.5F, 0});
    const auto got = values(expr(DType::F32, {2, 3}).sub(10, input(kSix).num(2, 1).sub(3, factor).sub(4, shift)));
    const V want{static_cast<float>(1.0 / 3.0), 4.5, -3, static_cast<float>(4.0 / 3.0), 10.5, -6};
    CHECK(got == want);
    CHECK(values(expr(DType::F32, {2, 3}).sub(10, input(kSix).num(2, 0).sub(3, literal({2}, {1, 10})))) == V{1, 2, 3, 40, 50, 60});
    CHECK(failure(expr(DType::F32, {2, 3}).sub(10, input(kSix).num(2, 0).sub(3, literal({3}, {1, 10, 1})))) == ErrorCode::Corrupt);
}

TEST_CASE("weights: casts and 4-bit storage") {
    CHECK(values(expr(DType::I8, {2, 3}).sub(5, kSix)) == V{1, 2, 3, 4, 5, 6});
    CHECK(values(expr(DType::I4, {3}).str(4, std::string("\x1f\x08", 2))) == V{-1, 1, -8});
    CHECK(values(expr(DType::U4, {3}).str(4, std::string("\x1f\x08", 2))) == V{15, 1, 8});
}

TEST_CASE("weights: evaluate runs a layer on the reference kernels, once per distinct expression") {
    const Msg add = Msg().str(1, "fold").str(2, "Pointwise").num(5, 2).sub(7, program(2, {instruction("Add", {0, 1}), instruction("Mul", {2, 0})}, {3}));
    const Msg evaluated = expr(DType::F32, {2, 3}).sub(11, Msg().sub(1, add).sub(2, Msg().sub(1, kSix)).sub(2, Msg().sub(1, literal({3}, {1, 1, 1}))));
    CHECK(values(evaluated) == V{2, 6, 12, 20, 30, 42});
    // The same evaluation under two slices of one concatenation.
    const Msg first = expr(DType::F32, {1, 3}).sub(9, input(evaluated).num(2, 0).num(3, 0));
    const Msg second = expr(DType::F32, {1, 3}).sub(9, input(evaluated).num(2, 0).num(3, 1));
    CHECK(values(expr(DType::F32, {2, 3}).sub(8, input(second).sub(1, first).num(2, 0))) == V{20, 30, 42, 2, 6, 12});
    const Msg unknown = Msg().str(1, "odd").str(2, "NoSuchLayer").num(5, 1);
    CHECK(failure(expr(DType::F32, {2, 3}).sub(11, Msg().sub(1, unknown).sub(2, Msg().sub(1, kSix)))) == ErrorCode::Kernel);
}

TEST_CASE("weights: a stop token ends the work") {
    StopToken stop{true};
    WeightEvaluator evaluator({}, DeviceRegistry::instance().find("cpu"), &stop);
    const std::string bytes = kSix.bytes();
    CHECK_THROWS_AS(evaluator.evaluate(schema::decodeWeightExpr(bytes)), Error);
}
