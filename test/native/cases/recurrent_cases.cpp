#include <doctest/doctest.h>

#include <algorithm>

#include "cases/harness.h"

namespace sinter::cases {
namespace {

using Dims = std::vector<int64_t>;

struct Recurrent {
    std::string op;
    int64_t gates;
    std::string direction = "forward";
    int64_t steps = 5, batch = 3, inputs = 4, hidden = 6;
    bool bias = true, lengths = false, initial = false, peephole = false;
    std::string activations{};
    double clip = 0;
    int64_t linearBeforeReset = 0, inputForget = 0, layout = 0;
    DType t = DType::F32;
};

Case make(const Recurrent& r) {
    const int64_t d = r.direction == "bidirectional" ? 2 : 1;
    const bool lstm = r.op == "LSTM";
    const auto state = r.layout ? Dims{r.batch, d, r.hidden} : Dims{d, r.batch, r.hidden};
    Builder b(r.op);
    b.input(r.layout ? Dims{r.batch, r.steps, r.inputs} : Dims{r.steps, r.batch, r.inputs}, r.t).weight({d, r.gates * r.hidden, r.inputs}, r.t).weight({d, r.gates * r.hidden, r.hidden}, r.t);
    if (r.bias) b.weight({d, 2 * r.gates * r.hidden}, r.t);
    else b.absent();
    if (r.lengths) {
        std::vector<double> lengths;
        for (int64_t i = 0; i < r.batch; ++i) lengths.push_back(static_cast<double>(std::max<int64_t>(1, r.steps - i)));
        b.input({r.batch}, DType::I32).values(4, lengths);
    } else {
        b.absent();
    }
    if (r.initial) b.input(state, r.t);
    else b.absent();
    if (lstm) {
        if (r.initial) b.input(state, r.t);
        else b.absent();
        if (r.peephole) b.weight({d, 3 * r.hidden}, r.t);
    }
    b.output(r.layout ? Dims{r.batch, r.steps, d, r.hidden} : Dims{r.steps, d, r.batch, r.hidden}, r.t).output(state, r.t);
    if (lstm) b.output(state, r.t);
    b.s("direction", r.direction).i("hidden_size", r.hidden).i("layout", r.layout).i("linear_before_reset", r.linearBeforeReset).i("input_forget", r.inputForget);
    if (!r.activations.empty()) b.s("activations", r.activations);
    if (r.clip > 0) b.f("clip", r.clip);
    if (r.hidden > 100) b.range(-0.15, 0.15);  // larger sums would make small differences grow from step to step
    return b.tolerance(r.t == DType::F16 ? 4e-3 : 2e-5).viewAxis(2)
        .name(std::string(dtypeName(r.t)) + " " + r.direction + " " + std::to_string(r.steps) + "x" + std::to_string(r.batch) + "x" + std::to_string(r.inputs) + " h" + std::to_string(r.hidden) +
              (r.bias ? " bias" : "") + (r.lengths ? " lengths" : "") + (r.initial ? " initial" : "") + (r.peephole ? " peephole" : "") + (r.clip > 0 ? " clip" : "") +
              (r.linearBeforeReset ? " linear" : "") + (r.inputForget ? " coupled" : "") + (r.layout ? " batch first " : " ") + r.activations)
        .build();
}

TEST_CASE("cases: LSTM, GRU, RNN") {
    std::vector<Case> cases;
    const std::pair<const char*, int64_t> kinds[] = {{"LSTM", 4}, {"GRU", 3}, {"RNN", 1}};
    for (const auto& [op, gates] : kinds) {
        for (const char* direction : {"forward", "reverse", "bidirectional"}) {
            cases.push_back(make({.op = op, .gates = gates, .direction = direction}));
            cases.push_back(make({.op = op, .gates = gates, .direction = direction, .lengths = true, .initial = true}));
            cases.push_back(make({.op = op, .gates = gates, .direction = direction, .steps = 7, .batch = 1, .inputs = 17, .hidden = 33, .bias = false}));
        }
        cases.push_back(make({.op = op, .gates = gates, .direction = "bidirectional", .steps = 3, .batch = 6, .inputs = 20, .hidden = 40, .initial = true}));
        cases.push_back(make({.op = op, .gates = gates, .clip = 0.3}));
        cases.push_back(make({.op = op, .gates = gates, .direction = "bidirectional", .initial = true, .layout = 1}));
        cases.push_back(make({.op = op, .gates = gates, .steps = 1, .batch = 2, .initial = true}));
        cases.push_back(make({.op = op, .gates = gates, .t = DType::F16}));
    }
    // Enough units for several blocks on a GPU, and batches that do not divide evenly among them.
    for (const auto& [op, gates] : kinds) {
        cases.push_back(make({.op = op, .gates = gates, .direction = "bidirectional", .steps = 9, .batch = 1, .inputs = 32, .hidden = 200, .initial = true}));
        cases.push_back(make({.op = op, .gates = gates, .steps = 6, .batch = 13, .inputs = 24, .hidden = 144, .lengths = true, .initial = true}));
    }
    cases.push_back(make({.op = "GRU", .gates = 3, .direction = "bidirectional", .steps = 6, .batch = 13, .inputs = 24, .hidden = 144, .lengths = true, .linearBeforeReset = 1}));
    cases.push_back(make({.op = "LSTM", .gates = 4, .steps = 6, .batch = 40, .inputs = 16, .hidden = 130, .peephole = true, .t = DType::F16}));
    cases.push_back(make({.op = "LSTM", .gates = 4, .direction = "bidirectional", .initial = true, .peephole = true}));
    cases.push_back(make({.op = "LSTM", .gates = 4, .inputForget = 1}));
    cases.push_back(make({.op = "LSTM", .gates = 4, .activations = "HardSigmoid,Softsign,Elu"}));
    cases.push_back(make({.op = "GRU", .gates = 3, .linearBeforeReset = 1}));
    cases.push_back(make({.op = "GRU", .gates = 3, .direction = "bidirectional", .lengths = true, .linearBeforeReset = 1}));
    cases.push_back(make({.op = "RNN", .gates = 1, .direction = "bidirectional", .activations = "Relu,LeakyRelu"}));
    runCases("LSTM, GRU, RNN", cases);
}

}  // namespace
}  // namespace sinter::cases
