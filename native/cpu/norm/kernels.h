#pragma once
#include <cstdint>

namespace sinter::norm {

/// Row kernels over contiguous floats. `y` may be `x`. n >= 1.
struct Kernels {
    /// Stable softmax, or its logarithm. A row of -infinity gives NaN, as the formula does.
    void (*softmax)(const float* x, float* y, int64_t n, bool log);
    /// (x - mean) / sqrt(variance + epsilon) · scale + bias; bias may be null.
    void (*layerNorm)(const float* x, const float* scale, const float* bias, float* y, int64_t n, float epsilon);
    /// x[c] · (bias + factor · Σ x²)^-beta over channels c - before … c + after. `squares` holds before + n + after floats,
    /// and its first `before` and last `after` are zero.
    void (*lrn)(const float* x, float* y, int64_t n, int64_t before, int64_t after, float factor, float bias, float beta, float* squares);
    /// Σ x, and Σ (x - mean)²; exact enough for some thousand elements at a time.
    float (*sum)(const float* x, int64_t n);
    float (*squares)(const float* x, int64_t n, float mean);
    /// x · factor + shift
    void (*scaleShift)(const float* x, float* y, int64_t n, float factor, float shift);
};

const Kernels& kernelsAvx2();
const Kernels& kernelsAvx512();

}  // namespace sinter::norm
