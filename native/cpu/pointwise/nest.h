#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"

namespace sinter::pointwise {

/// Loops over tensors that broadcast to one shape: axes in the order of memory, joined where every operand allows it.
/// The innermost two make a block; the others are counted by `blockOffsets`.
class Nest {
public:
    /// operands[0] decides the order of the axes; every operand has at most `dims`' rank and broadcasts to it.
    Nest(std::span<const int64_t> dims, std::span<const TensorView* const> operands);

    int64_t inner() const { return inner_; }
    int64_t outer() const { return outer_; }    ///< axis next to the innermost
    int64_t blocks() const { return blocks_; }  ///< product of the rest
    int64_t innerStride(size_t operand) const { return strides_[operand][0]; }
    int64_t outerStride(size_t operand) const { return strides_[operand][1]; }
    /// Element offset of each operand at the start of a block.
    void blockOffsets(int64_t block, int64_t* offsets) const;

private:
    int rank_ = 0;
    int64_t inner_ = 1, outer_ = 1, blocks_ = 1;
    std::array<int64_t, kMaxRank> dims_{};                       ///< innermost first
    std::vector<std::array<int64_t, kMaxRank>> strides_;         ///< per operand, innermost first
};

}  // namespace sinter::pointwise
