#include "cases/known.h"

namespace sinter::cases {
namespace {

/// All weights equal, one step per batch row: the standard's default examples.
Builder constant(const char* op, int gates, int hidden, double weight) {
    const int64_t rows = gates * hidden;
    return Builder(op).input({1, 3, 2}).weight({1, rows, 2}).weight({1, rows, hidden}).i("hidden_size", hidden).s("direction", "forward").values(0, count(6)).values(1, all(static_cast<int>(rows) * 2, weight))
        .values(2, all(static_cast<int>(rows) * hidden, weight));
}

std::vector<double> each(std::initializer_list<double> v, int times) {
    std::vector<double> out;
    for (double x : v) out.insert(out.end(), static_cast<size_t>(times), x);
    return out;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST_CASE("known answers: LSTM, GRU, RNN") {
    const auto lstm = each({0.0952412, 0.2560645, 0.4032378}, 3);
    expect(constant("LSTM", 4, 3, 0.1).output({1, 1, 3, 3}).output({1, 3, 3}), {lstm, lstm});
    // With peepholes, two rows of four inputs.
    expect(Builder("LSTM").input({1, 2, 4}).weight({1, 12, 4}).weight({1, 12, 3}).weight({1, 24}).input({2}, DType::I32).input({1, 2, 3}).input({1, 2, 3}).weight({1, 9}).output({1, 1, 2, 3}).i("hidden_size", 3)
               .values(0, count(8)).values(1, all(48, 0.1)).values(2, all(36, 0.1)).values(3, all(24, 0)).values(4, {1, 1}).values(5, all(6, 0)).values(6, all(6, 0)).values(7, all(9, 0.1)),
           {each({0.3750691, 0.6801309}, 3)});
    // Batch first.
    expect(Builder("LSTM").input({3, 1, 2}).weight({1, 28, 2}).weight({1, 28, 7}).output({3, 1, 1, 7}).output({3, 1, 7}).i("hidden_size", 7).i("layout", 1).values(0, count(6)).values(1, all(56, 0.3)).values(2, all(196, 0.3)),
           {each({0.3336926, 0.6223932, 0.718579}, 7), each({0.3336926, 0.6223932, 0.718579}, 7)});

    // GRU by hand, hidden size 1: z, r, h̃ all see w·x only in the first step; the second step sees the state.
    const double x1 = 1, x2 = 2, w = 0.5, r = 0.25, b = 0.1;
    const auto step = [&](double x, double h, bool linear) {
        const double z = sigmoid(w * x + r * h), reset = sigmoid(w * x + r * h);
        const double candidate = std::tanh(w * x + (linear ? reset * (r * h + b) : r * (reset * h) + b));
        return (1 - z) * candidate + z * h;
    };
    for (const bool linear : {false, true}) {
        const double h1 = step(x1, 0, linear), h2 = step(x2, h1, linear);
        expect(Builder("GRU").input({2, 1, 1}).weight({1, 3, 1}).weight({1, 3, 1}).weight({1, 6}).output({2, 1, 1, 1}).output({1, 1, 1}).i("hidden_size", 1).i("linear_before_reset", linear)
                   .values(0, {x1, x2}).values(1, all(3, w)).values(2, all(3, r)).values(3, {0, 0, 0, 0, 0, b}).name(linear ? "linear before reset" : "default"),
               {{h1, h2}, {h2}});
    }

    // RNN, bidirectional, two rows of lengths 2 and 1: the reverse direction starts at the row's own end.
    const double fa = std::tanh(1), fb = std::tanh(3 + 0.5 * fa), ra = std::tanh(3), rb = std::tanh(1 + 0.5 * ra), f2 = std::tanh(2);
    expect(Builder("RNN").input({2, 2, 1}).weight({2, 1, 1}).weight({2, 1, 1}).absent().input({2}, DType::I32).output({2, 2, 2, 1}).output({2, 2, 1}).i("hidden_size", 1).s("direction", "bidirectional")
               .values(0, {1, 2, 3, 4}).values(1, {1, 1}).values(2, {0.5, 0.5}).values(4, {2, 1}),
           {{fa, f2, rb, f2, fb, 0, ra, 0}, {fb, f2, rb, f2}});
    // Clip bounds what the activation sees.
    expect(Builder("RNN").input({1, 1, 1}).weight({1, 1, 1}).weight({1, 1, 1}).output({1, 1, 1, 1}).i("hidden_size", 1).f("clip", 0.5).s("activations", "Affine").attr("activation_alpha", std::vector<double>{2.0})
               .attr("activation_beta", std::vector<double>{1.0}).values(0, {-7}).values(1, {1}).values(2, {0}),
           {{0}});
}

}  // namespace
}  // namespace sinter::cases
