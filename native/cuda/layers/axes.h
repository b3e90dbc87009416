#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace sinter::cuda {

/// A loop nest over one or several operands: sizes of the axes, outermost first, and each operand's strides.
struct Axes {
    std::vector<int64_t> dims;
    std::vector<std::vector<int64_t>> strides;  ///< per operand, per axis

    int64_t count() const;
    /// Drops axes of size 1, orders the others by the strides of operand 0 (largest first) and joins those that are one
    /// walk through memory for every operand. At least one axis remains.
    void simplify();
    /// Largest power of two up to `most` such that the last axis can be taken in groups of it: its size is a multiple,
    /// and every operand either repeats (stride 0) or is contiguous there with all other strides and its address (in
    /// elements of `sizes`) multiples too.
    int vectorWidth(int most, std::span<void* const> addresses, std::span<const uint64_t> sizes) const;
};

}  // namespace sinter::cuda
