#include "cpu/matmul/epilogue_tail.h"

#include <algorithm>

namespace sinter::gemm {

void EpilogueTail::apply(int64_t row, int64_t column, int64_t n, float* values) {
    constexpr int64_t kStrip = pointwise::Program::kStrip;
    for (size_t e = 0; e < extras_.size(); ++e) extras_[e].rows.offsets(row, 1, &offsets_[e]);
    for (int64_t at = 0; at < n; at += kStrip) {
        const int64_t count = std::min(kStrip, n - at);
        float* out = values + at;
        in_[0] = out;
        for (size_t e = 0; e < extras_.size(); ++e) {
            const Extra& extra = extras_[e];
            const float* from = extra.base + offsets_[e] + (column + at) * extra.columnStride;
            step_[e + 1] = extra.columnStride != 0;
            if (extra.columnStride != 0 && extra.columnStride != 1) {
                float* gathered = scratch_ + program_.scratchFloats() + static_cast<int64_t>(e) * kStrip;
                for (int64_t j = 0; j < count; ++j) gathered[j] = from[j * extra.columnStride];
                from = gathered;
            }
            in_[e + 1] = from;
        }
        program_.run(in_.data(), step_.data(), &out, count, scratch_);
    }
}

RowMap rowsOf(const TensorView& view, int columnAxis) {
    RowMap map;
    for (int a = 0; a < view.rank; ++a) {
        if (a != columnAxis) map.push(view.dims[a], view.strides[a]);
    }
    return map;
}

std::vector<Extra> bindExtras(std::span<const TensorView> extras, std::span<const int64_t> result, int columnAxis) {
    std::vector<Extra> bound;
    const int rank = static_cast<int>(result.size());
    for (const TensorView& v : extras) {
        Extra e;
        e.base = v.as<const float>();
        for (int a = 0; a < rank; ++a) {
            const int own = a - (rank - v.rank);
            const int64_t stride = own < 0 || v.dims[own] == 1 ? 0 : v.strides[own];
            if (a == columnAxis) {
                e.columnStride = stride;
            } else {
                e.rows.push(result[static_cast<size_t>(a)], stride);
            }
        }
        bound.push_back(e);
    }
    return bound;
}

}  // namespace sinter::gemm
