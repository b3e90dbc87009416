#include "cpu/conv/pixel_rows.h"

namespace sinter::conv {

PixelRows::PixelRows(const Geometry& geometry, bool joined) : g_(geometry), taps_(geometry.kernel) {
    if (joined) taps_[2] = 1;
}

void PixelRows::bind(const void* base, int64_t batchStride, std::array<int64_t, 3> strides, const void* zeros, int64_t bytes) {
    base_ = static_cast<const std::byte*>(base);
    zeros_ = static_cast<const float*>(zeros);
    batchStride_ = batchStride * bytes;
    for (int64_t& s : strides) s *= bytes;
    strides_ = strides;
    tapOffsets_.clear();
    for (int64_t d = 0; d < taps_[0]; ++d) {
        for (int64_t h = 0; h < taps_[1]; ++h) {
            for (int64_t w = 0; w < taps_[2]; ++w) {
                tapOffsets_.push_back(d * g_.dilation[0] * strides[0] + h * g_.dilation[1] * strides[1] +
                                      w * g_.dilation[2] * strides[2]);
            }
        }
    }
}

void PixelRows::pointers(int64_t first, int count, const float** a) const {
    const int64_t taps = static_cast<int64_t>(tapOffsets_.size());
    int64_t ow = first % g_.out[2];
    int64_t rest = first / g_.out[2];
    int64_t oh = rest % g_.out[1];
    rest /= g_.out[1];
    int64_t od = rest % g_.out[0];
    int64_t n = rest / g_.out[0];
    const int64_t reach[3] = {(taps_[0] - 1) * g_.dilation[0], (taps_[1] - 1) * g_.dilation[1], (taps_[2] - 1) * g_.dilation[2]};
    for (int i = 0; i < count; ++i) {
        const int64_t d0 = od * g_.stride[0] - g_.pad[0];
        const int64_t h0 = oh * g_.stride[1] - g_.pad[1];
        const int64_t w0 = ow * g_.stride[2] - g_.pad[2];
        const int64_t offset = n * batchStride_ + d0 * strides_[0] + h0 * strides_[1] + w0 * strides_[2];
        const bool inside = d0 >= 0 && h0 >= 0 && w0 >= 0 && d0 + reach[0] < g_.in[0] && h0 + reach[1] < g_.in[1] &&
                            w0 + reach[2] < g_.in[2];
        if (inside) {
            const std::byte* pixel = base_ + offset;
            for (int64_t t = 0; t < taps; ++t) a[t * count + i] = reinterpret_cast<const float*>(pixel + tapOffsets_[static_cast<size_t>(t)]);
        } else {
            int64_t t = 0;
            for (int64_t kd = 0; kd < taps_[0]; ++kd) {
                const int64_t d = d0 + kd * g_.dilation[0];
                for (int64_t kh = 0; kh < taps_[1]; ++kh) {
                    const int64_t h = h0 + kh * g_.dilation[1];
                    const bool row = d >= 0 && d < g_.in[0] && h >= 0 && h < g_.in[1];
                    for (int64_t kw = 0; kw < taps_[2]; ++kw, ++t) {
                        const int64_t w = w0 + kw * g_.dilation[2];
                        a[t * count + i] = row && w >= 0 && w < g_.in[2]
                                               ? reinterpret_cast<const float*>(base_ + (offset + tapOffsets_[static_cast<size_t>(t)]))
                                               : zeros_;
                    }
                }
            }
        }
        if (++ow == g_.out[2]) {
            ow = 0;
            if (++oh == g_.out[1]) {
                oh = 0;
                if (++od == g_.out[0]) {
                    od = 0;
                    ++n;
                }
            }
        }
    }
}

}  // namespace sinter::conv
