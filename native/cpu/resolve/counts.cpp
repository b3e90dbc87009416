// Results as long as what is found in the data: NonZero. Others register themselves beside their kernels.
#include "cpu/resolve/contents.h"

namespace sinter::resolve {
namespace {

ResolvedLayer nonZero(LayerDesc d, Inputs in) {
    const TensorView& x = in[0];
    int64_t found = 0;
    if (ref::isFloatType(x.dtype)) {
        const auto v = floats(in, 0);
        found = std::count_if(v.begin(), v.end(), [](double e) { return e != 0; });
    } else {
        const auto v = ints(in, 0);
        found = std::count_if(v.begin(), v.end(), [](int64_t e) { return e != 0; });
    }
    d.outputs[0].dims = {std::max<int64_t>(x.rank, 1), found};
    return keeping(std::move(d), 1);
}

SINTER_RESOLVER(nonZero){"NonZero", nonZero};

}  // namespace
}  // namespace sinter::resolve
