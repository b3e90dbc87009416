// LSTM, GRU and RNN over time: directions, sequence lengths, initial and final states.
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/recurrent.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

/// Inputs: x, w, r, b?, lens?, h0?, c0? (LSTM), p? (LSTM). Outputs: y?, y_h?, y_c? (LSTM).
template <Cell kCell>
class Recurrent final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        const auto s = Recurrence::of(d, kCell);
        if (!s || !d.program.empty()) return std::nullopt;
        for (size_t i = 0; i < d.inputs.size(); ++i)
            if (d.inputs[i].present() && (i == 4 ? d.inputs[i].dtype != DType::I32 : d.inputs[i].dtype != d.inputs[0].dtype)) return std::nullopt;
        if (!isFloatType(d.inputs[0].dtype)) return std::nullopt;
        for (const TensorInfo& o : d.outputs)
            if (o.present() && o.dtype != d.inputs[0].dtype) return std::nullopt;
        return static_cast<double>(s->steps * s->batch * s->directions * s->gates() * s->hidden * (s->inputs + s->hidden)) * kMultiplyAddNs;
    }

    explicit Recurrent(const LayerDesc& d) : s_(*Recurrence::of(d, kCell)), own_{d.opInputs} {}

    void run(const KernelArgs& args) override {
        for (int d = 0; d < s_.directions; ++d) {
            const CellWeights weights = weightsOf(args, d);
            parallel(args.pool, s_.batch, 1, [&](int64_t begin, int64_t end, int) {
                for (int64_t b = begin; b < end; ++b) runRow(args, weights, d, b);
            });
        }
    }

private:
    static std::vector<double> line(const TensorView& v, std::span<const int64_t> at) {
        const TensorView part = inner(v, at);
        std::vector<double> out(static_cast<size_t>(part.count()));
        loadDense(part, out.data());
        return out;
    }

    CellWeights weightsOf(const KernelArgs& args, int64_t d) const {
        const std::array at{d};
        CellWeights p;
        p.w = line(args.inputs[1], at);
        p.r = line(args.inputs[2], at);
        const auto rows = static_cast<size_t>(s_.gates() * s_.hidden);
        p.wb.assign(rows, 0.0);
        p.rb.assign(rows, 0.0);
        if (own_(args, 3)) {
            const std::vector<double> both = line(args.inputs[3], at);
            std::copy_n(both.begin(), rows, p.wb.begin());
            std::copy_n(both.begin() + static_cast<std::ptrdiff_t>(rows), rows, p.rb.begin());
        }
        if (kCell == Cell::Lstm && own_(args, 7)) p.peephole = line(args.inputs[7], at);
        return p;
    }

    std::array<int64_t, 2> stateAt(int64_t d, int64_t b) const { return s_.batchFirst ? std::array{b, d} : std::array{d, b}; }

    void runRow(const KernelArgs& args, const CellWeights& weights, int64_t d, int64_t b) const {
        const TensorView& x = args.inputs[0];
        const bool backward = s_.reverse || d == 1;
        const int64_t length = own_(args, 4) ? std::clamp<int64_t>(loadInt(args.inputs[4], b * args.inputs[4].strides[0]), 0, s_.steps) : s_.steps;
        const auto n = static_cast<size_t>(s_.hidden);
        std::vector<double> h(n, 0.0), c(n, 0.0), input(static_cast<size_t>(s_.inputs));
        if (own_(args, 5)) h = line(args.inputs[5], stateAt(d, b));
        if (kCell == Cell::Lstm && own_(args, 6)) c = line(args.inputs[6], stateAt(d, b));
        const Activation* f = s_.activations.data() + static_cast<size_t>(d) * s_.functions();
        for (int64_t k = 0; k < length; ++k) {
            const int64_t t = backward ? length - 1 - k : k;
            loadDense(inner(x, s_.batchFirst ? std::array{b, t} : std::array{t, b}), input.data());
            stepCell(s_, weights, f, input.data(), h, c);
            round(x.dtype, h);
            put(args, 0, outAt(t, d, b), h);
        }
        const std::vector<double> zeros(n, 0.0);
        for (int64_t t = length; t < s_.steps; ++t) put(args, 0, outAt(t, d, b), zeros);
        put(args, 1, stateAt(d, b), h);
        put(args, 2, stateAt(d, b), c);
    }

    std::array<int64_t, 3> outAt(int64_t t, int64_t d, int64_t b) const { return s_.batchFirst ? std::array{b, t, d} : std::array{t, d, b}; }

    /// The hidden state is a value of the tensor's type at every step; the cell state stays wide.
    static void round(DType t, std::vector<double>& v) {
        for (double& x : v) x = roundTo(t, x);
    }

    static void put(const KernelArgs& args, size_t output, std::span<const int64_t> at, const std::vector<double>& row) {
        if (output >= args.outputs.size() || !args.outputs[output].present()) return;
        const TensorView to = inner(args.outputs[output], at);
        store(to.dtype, to.data, 0, to.strides[0], to.dims[0], row.data());
    }

    Recurrence s_;
    OwnInputs own_;
};

SINTER_KERNEL(any_lstm){row<Recurrent<Cell::Lstm>>("any_lstm__scalar", "LSTM")};
SINTER_KERNEL(any_gru){row<Recurrent<Cell::Gru>>("any_gru__scalar", "GRU")};
SINTER_KERNEL(any_rnn){row<Recurrent<Cell::Rnn>>("any_rnn__scalar", "RNN")};

}  // namespace
}  // namespace sinter::ref
