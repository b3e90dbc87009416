#pragma once
// Geometry of sliding windows, shared by convolutions and pooling.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/layer.h"

namespace sinter::ref {

/// Kernel, strides, dilations and padding of 1-3 spatial axes, always brought to three (leading axes of size 1).
struct Window {
    int64_t kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1}, begin[3] = {0, 0, 0}, end[3] = {0, 0, 0};
    int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
    int rank = 0;

    /// Nothing when the attributes do not fit 1-3 spatial axes or are not positive.
    static std::optional<Window> of(const LayerDesc& d, const std::vector<int64_t>& x, const std::vector<int64_t>& y);

    int64_t inSize() const { return in[0] * in[1] * in[2]; }
    int64_t outSize() const { return out[0] * out[1] * out[2]; }
    int64_t kernelSize() const { return kernel[0] * kernel[1] * kernel[2]; }
    /// Input index that output index o reads with kernel tap k.
    int64_t at(int a, int64_t o, int64_t k) const { return o * stride[a] - begin[a] + k * dilation[a]; }
    /// Output indices [first, last) for which tap k lies inside the input.
    std::pair<int64_t, int64_t> valid(int a, int64_t k) const {
        const int64_t shift = k * dilation[a] - begin[a];
        const int64_t first = shift >= 0 ? 0 : (-shift + stride[a] - 1) / stride[a];
        const int64_t last = in[a] - 1 - shift < 0 ? 0 : (in[a] - 1 - shift) / stride[a] + 1;
        return {std::min(first, out[a]), std::clamp(last, std::min(first, out[a]), out[a])};
    }
};

inline std::optional<Window> Window::of(const LayerDesc& d, const std::vector<int64_t>& x, const std::vector<int64_t>& y) {
    if (x.size() < 3 || x.size() > 5 || y.size() != x.size()) return std::nullopt;
    const size_t n = x.size() - 2;
    const auto get = [&](std::string_view key, size_t count, int64_t fallback) {
        std::vector<int64_t> v = d.intsAttr(key);
        if (v.empty()) v.assign(count, fallback);
        return v;
    };
    const auto kernel = d.intsAttr("kernel_shape");
    const auto strides = get("strides", n, 1), dilations = get("dilations", n, 1), pads = get("pads", 2 * n, 0);
    if (kernel.size() != n || strides.size() != n || dilations.size() != n || pads.size() != 2 * n) return std::nullopt;
    Window w;
    w.rank = static_cast<int>(n);
    for (size_t i = 0; i < n; ++i) {
        const size_t a = 3 - n + i;
        w.kernel[a] = kernel[i];
        w.stride[a] = strides[i];
        w.dilation[a] = dilations[i];
        w.begin[a] = pads[i];
        w.end[a] = pads[n + i];
        w.in[a] = x[2 + i];
        w.out[a] = y[2 + i];
        if (w.kernel[a] <= 0 || w.stride[a] <= 0 || w.dilation[a] <= 0) return std::nullopt;
    }
    return w;
}

}  // namespace sinter::ref
