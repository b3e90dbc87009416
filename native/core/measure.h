#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/device.h"

namespace sinter {

struct MeasurePolicy {
    int warmup = 2;
    int leastSamples = 5;
    int mostSamples = 60;
    /// Sampling of one tactic ends after this long (once leastSamples are there).
    double budgetNs = 60e6;
    /// A tactic whose best sample is this many times the best median so far is not worth more samples.
    double hopeless = 2.0;
    /// Constants rotate through at least this much memory: in an engine a layer's weights are not in the cache.
    uint64_t rotation = 16u << 20;
};

/// Hears of every tactic before it runs and after: whoever listens from another process knows what crashed this one.
struct MeasureListener {
    std::function<void(const std::string& tactic)> starting;
    std::function<void(const Measurement&)> measured;
};

/// Times tactics of a layer on random data, one result per name in the same order. A tactic that fails is a result
/// with `ok` false; only Error(Stopped) is thrown. Operands that a tactic reads in any order have the layer's own layouts.
std::vector<Measurement> measure(Device& device, const LayerDesc& layer, std::span<const std::string> tactics, int threads,
                                 const StopToken* stop = nullptr, const MeasurePolicy& policy = {},
                                 const MeasureListener& listener = {});

}  // namespace sinter
