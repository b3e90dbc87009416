#include "core/trace_layers.h"

#include <doctest/doctest.h>

using sinter::LayerTrace;
using sinter::TracedKernel;

namespace {

/// Three layers: one kernel, two kernels, none, and one of the first's name.
LayerTrace sample() {
    LayerTrace t;
    t.addLayer({{"conv", 10, 20, 0}});
    t.addLayer({{"sum", 40, 45, 0}, {"split", 30, 39, 0}});
    t.addLayer({});
    t.addLayer({{"conv", 60, 70, 0}});
    return t;
}

}  // namespace

TEST_CASE("traced kernels find their layers by their place in a recording") {
    // The last layer runs first, on another stream: its place says what it is.
    const auto spans = sample().assign({{"conv", 1000, 1030, 4}, {"conv", 1005, 1015, 1}, {"split", 1016, 1020, 2}, {"sum", 1021, 1029, 3}}, {0, 0, 0, 1});
    REQUIRE(spans.size() == 4);
    CHECK(spans[0].start == 5);
    CHECK(spans[0].end == 15);
    CHECK(spans[1].start == 16);
    CHECK(spans[1].end == 29);
    CHECK(spans[2].end - spans[2].start == 0);
    CHECK(spans[3].start == 0);
    CHECK(spans[3].end == 30);
}

TEST_CASE("a kernel that was started while its predecessor drained counts from that one's end") {
    const auto spans = sample().assign({{"conv", 0, 10, 1}, {"split", 4, 14, 2}, {"sum", 14, 20, 3}, {"conv", 18, 30, 4}}, {0, 0, 0, 0});
    REQUIRE(spans.size() == 4);
    CHECK(spans[1].start == 10);
    CHECK(spans[3].start == 20);
    CHECK(spans[3].end == 30);
}

TEST_CASE("a run of other kernels than the layers' says nothing") {
    CHECK(sample().assign({{"conv", 0, 10, 1}}, {0, 0, 0, 0}).empty());
    CHECK(sample().assign({{"conv", 0, 10, 1}, {"sum", 11, 12, 2}, {"split", 13, 14, 3}, {"conv", 15, 16, 4}}, {0, 0, 0, 0}).empty());
    CHECK(sample().assign({}, {}).empty());
}
