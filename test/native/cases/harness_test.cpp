// The harness must catch what it promises to catch: kernels of an operator of its own that go wrong in known ways.
#include <doctest/doctest.h>

#include <algorithm>

#include "cases/harness.h"
#include "core/kernel.h"
#include "core/thread_pool.h"

namespace sinter::cases {
namespace {

constexpr const char* kOp = "test.Negate";

int64_t offsetOf(const TensorView& v, int64_t element) {
    int64_t o = 0;
    for (int a = v.rank - 1; a >= 0; --a) {
        o += element % v.dims[static_cast<size_t>(a)] * v.strides[static_cast<size_t>(a)];
        element /= v.dims[static_cast<size_t>(a)];
    }
    return o;
}

using Body = void (*)(const TensorView& x, const TensorView& y, ThreadPool* pool);

class Probe final : public Kernel {
public:
    explicit Probe(Body body) : body_(body) {}
    void run(const KernelArgs& a) override { body_(a.inputs[0], a.outputs[0], a.pool); }

private:
    Body body_;
};

void negate(const TensorView& x, const TensorView& y, ThreadPool*) {
    for (int64_t e = 0; e < x.count(); ++e) y.as<float>()[offsetOf(y, e)] = -x.as<float>()[offsetOf(x, e)];
}

KernelRow row(const char* name, Body body) {
    return {.name = name,
            .op = kOp,
            .isa = Isa::Scalar,
            .supports = [](const LayerDesc&, int) { return std::optional(TacticInfo{{""}, {""}, 0, {{}}, {1}, {1}, 1}); },
            .make = [body](const LayerDesc&, int) -> std::unique_ptr<Kernel> { return std::make_unique<Probe>(body); },
            .pack = {}};
}

SINTER_KERNEL(probe_good){row("any_testnegate__scalar", negate)};
SINTER_KERNEL(probe_value){row("test_value", [](const TensorView& x, const TensorView& y, ThreadPool* p) {
    negate(x, y, p);
    y.as<float>()[offsetOf(y, 5)] += 0.01f;
})};
SINTER_KERNEL(probe_strides){row("test_strides", [](const TensorView& x, const TensorView& y, ThreadPool*) {
    for (int64_t e = 0; e < x.count(); ++e) y.as<float>()[offsetOf(y, e)] = -x.as<float>()[e];
})};
SINTER_KERNEL(probe_beyond){row("test_beyond", [](const TensorView& x, const TensorView& y, ThreadPool* p) {
    negate(x, y, p);
    y.as<float>()[offsetOf(y, y.count() - 1) + 1] = 0;
})};
SINTER_KERNEL(probe_input){row("test_input", [](const TensorView& x, const TensorView& y, ThreadPool* p) {
    negate(x, y, p);
    *x.as<float>() = 7;
})};
SINTER_KERNEL(probe_threads){row("test_threads", [](const TensorView& x, const TensorView& y, ThreadPool* p) {
    negate(x, y, p);
    if (p->threads() > 1) *y.as<float>() *= 1.000001f;
})};

TEST_CASE("harness: finds wrong values, ignored strides, stray writes, changed inputs and thread dependence") {
    const Case c = Builder(kOp).input({2, 3, 4}).output({2, 3, 4}).build();
    std::map<std::string, int> ran;
    const std::vector<std::string> problems = findProblems(std::span(&c, 1), ran);
    const auto has = [&](const std::string& text) {
        return std::any_of(problems.begin(), problems.end(), [&](const std::string& p) { return p.find(text) != std::string::npos; });
    };
    CHECK(ran.size() == 6);
    CHECK(problems.size() == 5);
    CHECK(has("test_value output 0: element 5 is"));
    CHECK(has("test_strides output 0: element"));
    CHECK(has("test_beyond writes outside output 0 (dense"));
    CHECK(has("test_input changes input 0 (dense"));
    CHECK(has("test_threads output 0 depends on the thread count"));
}

}  // namespace
}  // namespace sinter::cases
