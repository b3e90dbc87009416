#include "core/view_of.h"

#include "core/error.h"
#include "core/strided_copy.h"

namespace sinter {

TensorView viewOf(const schema::Value& v, const TensorInfo& info, const TensorView& base, const SymbolValues& symbols, int64_t& offset) {
    const auto fail = [&](const std::string& why) { throw Error(ErrorCode::Corrupt, "view \"" + v.name + "\" " + why); };
    TensorView view = makeView(info, base.data);
    const size_t rank = info.dims.size();
    offset = 0;
    switch (v.view->kind) {
        case schema::View::Kind::Slice: {
            const size_t axis = v.view->axis;
            const int64_t start = evaluateDim(v.view->start, symbols, {});
            for (size_t i = 0; i < rank; ++i) {
                const int64_t room = base.dims[i];
                const bool fits = i == axis ? start >= 0 && start <= room && info.dims[i] <= room - start : info.dims[i] == room;
                if (!fits) fail("does not fit into what it is a slice of");
            }
            view.strides = base.strides;
            offset = start * base.strides[axis] * static_cast<int64_t>(dtypeSize(info.dtype));
            if (view.data) view.data = view.as<std::byte>() + offset;
            break;
        }
        case schema::View::Kind::Permute:
            for (size_t i = 0; i < rank; ++i) {
                const uint32_t from = v.view->perm[i];
                if (info.dims[i] != base.dims[from]) fail("does not fit what it is a permutation of");
                view.strides[i] = base.strides[from];
            }
            break;
        case schema::View::Kind::Reshape:
            if (info.count() != base.count()) fail("has another number of elements than what it reshapes");
            if (!base.isLinear()) fail("reshapes storage that is not dense and row-major");
            view.strides = linearStrides(info.dims);
            break;
    }
    return view;
}

}  // namespace sinter
