#pragma once
#include "core/dim.h"
#include "core/layer.h"
#include "core/schema.h"

namespace sinter {

/// Type and concrete shape of a value. `constant` is set for weights.
TensorInfo describeValue(const schema::Value& value, const SymbolValues& symbols, std::span<const std::string> names);

/// A layer of an engine with the shapes that `symbols` give. Errors carry the layer's name.
LayerDesc describeLayer(const schema::Engine& engine, const schema::Layer& layer, const SymbolValues& symbols);

/// A layer over the given values: an engine's, or a region's.
LayerDesc describeLayer(const schema::Layer& layer, std::span<const schema::Value> values, const SymbolValues& symbols,
                        std::span<const std::string> names);

/// A LayerDesc message with its values; every dimension must be a number.
LayerDesc describeLayer(const schema::LayerMessage& message);

}  // namespace sinter
