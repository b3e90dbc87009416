#pragma once
#include <cstdint>

namespace sinter::conv {

/// F(4×4, 3×3): a 6×6 input patch makes 4×4 results (Lavin and Gray, 2015). The interpolation points are 0, ±5/8, ±3/2
/// and ∞: their powers are exact, and the root mean square error is 0.4 of that of the usual 0, ±1, ±2, ∞.
inline constexpr float kWinogradA = 0.625f;
inline constexpr float kWinogradB = 1.5f;

struct WinogradInput {
    const float* const* pixels;  ///< 36 input pixels, row-major; zeros where the padding is
    int64_t channels;
    float* v;                    ///< element (xi, c) goes to v[xi · step + c]
    int64_t step;
};
struct WinogradOutput {
    const float* m;                ///< element (xi, c) at m[xi · step + c]
    int64_t step;
    float* const* pixels;          ///< 16 output pixels, null beyond the border
    const float* const* residual;  ///< 16 pixels, or null
    const float* bias;             ///< or null
    int64_t channels;
    float lo, hi;
};
struct WinogradTransforms {
    void (*input)(const WinogradInput&);
    void (*output)(const WinogradOutput&);
};

const WinogradTransforms& winogradAvx2();
const WinogradTransforms& winogradAvx512();

}  // namespace sinter::conv
