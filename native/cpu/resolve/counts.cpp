// Results as long as what is found in the data: NonZero; others register themselves beside their kernels. And Fail.
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

/// A branch that the builder found impossible at these shapes, and that is taken all the same.
ResolvedLayer fail(const LayerDesc& d, Inputs) { throw std::runtime_error("this branch cannot run: " + d.stringAttr("message", "")); }

SINTER_RESOLVER(nonZero){"NonZero", nonZero};
SINTER_RESOLVER(fail){"Fail", fail};

}  // namespace
}  // namespace sinter::resolve
