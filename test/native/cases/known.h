#pragma once
// Known answers: the scalar reference against values worked out by hand or printed in the ONNX standard.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cases/harness.h"

namespace sinter::cases {

using Rows = std::vector<std::vector<double>>;

inline void expect(const Builder& b, const Rows& want, double tolerance = 1e-6) {
    const Case c = b.build();
    INFO(c.desc.name);
    const Rows got = reference(c);
    REQUIRE(got.size() == want.size());
    for (size_t k = 0; k < want.size(); ++k) {
        REQUIRE(got[k].size() == want[k].size());
        for (size_t i = 0; i < want[k].size(); ++i) {
            const double a = want[k][i], b2 = got[k][i];
            const bool same = a == b2 || (std::isnan(a) && std::isnan(b2)) || std::fabs(a - b2) <= tolerance * std::max(1.0, std::fabs(a));
            CHECK_MESSAGE(same, "output ", k, " element ", i, " is ", b2, " instead of ", a);
        }
    }
}

inline std::vector<double> count(int n, double from = 1) {
    std::vector<double> v;
    for (int i = 0; i < n; ++i) v.push_back(from + i);
    return v;
}
inline std::vector<double> all(int n, double x) { return std::vector<double>(static_cast<size_t>(n), x); }

}  // namespace sinter::cases
