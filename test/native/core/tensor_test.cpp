#include "core/tensor.h"

#include <doctest/doctest.h>

#include "core/kernel.h"
#include "core/layer.h"

using namespace sinter;

namespace {
TensorView view(std::vector<int64_t> dims, std::vector<int64_t> strides) {
    TensorView v;
    v.dtype = DType::F32;
    v.rank = static_cast<int>(dims.size());
    for (size_t i = 0; i < dims.size(); ++i) {
        v.dims[i] = dims[i];
        v.strides[i] = strides[i];
    }
    return v;
}
}  // namespace

TEST_CASE("layouts are recognized by strides") {
    CHECK(view({2, 3, 4, 5}, {60, 20, 5, 1}).isLinear());
    CHECK_FALSE(view({2, 3, 4, 5}, {60, 20, 5, 1}).isChannelsLast());
    CHECK(view({2, 3, 4, 5}, {60, 1, 15, 3}).isChannelsLast());
    CHECK_FALSE(view({2, 3, 4, 5}, {60, 1, 15, 3}).isLinear());
    CHECK(view({2, 3, 4, 5}, {160, 1, 40, 8}).isChannelsLast());        // channels 0..3 of 8
    CHECK_FALSE(view({2, 3, 4, 5}, {161, 1, 40, 8}).isChannelsLast());  // uneven images
    CHECK_FALSE(view({2, 3, 4, 5}, {40, 1, 10, 2}).isChannelsLast());   // pixels overlap
    CHECK(view({2, 1, 4, 5}, {20, 7, 5, 1}).isLinear());                // an axis of size 1 does not matter
    CHECK(view({1, 8, 1, 1}, {8, 1, 8, 8}).isLinear());
    CHECK(view({1, 8, 1, 1}, {8, 1, 8, 8}).isChannelsLast());
    CHECK(view({}, {}).isLinear());
}

TEST_CASE("strides of the two storages") {
    const std::vector<int64_t> dims{2, 3, 4, 5};
    const auto linear = linearStrides(dims);
    const auto last = channelsLastStrides(dims);
    CHECK(std::vector<int64_t>(linear.begin(), linear.begin() + 4) == std::vector<int64_t>{60, 20, 5, 1});
    CHECK(std::vector<int64_t>(last.begin(), last.begin() + 4) == std::vector<int64_t>{60, 1, 15, 3});
}

TEST_CASE("attributes: typed access with fallbacks") {
    LayerDesc layer;
    layer.attrs = {{"axis", int64_t{-1}}, {"alpha", 0.5}, {"mode", std::string("edge")}, {"pads", std::vector<int64_t>{1, 2}}};
    CHECK(layer.intAttr("axis", 0) == -1);
    CHECK(layer.intAttr("group", 7) == 7);
    CHECK(layer.floatAttr("alpha", 0) == 0.5);
    CHECK(layer.floatAttr("axis", 0) == -1.0);
    CHECK(layer.stringAttr("mode", "") == "edge");
    CHECK(layer.intsAttr("pads") == std::vector<int64_t>{1, 2});
    CHECK(layer.floatsAttr("pads") == std::vector<double>{1, 2});
    CHECK(layer.intsAttr("absent").empty());
}

TEST_CASE("element types: names and sizes") {
    CHECK(dtypeName(DType::BF16) == "bfloat16");
    CHECK(dtypeSize(DType::I64) == 8);
    CHECK(dtypeSize(DType::I4) == 1);
    CHECK(dtypeSize(DType::String) == 0);
}
