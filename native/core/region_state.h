#pragma once
#include "core/region_executor.h"

namespace sinter {

/// What a layer of a region keeps from one run to the next.
struct RegionExecutor::State {
    bool ready = false;
    LayerDesc made;                         ///< what `launch` was made for
    std::vector<size_t> picked;             ///< inputs that the launch reads
    std::unique_ptr<Launch> launch;
    std::vector<TensorView> inputs, outputs;
    uint64_t workspace = 0;
    std::shared_ptr<Buffer> scratch;        ///< where the layer's share of the arena does not suffice
    std::vector<std::unique_ptr<RegionExecutor>> regions;
};

/// If, Loop and Scan: which region runs, how often, and on what.
class ControlFlow {
public:
    static bool owns(const schema::Layer& l) { return !l.regions.empty(); }
    static void run(RegionExecutor& executor, RegionExecutor::State& state, const schema::Layer& l);

private:
    static void runIf(RegionExecutor& executor, RegionExecutor::State& state, const schema::Layer& l);
    static void runLoop(RegionExecutor& executor, RegionExecutor::State& state, const schema::Layer& l);
    static void runScan(RegionExecutor& executor, RegionExecutor::State& state, const schema::Layer& l);
};

/// Layers on sequences and optional values; they move tensors about and compute nothing.
class SequenceLayers {
public:
    /// Runs the layer if it is one of them.
    static bool run(RegionExecutor& executor, const schema::Layer& l);
};

}  // namespace sinter
