// LSTM, GRU and RNN in float32 with the standard's default activations: the input projections of all time steps first,
// then step by step the recurrent products, divided over hidden units; both directions advance together.
#include "cpu/reference/recurrent.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "core/thread_pool.h"
#include "cpu/recurrent/kernels.h"
#include "cpu/simd/isa_family.h"

namespace sinter::recurrent {
namespace {

using simd::IsaFamily;

constexpr int64_t kUnits = 16;  // hidden units of a task

bool defaultActivations(const Recurrence& s) {
    for (size_t i = 0; i < s.activations.size(); ++i) {
        const bool gate = s.cell != Cell::Rnn && i % s.functions() == 0;
        if (s.activations[i].name != (gate ? "sigmoid" : "tanh")) return false;
    }
    return true;
}

std::optional<Recurrence> planOf(const LayerDesc& d, Cell cell) {
    if (!d.program.empty()) return std::nullopt;
    const auto s = Recurrence::of(d, cell);
    if (!s || s->clip != 0 || s->inputForget || !defaultActivations(*s)) return std::nullopt;
    for (size_t i = 0; i < d.inputs.size(); ++i) {
        // Sequence lengths and peepholes are left to the reference.
        if (d.inputs[i].present() && (i == 4 || i == 7 || d.inputs[i].dtype != DType::F32)) return std::nullopt;
    }
    for (const auto& o : d.outputs)
        if (o.present() && o.dtype != DType::F32) return std::nullopt;
    return s;
}

/// Where the parts of the workspace begin, in floats.
struct Scratch {
    int64_t x, h, state, cell, gates, total;
    explicit Scratch(const Recurrence& s) {
        const int64_t rows = s.gates() * s.hidden, line = s.directions * s.batch;
        int64_t at = 0;
        const auto take = [&](int64_t n) { return std::exchange(at, at + (n + 15) / 16 * 16); };
        x = take(s.directions * s.steps * s.batch * rows);  // input part of every step's gates
        h = take(line * rows);                              // recurrent part of this step's gates
        state = take(2 * line * s.hidden);                  // hidden state before and after the step
        cell = take(line * s.hidden);                       // LSTM: cell state; GRU: r · h
        gates = take(2 * line * s.hidden);                  // GRU: z and r
        total = at;
    }
};

class Recurrent final : public Kernel {
public:
    Recurrent(Recurrence s, const Kernels& kernels) : s_(std::move(s)), at_(s_), k_(kernels) {}

    void run(const KernelArgs& args) override {
        auto* base = static_cast<float*>(args.workspace);
        projectInputs(args, base);
        loadStates(args, base);
        const int64_t chunks = (s_.hidden + kUnits - 1) / kUnits;
        for (int64_t step = 0; step < s_.steps; ++step) {
            each(args.pool, s_.directions * chunks, [&](int64_t task) { first(args, base, step, task / chunks, task % chunks); });
            if (s_.cell == Cell::Gru && !s_.linearBeforeReset)
                each(args.pool, s_.directions * chunks, [&](int64_t task) { second(args, base, step, task / chunks, task % chunks); });
        }
        for (int64_t d = 0; d < s_.directions; ++d)
            for (int64_t b = 0; b < s_.batch; ++b) {
                put(args, 1, stateAt(d, b), state(base, s_.steps, d, b), 0, s_.hidden);
                put(args, 2, stateAt(d, b), cell(base, d, b), 0, s_.hidden);
            }
    }

private:
    template <typename F>
    static void each(ThreadPool* pool, int64_t tasks, F f) {
        const auto body = [&](int64_t begin, int64_t end, int) {
            for (int64_t t = begin; t < end; ++t) f(t);
        };
        if (pool) pool->parallelFor(tasks, 1, body);
        else body(0, tasks, 0);
    }

    int64_t rows() const { return s_.gates() * s_.hidden; }
    static bool has(const KernelArgs& a, size_t i) { return i < a.inputs.size() && a.inputs[i].present(); }
    /// Bias of the input (which = 0) or of the recurrence (1); null where the layer has none.
    const float* bias(const KernelArgs& a, int64_t d, int which) const { return has(a, 3) ? a.inputs[3].as<const float>() + (2 * d + which) * rows() : nullptr; }
    const float* weights(const KernelArgs& a, int64_t d) const { return a.inputs[2].as<const float>() + d * rows() * s_.hidden; }
    float* inputPart(float* base, int64_t d, int64_t t, int64_t b) const {
        const int64_t line = s_.batchFirst ? b * s_.steps + t : t * s_.batch + b;
        return base + at_.x + (d * s_.steps * s_.batch + line) * rows();
    }
    float* recurrentPart(float* base, int64_t d, int64_t b) const { return base + at_.h + (d * s_.batch + b) * rows(); }
    float* state(float* base, int64_t step, int64_t d, int64_t b) const {
        return base + at_.state + ((step % 2 * s_.directions + d) * s_.batch + b) * s_.hidden;
    }
    float* cell(float* base, int64_t d, int64_t b) const { return base + at_.cell + (d * s_.batch + b) * s_.hidden; }
    float* gate(float* base, int64_t which, int64_t d, int64_t b) const { return base + at_.gates + ((which * s_.directions + d) * s_.batch + b) * s_.hidden; }
    int64_t timeOf(int64_t step, int64_t d) const { return s_.reverse || d == 1 ? s_.steps - 1 - step : step; }
    std::array<int64_t, 2> stateAt(int64_t d, int64_t b) const { return s_.batchFirst ? std::array{b, d} : std::array{d, b}; }

    void projectInputs(const KernelArgs& args, float* base) const {
        constexpr int64_t kRows = 64;
        const int64_t bands = (rows() + kRows - 1) / kRows, columns = s_.steps * s_.batch;
        each(args.pool, s_.directions * bands, [&](int64_t task) {
            const int64_t d = task / bands, r = task % bands * kRows, count = std::min(kRows, rows() - r);
            const float* w = args.inputs[1].as<const float>() + (d * rows() + r) * s_.inputs;
            const float *wb = bias(args, d, 0), *rb = bias(args, d, 1);
            // The candidate's recurrent bias of a GRU is multiplied by r first: it stays with the recurrent part.
            if (s_.cell == Cell::Gru && s_.linearBeforeReset) rb = nullptr;
            k_.project(w, count, args.inputs[0].as<const float>(), columns, s_.inputs, wb ? wb + r : nullptr, rb ? rb + r : nullptr,
                       base + at_.x + d * columns * rows() + r, rows());
        });
    }

    void loadStates(const KernelArgs& args, float* base) const {
        const auto fill = [&](size_t input, const std::array<int64_t, 2>& at, float* to) {
            if (!has(args, input)) {
                std::fill_n(to, s_.hidden, 0.0f);
                return;
            }
            const TensorView& v = args.inputs[input];
            std::copy_n(v.as<const float>() + at[0] * v.strides[0] + at[1] * v.strides[1], s_.hidden, to);
        };
        for (int64_t d = 0; d < s_.directions; ++d)
            for (int64_t b = 0; b < s_.batch; ++b) {
                fill(5, stateAt(d, b), state(base, 0, d, b));
                if (s_.cell == Cell::Lstm) fill(6, stateAt(d, b), cell(base, d, b));
            }
    }

    /// Recurrent products of some units' gates and, but for a GRU that resets first, their new state.
    void first(const KernelArgs& args, float* base, int64_t step, int64_t d, int64_t chunk) const {
        const int64_t j = chunk * kUnits, n = std::min(kUnits, s_.hidden - j);
        const bool late = s_.cell == Cell::Gru && !s_.linearBeforeReset;
        const float* rb = s_.cell == Cell::Gru && s_.linearBeforeReset ? bias(args, d, 1) : nullptr;
        for (int64_t g = 0; g < s_.gates() - (late ? 1 : 0); ++g)
            k_.project(weights(args, d) + (g * s_.hidden + j) * s_.hidden, n, state(base, step, d, 0), s_.batch, s_.hidden,
                       rb ? rb + g * s_.hidden + j : nullptr, nullptr, recurrentPart(base, d, 0) + g * s_.hidden + j, rows());
        for (int64_t b = 0; b < s_.batch; ++b) {
            const float *x = inputPart(base, d, timeOf(step, d), b) + j, *h = recurrentPart(base, d, b) + j, *previous = state(base, step, d, b) + j;
            float* out = state(base, step + 1, d, b) + j;
            if (s_.cell == Cell::Lstm) {
                k_.lstm(x, h, s_.hidden, cell(base, d, b) + j, out, n);
            } else if (s_.cell == Cell::Rnn) {
                k_.rnn(x, h, out, n);
            } else {
                float *z = gate(base, 0, d, b) + j, *r = gate(base, 1, d, b) + j;
                k_.gate(x, h, z, n);
                k_.gate(x + s_.hidden, h + s_.hidden, r, n);
                if (late) {
                    k_.multiply(r, previous, cell(base, d, b) + j, n);
                    continue;
                }
                k_.gru(x + 2 * s_.hidden, h + 2 * s_.hidden, r, z, previous, out, n);
            }
            put(args, 0, outAt(timeOf(step, d), d, b), out, j, n);
        }
    }

    /// GRU that resets first: the candidate needs r · h of every unit.
    void second(const KernelArgs& args, float* base, int64_t step, int64_t d, int64_t chunk) const {
        const int64_t j = chunk * kUnits, n = std::min(kUnits, s_.hidden - j), row = 2 * s_.hidden + j;
        k_.project(weights(args, d) + row * s_.hidden, n, cell(base, d, 0), s_.batch, s_.hidden, nullptr, nullptr, recurrentPart(base, d, 0) + row, rows());
        for (int64_t b = 0; b < s_.batch; ++b) {
            float* out = state(base, step + 1, d, b) + j;
            k_.gru(inputPart(base, d, timeOf(step, d), b) + row, recurrentPart(base, d, b) + row, nullptr, gate(base, 0, d, b) + j, state(base, step, d, b) + j, out, n);
            put(args, 0, outAt(timeOf(step, d), d, b), out, j, n);
        }
    }

    std::array<int64_t, 3> outAt(int64_t t, int64_t d, int64_t b) const { return s_.batchFirst ? std::array{b, t, d} : std::array{t, d, b}; }

    /// Units [j, j + n) of one row of an output, where the layer has it.
    template <size_t N>
    static void put(const KernelArgs& args, size_t output, const std::array<int64_t, N>& at, const float* from, int64_t j, int64_t n) {
        if (output >= args.outputs.size() || !args.outputs[output].present()) return;
        const TensorView& y = args.outputs[output];
        float* to = y.as<float>();
        for (size_t a = 0; a < N; ++a) to += at[a] * y.strides[a];
        for (int64_t i = 0; i < n; ++i) to[(j + i) * y.strides[N]] = from[i];
    }

    Recurrence s_;
    Scratch at_;
    const Kernels& k_;
};

KernelRow row(const IsaFamily& f, Cell cell, const char* op, std::string name) {
    KernelRow r;
    r.name = std::move(name);
    r.op = op;
    r.isa = f.isa;
    r.supports = [&f, cell](const LayerDesc& d, int threads) -> std::optional<TacticInfo> {
        const auto s = planOf(d, cell);
        if (!s) return std::nullopt;
        TacticInfo info;
        info.inputLayouts.assign(d.inputs.size(), "linear");
        info.outputLayouts.assign(d.outputs.size(), "");
        info.inputViews.assign(d.inputs.size(), 0);
        info.outputViews.assign(d.outputs.size(), 1);
        info.packing.resize(d.inputs.size());
        info.workspace = static_cast<uint64_t>(Scratch(*s).total) * sizeof(float);
        // The input products run near the arithmetic peak, the recurrent ones at the speed of reading their weights.
        const double rows = static_cast<double>(s->directions * s->gates() * s->hidden), steps = static_cast<double>(s->steps);
        const double inputs = rows * static_cast<double>(s->inputs * s->batch) * steps * 2 / (f.flopsPerNs * 0.5);
        const double states = rows * static_cast<double>(s->hidden) * 4 * steps / f.bytesPerNs;
        info.estimate = (inputs + states) / threads + steps * 1000 + 2000;
        return info;
    };
    r.make = [&f, cell](const LayerDesc& d, int) -> std::unique_ptr<Kernel> {
        return std::make_unique<Recurrent>(*planOf(d, cell), f.isa == Isa::Avx2 ? kernelsAvx2() : kernelsAvx512());
    };
    return r;
}

SINTER_KERNEL(f32_lstm_avx2){row(simd::kAvx2, Cell::Lstm, "LSTM", "f32_lstm__avx2")};
SINTER_KERNEL(f32_lstm_avx512){row(simd::kAvx512, Cell::Lstm, "LSTM", "f32_lstm__avx512")};
SINTER_KERNEL(f32_gru_avx2){row(simd::kAvx2, Cell::Gru, "GRU", "f32_gru__avx2")};
SINTER_KERNEL(f32_gru_avx512){row(simd::kAvx512, Cell::Gru, "GRU", "f32_gru__avx512")};
SINTER_KERNEL(f32_rnn_avx2){row(simd::kAvx2, Cell::Rnn, "RNN", "f32_rnn__avx2")};
SINTER_KERNEL(f32_rnn_avx512){row(simd::kAvx512, Cell::Rnn, "RNN", "f32_rnn__avx512")};

}  // namespace
}  // namespace sinter::recurrent
