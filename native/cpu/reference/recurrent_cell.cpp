// One time step of LSTM, GRU and RNN cells, by the equations of the ONNX standard.
#include "cpu/reference/recurrent.h"

namespace sinter::ref {
namespace {

/// Each gate's W·x + R·h, without biases.
void project(const std::vector<double>& m, int64_t rows, int64_t first, const double* x, int64_t n, double* out) {
    for (int64_t i = 0; i < rows; ++i) {
        const double* line = m.data() + (first + i) * n;
        double sum = 0;
        for (int64_t k = 0; k < n; ++k) sum += line[k] * x[k];
        out[i] = sum;
    }
}

}  // namespace

void stepCell(const Recurrence& s, const CellWeights& p, const Activation* f, const double* x, std::vector<double>& h, std::vector<double>& c) {
    const int64_t n = s.hidden, gates = s.gates();
    std::vector<double> fromX(static_cast<size_t>(gates * n)), fromH(static_cast<size_t>(gates * n));
    project(p.w, gates * n, 0, x, s.inputs, fromX.data());
    project(p.r, gates * n, 0, h.data(), n, fromH.data());
    const auto xb = [&](int64_t gate, int64_t i) { const auto k = static_cast<size_t>(gate * n + i); return fromX[k] + p.wb[k]; };
    const auto hb = [&](int64_t gate, int64_t i) { const auto k = static_cast<size_t>(gate * n + i); return fromH[k] + p.rb[k]; };
    const auto sum = [&](int64_t gate, int64_t i) { return xb(gate, i) + hb(gate, i); };

    if (s.cell == Cell::Rnn) {
        for (int64_t i = 0; i < n; ++i) h[static_cast<size_t>(i)] = f[0](s.clipped(sum(0, i)));
        return;
    }
    if (s.cell == Cell::Lstm) {  // gate order i, o, f, c; peepholes i, o, f
        const auto peep = [&](int64_t gate, int64_t i, double cell) {
            return p.peephole.empty() ? 0.0 : p.peephole[static_cast<size_t>(gate * n + i)] * cell;
        };
        for (int64_t i = 0; i < n; ++i) {
            const auto k = static_cast<size_t>(i);
            const double in = f[0](s.clipped(sum(0, i) + peep(0, i, c[k])));
            const double forget = s.inputForget ? 1 - in : f[0](s.clipped(sum(2, i) + peep(2, i, c[k])));
            c[k] = forget * c[k] + in * f[1](s.clipped(sum(3, i)));
            const double out = f[0](s.clipped(sum(1, i) + peep(1, i, c[k])));
            h[k] = out * f[2](c[k]);
        }
        return;
    }
    // GRU: gate order z, r, h
    std::vector<double> reset(static_cast<size_t>(n)), candidate(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) reset[static_cast<size_t>(i)] = f[0](s.clipped(sum(1, i)));
    if (s.linearBeforeReset) {
        for (int64_t i = 0; i < n; ++i) candidate[static_cast<size_t>(i)] = xb(2, i) + reset[static_cast<size_t>(i)] * hb(2, i);
    } else {
        std::vector<double> kept(static_cast<size_t>(n));
        for (size_t k = 0; k < kept.size(); ++k) kept[k] = reset[k] * h[k];
        project(p.r, n, 2 * n, kept.data(), n, candidate.data());
        for (int64_t i = 0; i < n; ++i) candidate[static_cast<size_t>(i)] += xb(2, i) + p.rb[static_cast<size_t>(2 * n + i)];
    }
    for (int64_t i = 0; i < n; ++i) {
        const auto k = static_cast<size_t>(i);
        const double z = f[0](s.clipped(sum(0, i)));
        h[k] = (1 - z) * f[1](s.clipped(candidate[k])) + z * h[k];
    }
}

}  // namespace sinter::ref
