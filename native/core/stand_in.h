#pragma once
#include <memory>
#include <span>

#include "core/device.h"
#include "core/engine.h"

namespace sinter {

struct ReadyTactic {
    std::unique_ptr<Launch> launch;
    uint64_t workspace = 0;
};

/// The layer's tactic, made for these sizes. Where the engine has open dimensions and its tactic cannot run at these (or the
/// device has no code for it here and no compiler), the first other one takes its place that reads the operands and packed
/// constants as they lie. Throws Error with the layer's name when there is none.
ReadyTactic readyTactic(const Engine& engine, const schema::Layer& layer, const LayerDesc& desc, int threads, std::span<const TensorView> inputs,
                        std::span<const TensorView> outputs);

}  // namespace sinter
