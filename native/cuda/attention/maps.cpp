#include "cuda/attention/maps.h"

#include <algorithm>

namespace sinter::cuda::attention {

TensorMap mapOf(const DeviceOperand& o, DType type, int64_t depth, int64_t rows, int64_t heads, int64_t batches, int box) {
    const auto bytes = [](int32_t stride) { return std::max<uint64_t>(16, static_cast<uint64_t>(stride) * 2); };  // axes of size 1 have none
    const auto at = [](int64_t v) { return static_cast<uint64_t>(v); };
    return encode(TiledMap{.address = o.data, .dtype = type, .dims = {at(depth), at(rows), at(heads), at(batches)}, .strides = {bytes(o.row), bytes(o.head), bytes(o.batch)},
                           .box = {64, static_cast<uint32_t>(box), 1, 1}, .elementStrides = {}, .swizzle = Swizzle::B128});
}

}  // namespace sinter::cuda::attention
