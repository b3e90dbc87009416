#include <doctest/doctest.h>

#include "cases/harness.h"

namespace sinter::cases {
namespace {

Case make(const std::vector<int64_t>& x, const std::vector<int64_t>& dims, const std::vector<int64_t>& perm, const std::vector<int64_t>& y) {
    return Builder("Shuffle").input(x).output(y).ints("dims", dims).ints("perm", perm).name(shapeText(x) + " as " + shapeText(dims) + " to " + shapeText(y)).tolerance(0).build();
}

TEST_CASE("cases: Shuffle") {
    std::vector<Case> cases;
    for (int64_t groups : {1, 2, 3, 4, 5, 7, 8, 11})
        for (int64_t each : {1, 3, 16, 28})
            cases.push_back(make({2, groups * each, 5, 7}, {2, groups, each, 5, 7}, {0, 2, 1, 3, 4}, {2, groups * each, 5, 7}));
    cases.push_back(make({1, 128, 768}, {1, 128, 12, 64}, {0, 2, 1, 3}, {1, 12, 128, 64}));
    runCases("Shuffle", cases);
}

}  // namespace
}  // namespace sinter::cases
