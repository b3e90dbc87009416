#include "cpu/pointwise/nest.h"

#include <algorithm>
#include <numeric>

namespace sinter::pointwise {

Nest::Nest(std::span<const int64_t> dims, std::span<const TensorView* const> operands) {
    const int rank = static_cast<int>(dims.size());
    const auto strideOf = [&](const TensorView& v, int axis) -> int64_t {
        const int own = axis - (rank - v.rank);
        return own < 0 || v.dims[own] == 1 ? 0 : v.strides[own];
    };
    std::vector<int> axes;
    for (int a = rank - 1; a >= 0; --a) {
        if (dims[static_cast<size_t>(a)] != 1) axes.push_back(a);
    }
    std::stable_sort(axes.begin(), axes.end(),
                     [&](int a, int b) { return strideOf(*operands[0], a) < strideOf(*operands[0], b); });
    strides_.resize(operands.size());
    for (auto& s : strides_) s.fill(0);
    dims_.fill(1);
    for (int a : axes) {
        bool joins = rank_ > 0;
        for (size_t o = 0; o < operands.size() && joins; ++o) {
            joins = strideOf(*operands[o], a) == strides_[o][static_cast<size_t>(rank_ - 1)] * dims_[static_cast<size_t>(rank_ - 1)];
        }
        if (joins) {
            dims_[static_cast<size_t>(rank_ - 1)] *= dims[static_cast<size_t>(a)];
            continue;
        }
        dims_[static_cast<size_t>(rank_)] = dims[static_cast<size_t>(a)];
        for (size_t o = 0; o < operands.size(); ++o) strides_[o][static_cast<size_t>(rank_)] = strideOf(*operands[o], a);
        ++rank_;
    }
    inner_ = dims_[0];
    outer_ = dims_[1];
    for (int a = 2; a < rank_; ++a) blocks_ *= dims_[static_cast<size_t>(a)];
}

void Nest::blockOffsets(int64_t block, int64_t* offsets) const {
    for (size_t o = 0; o < strides_.size(); ++o) offsets[o] = 0;
    for (int a = 2; a < rank_; ++a) {
        const int64_t at = block % dims_[static_cast<size_t>(a)];
        block /= dims_[static_cast<size_t>(a)];
        for (size_t o = 0; o < strides_.size(); ++o) offsets[o] += at * strides_[o][static_cast<size_t>(a)];
    }
}

}  // namespace sinter::pointwise
