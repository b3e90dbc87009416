#include "cpu/resize/taps.h"

#include <utility>

namespace sinter::resize {

std::vector<FloatTap> tapsOf(const ResizeGeometry& g, size_t axis) {
    const ResizeGeometry::Axis& a = g.axes()[axis];
    std::vector<FloatTap> taps;
    for (int64_t o = 0; o < a.out; ++o) {
        Tap t = g.untouched(a) ? Tap{o, {1.0}, false} : g.tapOf(a, o);
        // Borders and whole positions leave weights of zero: not worth a pass over the row.
        while (t.weights.size() > 1 && t.weights.back() == 0) t.weights.pop_back();
        size_t skip = 0;
        while (skip + 1 < t.weights.size() && t.weights[skip] == 0) ++skip;
        FloatTap f{t.first + static_cast<int64_t>(skip), {}};
        for (size_t i = skip; i < t.weights.size(); ++i) f.weights.push_back(static_cast<float>(t.weights[i]));
        taps.push_back(std::move(f));
    }
    return taps;
}

}  // namespace sinter::resize
