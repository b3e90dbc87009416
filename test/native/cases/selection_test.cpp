#include "cases/selection.h"

#include <doctest/doctest.h>

#include <set>

namespace sinter::cases {

TEST_CASE("case selection: kernels by words of their names, tiles of one kernel in turn") {
    const std::vector<std::string> names = {"f16_conv2d__sm80_mma_64x64x32_s4", "f16_conv2d__sm80_mma_128x32x32_s4", "f16_conv2d__sm80_mma_16x32x64_s6_k2",
                                            "any_conv__cuda", "f32_conv2d__avx2_6x16", "f16_conv2d_dw__sm90_bulk"};
    CHECK(familyOf(names[0]) == "f16_conv2d__sm80_mma");
    CHECK(familyOf(names[4]) == "f32_conv2d__avx2");
    CHECK(familyOf(names[5]) == names[5]);
    CHECK(Selection{}.choose(names, 3).size() == names.size());

    Selection s;
    s.words = {"__cuda", "__sm"};
    CHECK(s.choose(names, 0) == std::vector<size_t>{0, 1, 2, 3, 5});
    s.tiles = 2;
    std::set<size_t> seen;
    for (size_t at = 0; at < 2; ++at) {
        const std::vector<size_t> chosen = s.choose(names, at);
        CHECK(chosen.size() == 4);  // two tiles, and the kernels that have none
        seen.insert(chosen.begin(), chosen.end());
    }
    CHECK(seen == std::set<size_t>{0, 1, 2, 3, 5});
}

}  // namespace sinter::cases
