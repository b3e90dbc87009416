#include "core/evaluate.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/error.h"
#include "core/bench_operands.h"
#include "core/measure.h"
#include "core/strided_copy.h"

using namespace sinter;

namespace {

TensorInfo tensor(std::vector<int64_t> dims) {
    TensorInfo t;
    t.dtype = DType::F32;
    t.dims = std::move(dims);
    return t;
}

/// A convolution large enough for packed and channels-last kernels: 2×16×9×9 by 32 filters of 3×3, relu after it.
LayerDesc convolution() {
    LayerDesc l;
    l.name = "conv";
    l.op = "Conv";
    l.attrs = {{"kernel_shape", std::vector<int64_t>{3, 3}}, {"strides", std::vector<int64_t>{1, 1}}, {"dilations", std::vector<int64_t>{1, 1}},
               {"pads", std::vector<int64_t>{1, 1, 1, 1}}, {"group", int64_t{1}}};
    l.inputs = {tensor({2, 16, 9, 9}), tensor({32, 16, 3, 3}), tensor({32})};
    l.inputs[1].constant = l.inputs[2].constant = true;
    l.opInputs = 3;
    l.outputs = {tensor({2, 32, 9, 9})};
    return l;
}

std::vector<HostMemory> randomInputs(const LayerDesc& l, std::vector<TensorView>& views) {
    std::vector<HostMemory> memory;
    uint32_t state = 1;
    for (const TensorInfo& t : l.inputs) {
        memory.emplace_back(static_cast<uint64_t>(t.count()) * 4);
        auto* p = reinterpret_cast<float*>(memory.back().data());
        for (int64_t i = 0; i < t.count(); ++i) {
            state = state * 1664525U + 1013904223U;
            p[i] = static_cast<float>(state >> 8) / 8388608.0F - 1.0F;
        }
        views.push_back(makeView(t, p));
    }
    return memory;
}

Device& cpu() {
    static const auto device = DeviceRegistry::instance().find("cpu");
    return *device;
}

}  // namespace

TEST_CASE("every tactic of a layer computes what the reference does, packing and layouts included") {
    const LayerDesc layer = convolution();
    std::vector<TensorView> views;
    const auto memory = randomInputs(layer, views);
    const auto want = evaluateLayer(cpu(), layer, views);
    const auto tactics = cpu().enumerate(layer, 2);
    REQUIRE(!tactics.empty());
    CHECK(tactics.back().name.ends_with("__scalar"));
    for (size_t k = 1; k + 1 < tactics.size(); ++k) CHECK(tactics[k - 1].info.estimate <= tactics[k].info.estimate);
    for (const Tactic& t : tactics) {
        CAPTURE(t.name);
        const auto got = evaluateLayer(cpu(), layer, views, t.name, 2);
        REQUIRE(got.size() == 1);
        CHECK(got[0].info.dims == layer.outputs[0].dims);
        const auto* a = reinterpret_cast<const float*>(want[0].memory.data());
        const auto* b = reinterpret_cast<const float*>(got[0].memory.data());
        float worst = 0;
        for (int64_t i = 0; i < layer.outputs[0].count(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
        CHECK(worst < 2e-4F);
    }
}

TEST_CASE("a kernel of another operator, an unknown one and a layer that none computes are errors with the layer's name") {
    LayerDesc layer = convolution();
    std::vector<TensorView> views;
    const auto memory = randomInputs(layer, views);
    CHECK_THROWS_WITH_AS(evaluateLayer(cpu(), layer, views, "any_pointwise__scalar"),
                         "layer \"conv\" (Conv) asks for kernel \"any_pointwise__scalar\", which this runtime does not have", Error);
    layer.op = "Telepathy";
    try {
        evaluateLayer(cpu(), layer, views);
        FAIL("it ran");
    } catch (const Error& e) {
        CHECK(e.code == ErrorCode::Kernel);
        CHECK(e.layer == "conv");
    }
}

TEST_CASE("measuring gives each tactic a result in order; one that fails does not end the others") {
    const LayerDesc layer = convolution();
    std::vector<std::string> names{"f32_conv2d__quantum"};
    for (const Tactic& t : cpu().enumerate(layer, 1)) names.push_back(t.name);
    MeasurePolicy quick;
    quick.budgetNs = 1e6;
    quick.rotation = 1 << 20;
    const auto results = measure(cpu(), layer, names, 1, nullptr, quick);
    REQUIRE(results.size() == names.size());
    CHECK_FALSE(results[0].ok);
    CHECK(results[0].error.find("f32_conv2d__quantum") != std::string::npos);
    for (size_t i = 1; i < results.size(); ++i) {
        CAPTURE(names[i]);
        CHECK(results[i].tactic == names[i]);
        CHECK(results[i].ok);
        CHECK(results[i].minNs <= results[i].medianNs);
        CHECK(results[i].medianNs <= results[i].maxNs);
    }
    StopToken stop{true};
    CHECK_THROWS_AS(measure(cpu(), layer, names, 1, &stop, quick), Error);
}

TEST_CASE("operands that tactics are timed on: made once for each form, the same numbers in every layout where results are compared") {
    LayerDesc layer = convolution();
    TacticInfo info;
    info.packing.resize(layer.inputs.size());
    const auto numbers = [](const HostMemory& m) { return std::vector<float>(reinterpret_cast<const float*>(m.data()), reinterpret_cast<const float*>(m.data() + m.bytes())); };
    for (const bool same : {false, true}) {
        BenchOperands operands(same);
        LayerDesc nhwc = layer;
        nhwc.inputs[0].layout = "nhwc";
        const std::vector<float> rows = numbers(operands.of(cpu(), layer, "any", info, 0)), pixels = numbers(operands.of(cpu(), nhwc, "any", info, 0));
        CHECK(&operands.of(cpu(), nhwc, "any", info, 0) == &operands.of(cpu(), nhwc, "another", info, 0));
        CHECK((rows == pixels) == !same);
        std::vector<float> a = rows, b = pixels;
        std::sort(a.begin(), a.end());
        std::sort(b.begin(), b.end());
        CHECK(a == b);
    }
}

TEST_CASE("strided copies: any strides to any strides, scalars and empty tensors") {
    TensorInfo info = tensor({2, 3, 4, 5});
    std::vector<float> a(120), b(120), c(120);
    for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i);
    TensorInfo last = info;
    last.layout = "nhwc";
    copyStrided(makeView(last, b.data()), makeView(info, a.data()));
    CHECK(b[1] == a[20]);          // the next channel of the first pixel
    CHECK(b[3] == a[1]);           // the next pixel
    copyStrided(makeView(info, c.data()), makeView(last, b.data()));
    CHECK(a == c);
    float x = 3, y = 0;
    copyStrided(makeView(tensor({}), &y), makeView(tensor({}), &x));
    CHECK(y == 3);
    copyStrided(makeView(tensor({2, 0}), &y), makeView(tensor({2, 0}), &x));
    CHECK_THROWS_AS(copyStrided(makeView(tensor({2}), &y), makeView(tensor({3}), &x)), Error);
}
