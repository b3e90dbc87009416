#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/dtype.h"

namespace sinter {

constexpr int kMaxRank = 8;

/// A strided window on memory. `dims` are in logical order (N, C, H, W) whatever the layout; `strides` count elements.
/// Kernels never own what they see. A slice, a transposed view or channels-last storage is only different strides.
struct TensorView {
    void* data = nullptr;
    DType dtype = DType::Undefined;
    int rank = 0;
    std::array<int64_t, kMaxRank> dims{};
    std::array<int64_t, kMaxRank> strides{};

    bool present() const { return dtype != DType::Undefined; }
    int64_t count() const {
        int64_t n = 1;
        for (int i = 0; i < rank; ++i) n *= dims[i];
        return n;
    }
    template <typename T>
    T* as() const {
        return static_cast<T*>(data);
    }
    /// True when the strides are those of dense row-major storage (axes of size 1 do not matter).
    bool isLinear() const;
    /// True when dense channels-last, or a channel slice of it: stride[1] == 1, rows and images evenly spaced.
    bool isChannelsLast() const;
};

/// Row-major strides for `dims`.
std::array<int64_t, kMaxRank> linearStrides(std::span<const int64_t> dims);
/// Strides of channels-last storage (axis 1 innermost, the others in order). Rank >= 3.
std::array<int64_t, kMaxRank> channelsLastStrides(std::span<const int64_t> dims);

/// What is known of a value before it has memory: type, concrete shape, layout.
struct TensorInfo {
    DType dtype = DType::Undefined;
    std::vector<int64_t> dims;
    std::string layout;        ///< "" or "linear" = row-major, "nhwc" = channels last.
    bool constant = false;     ///< a weight: may be packed
    /// Quantized values: real = (stored - zeroPoint) * scale. Empty = plain numbers. One entry, or one per index of
    /// scaleAxis (constants only).
    std::vector<double> scale = {};
    int64_t zeroPoint = 0;
    uint32_t scaleAxis = 0;
    bool quantized() const { return !scale.empty(); }
    bool present() const { return dtype != DType::Undefined; }
    int64_t count() const {
        int64_t n = 1;
        for (int64_t d : dims) n *= d;
        return n;
    }
};

}  // namespace sinter
