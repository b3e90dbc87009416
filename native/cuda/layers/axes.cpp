#include "cuda/layers/axes.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace sinter::cuda {

int64_t Axes::count() const {
    return std::accumulate(dims.begin(), dims.end(), int64_t{1}, [](int64_t a, int64_t b) { return a * b; });
}

void Axes::simplify() {
    std::vector<size_t> order;
    for (size_t a = 0; a < dims.size(); ++a) {
        if (dims[a] != 1) order.push_back(a);
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return std::abs(strides[0][a]) > std::abs(strides[0][b]); });
    Axes joined;
    joined.strides.resize(strides.size());
    for (const size_t a : order) {
        bool joins = !joined.dims.empty();
        for (size_t k = 0; k < strides.size() && joins; ++k) joins = joined.strides[k].back() == strides[k][a] * dims[a];
        if (joins) {
            joined.dims.back() *= dims[a];
            for (size_t k = 0; k < strides.size(); ++k) joined.strides[k].back() = strides[k][a];
        } else {
            joined.dims.push_back(dims[a]);
            for (size_t k = 0; k < strides.size(); ++k) joined.strides[k].push_back(strides[k][a]);
        }
    }
    if (joined.dims.empty()) {
        joined.dims.push_back(1);
        for (auto& s : joined.strides) s.push_back(1);
    }
    *this = std::move(joined);
}

int Axes::vectorWidth(int most, std::span<void* const> addresses, std::span<const uint64_t> sizes) const {
    int width = most;
    const auto narrow = [&](uint64_t multiple) {
        while (width > 1 && multiple % static_cast<uint64_t>(width) != 0) width /= 2;
    };
    narrow(static_cast<uint64_t>(dims.back()));
    for (size_t k = 0; k < strides.size(); ++k) {
        const int64_t inner = strides[k].back();
        if (inner == 0) continue;
        if (inner != 1) return 1;
        // An access is at most 16 bytes: a wider vector is several accesses.
        const uint64_t address = reinterpret_cast<uint64_t>(addresses[k]);
        while (width > 1 && address % std::min<uint64_t>(16, static_cast<uint64_t>(width) * sizes[k]) != 0) width /= 2;
        for (size_t a = 0; a + 1 < dims.size(); ++a) narrow(static_cast<uint64_t>(std::abs(strides[k][a])));
    }
    return width;
}

}  // namespace sinter::cuda
