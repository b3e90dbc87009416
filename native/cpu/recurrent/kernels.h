#pragma once
#include <cstdint>

namespace sinter::recurrent {

/// Row kernels of recurrent cells over contiguous floats. A result never depends on how rows or units are divided.
struct Kernels {
    /// y[c · ldy + r] = Σ w[r · n + k] · x[c · n + k] + bias1[r] + bias2[r] for r < rows, c < columns; biases may be null.
    void (*project)(const float* w, int64_t rows, const float* x, int64_t columns, int64_t n, const float* bias1, const float* bias2, float* y, int64_t ldy);
    /// LSTM over n units. x: the gates' input part, h: their recurrent part, each gate `stride` after the one before, in
    /// the order i, o, f, c.
    void (*lstm)(const float* x, const float* h, int64_t stride, float* c, float* out, int64_t n);
    /// z or r of a GRU: sigmoid(x + h) into out.
    void (*gate)(const float* x, const float* h, float* out, int64_t n);
    /// out = a · b.
    void (*multiply)(const float* a, const float* b, float* out, int64_t n);
    /// GRU: candidate tanh(x + r · h), or tanh(x + h) where r is null; out = (1 - z) · candidate + z · previous.
    void (*gru)(const float* x, const float* h, const float* r, const float* z, const float* previous, float* out, int64_t n);
    /// Plain cell: tanh(x + h).
    void (*rnn)(const float* x, const float* h, float* out, int64_t n);
};

const Kernels& kernelsAvx2();
const Kernels& kernelsAvx512();

}  // namespace sinter::recurrent
