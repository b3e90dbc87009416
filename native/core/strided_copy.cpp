#include "core/strided_copy.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.h"

namespace sinter {
namespace {

template <size_t Size>
void copyRow(std::byte* to, int64_t toStep, const std::byte* from, int64_t fromStep, int64_t n) {
    for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * toStep, from + i * fromStep, Size);
}

void copyRowOf(size_t size, std::byte* to, int64_t toStep, const std::byte* from, int64_t fromStep, int64_t n) {
    const auto width = static_cast<int64_t>(size);
    if (toStep == width && fromStep == width) {
        std::memcpy(to, from, static_cast<size_t>(n) * size);
        return;
    }
    switch (size) {
        case 1: return copyRow<1>(to, toStep, from, fromStep, n);
        case 2: return copyRow<2>(to, toStep, from, fromStep, n);
        case 4: return copyRow<4>(to, toStep, from, fromStep, n);
        default: return copyRow<8>(to, toStep, from, fromStep, n);
    }
}

}  // namespace

TensorView makeView(const TensorInfo& info, void* data) {
    TensorView v;
    v.data = data;
    v.dtype = info.dtype;
    v.rank = static_cast<int>(info.dims.size());
    std::copy(info.dims.begin(), info.dims.end(), v.dims.begin());
    v.strides = info.layout == "nhwc" && v.rank >= 3 ? channelsLastStrides(info.dims) : linearStrides(info.dims);
    return v;
}

void copyStrided(const TensorView& to, const TensorView& from) {
    if (to.dtype != from.dtype || to.rank != from.rank || !std::equal(to.dims.begin(), to.dims.begin() + to.rank, from.dims.begin())) {
        throw Error(ErrorCode::Internal, "a copy between different shapes or types");
    }
    const size_t size = dtypeSize(to.dtype);
    if (to.count() == 0) return;
    auto* out = to.as<std::byte>();
    const auto* in = from.as<const std::byte>();
    const auto width = static_cast<int64_t>(size);
    if (to.isLinear() && from.isLinear()) {
        std::memcpy(out, in, static_cast<size_t>(to.count()) * size);
        return;
    }
    const int inner = to.rank - 1;  // rank >= 1 here: a scalar is linear
    std::array<int64_t, kMaxRank> index{};
    for (;;) {
        int64_t a = 0;
        int64_t b = 0;
        for (int i = 0; i < inner; ++i) {
            a += index[i] * to.strides[i];
            b += index[i] * from.strides[i];
        }
        copyRowOf(size, out + a * width, to.strides[inner] * width, in + b * width, from.strides[inner] * width, to.dims[inner]);
        int axis = inner - 1;
        while (axis >= 0 && ++index[axis] == to.dims[axis]) index[axis--] = 0;
        if (axis < 0) return;
    }
}

}  // namespace sinter
