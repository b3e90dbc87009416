#include "core/time_engine.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/device_turn.h"
#include "core/execution_context.h"
#include "core/profile_choice.h"
#include "core/random_data.h"

namespace sinter {
namespace {

/// A context with memory for its inputs and outputs.
struct Subject {
    Subject(const std::shared_ptr<const Engine>& engine, int threads, bool auxiliary) : context(engine, threads, auxiliary) {
        const schema::Engine& h = engine->header();
        const SymbolValues symbols = symbolsAtOpt(h, 0);
        std::vector<std::vector<int64_t>> shapes;
        for (const schema::Binding& b : h.inputs) shapes.push_back(evaluateShape(h.values[b.value].shape, symbols, h.symbols));
        context.setShapes(shapes);
        for (size_t i = 0; i < h.inputs.size(); ++i) memory.push_back(randomData(context.input(i), static_cast<uint32_t>(i + 1)));
        for (size_t i = 0; i < h.outputs.size(); ++i) memory.emplace_back(paddedBytes(context.output(i)));
        for (size_t i = 0; i < memory.size(); ++i) {
            if (i < h.inputs.size()) inputs.push_back(memory[i].data());
            else outputs.push_back(memory[i].data());
        }
    }
    ExecutionContext context;
    std::vector<HostMemory> memory;
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    std::vector<double> samples;
};

Measurement summary(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    Measurement m;
    m.ok = true;
    m.minNs = static_cast<uint64_t>(samples.front());
    m.medianNs = static_cast<uint64_t>(samples[samples.size() / 2]);
    m.maxNs = static_cast<uint64_t>(samples.back());
    return m;
}

/// Runs of one kind before it is the other's turn.
constexpr int kTurn = 5;

}  // namespace

EngineTimes timeEngine(const std::string& path, int threads, int warmup, int runs) {
    const auto engine = Engine::load(path);
    Subject one(engine, threads, false), all(engine, threads, true);
    const DeviceTurn turn(engine->device());
    for (Subject* s : {&one, &all}) s->context.warmUp(s->inputs, s->outputs, warmup);
    for (int done = 0; done < runs; done += kTurn) {
        for (Subject* s : {&one, &all}) {
            for (int i = 0; i < kTurn; ++i) s->samples.push_back(s->context.timeRun());
        }
    }
    return {summary(std::move(one.samples)), summary(std::move(all.samples))};
}

}  // namespace sinter
