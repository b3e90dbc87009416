#pragma once
#include <vector>

#include "core/tensor.h"
#include "cpu/conv/geometry.h"
#include "cpu/matmul/gemm.h"

namespace sinter::conv {

/// The rows of the implicit matrix of a channels-last convolution: row = output pixel, tap = kernel position. A tap that
/// falls in the padding points at zeros, so that the inner loop never branches. `joined` kernels take a whole kernel row
/// (kernel width · channels floats) as one tap; then the source must be padded already.
class PixelRows final : public gemm::RowSource {
public:
    PixelRows(const Geometry& geometry, bool joined);

    /// The input and its strides, in elements of `bytes`. `zeros` holds at least one pixel's channels.
    void bind(const void* base, int64_t batchStride, std::array<int64_t, 3> strides, const void* zeros, int64_t bytes = 4);
    void pointers(int64_t first, int count, const float** a) const override;

private:
    Geometry g_;
    std::array<int64_t, 3> taps_;
    const std::byte* base_ = nullptr;
    const float* zeros_ = nullptr;
    int64_t batchStride_ = 0;  ///< this and what follows in bytes
    std::array<int64_t, 3> strides_{};
    std::vector<int64_t> tapOffsets_;
};

}  // namespace sinter::conv
