#pragma once
// A small engine with everything the executor resolves: symbols, a packed-free weight, arena values, slice and reshape
// views, a pass-through output.
#include <array>

#include "core/messages.h"

namespace sinter::test {

struct SampleOptions {
    std::string requiredFeature = {};
    std::string deviceFeature = {};
    std::string tactic = "any_pointwise__scalar";
    int64_t arenaBytes = 4096;
    int format = 1;
    bool twoProfiles = false;  ///< N in 4..64 as a second optimization profile
};

/// x[N, 4] (N in 1..8) → both[N, 8]: the left half is (x + w) · 2, the right half is max(x, 0).
/// Outputs: "both", and "sum"[N, 4] = left half + right half, and "same" = x.
inline Msg sampleEngine(const SampleOptions& o = {}) {
    const auto pointwise = [&](const char* name, std::vector<int64_t> in, std::vector<int64_t> out, const Msg& p) {
        const int n = static_cast<int>(in.size());
        return layer(name, "Pointwise", o.tactic, std::move(in), n, std::move(out)).sub(7, p);
    };
    const auto slice = [](int64_t start) { return Msg().num(1, 2).num(2, 0).num(3, 1).sub(4, constant(start)); };
    Msg e;
    e.num(1, static_cast<uint64_t>(o.format)).str(3, "sample").str(5, "N");
    if (!o.requiredFeature.empty()) e.str(2, o.requiredFeature);
    Msg provenance;
    provenance.str(1, "test").str(4, "cpu");
    if (!o.deviceFeature.empty()) provenance.str(5, o.deviceFeature);
    e.sub(4, provenance);
    const auto range = [](int min, int opt, int max) { return Msg().sub(1, Msg().num(1, min).num(2, opt).num(3, max)); };
    /// Values, inputs, outputs, layers and memory under these field numbers: the engine's own, or a profile's plan.
    const auto plan = [&](Msg& to, std::array<int, 5> at, int64_t most, int64_t arena) {
        to.sub(at[0], value("x", DType::F32, {symbol(0), constant(4)}).num(8, 1));                                                        // 0
        to.sub(at[0], value("w", DType::F32, fixed({4})).num(6, 0));                                                                       // 1
        to.sub(at[0], value("both", DType::F32, {symbol(0), constant(8)}).num(5, 0).num(9, static_cast<uint64_t>(most * 32)));            // 2
        to.sub(at[0], value("left", DType::F32, {symbol(0), constant(4)}).sub(7, slice(0)));                                               // 3
        to.sub(at[0], value("right", DType::F32, {symbol(0), constant(4)}).sub(7, slice(4)));                                              // 4
        to.sub(at[0], value("sum", DType::F32, {symbol(0), constant(4)}).num(8, 1));                                                       // 5
        to.sub(at[1], Msg().str(1, "x").num(2, 0));
        to.sub(at[2], Msg().str(1, "both").num(2, 2)).sub(at[2], Msg().str(1, "sum").num(2, 5)).sub(at[2], Msg().str(1, "same").num(2, 0));
        const Msg two = Msg().str(1, "Const").num(3, 1).packed(2, {}).dbl(4, 2.0);
        to.sub(at[3], pointwise("scale", {0, 1}, {3}, program(2, {instruction("Add", {0, 1}), two, instruction("Mul", {2, 3})}, {4})));
        to.sub(at[3], pointwise("relu", {0}, {4}, program(1, {instruction("Relu", {0})}, {1})));
        to.sub(at[3], pointwise("add halves", {3, 4}, {5}, program(2, {instruction("Add", {0, 1})}, {2})));
        to.sub(at[4], Msg().num(1, static_cast<uint64_t>(arena)));
    };
    e.sub(6, range(1, 2, 8));
    plan(e, {7, 8, 9, 10, 12}, 8, o.arenaBytes);
    e.sub(11, Msg().sub(1, literal({4}, {1, 2, 3, 4})).str(2, "w").num(4, 0).num(5, 16));
    if (o.twoProfiles) {
        Msg second;
        plan(second, {1, 2, 3, 4, 5}, 64, 8192);
        e.sub(6, range(4, 16, 64).sub(2, second));
    }
    return e.num(14, 1);
}

}  // namespace sinter::test
