#pragma once
#include <span>

#include "core/kernel.h"
#include "core/schema.h"

namespace sinter {

/// What a kernel was promised when its tactic was chosen must hold of the operands it gets: layouts, dense storage, packed
/// constants. Throws Error(Kernel) with the layer's name: a wrong engine stops here.
void checkPromises(const schema::Engine& engine, const schema::Layer& layer, std::span<const schema::Value> values, const TacticInfo& info,
                   std::span<const TensorView> inputs, std::span<const TensorView> outputs);

/// True when the views are the ones that a tactic without packed constants can run on.
bool fitsViews(const TacticInfo& info, std::span<const TensorView> inputs, std::span<const TensorView> outputs);

}  // namespace sinter
