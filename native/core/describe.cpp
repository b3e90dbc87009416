#include "core/describe.h"

#include "core/error.h"

namespace sinter {
namespace {

LayerDesc describe(const schema::Layer& layer, std::span<const schema::Value> values, const SymbolValues& symbols,
                   std::span<const std::string> names) {
    const auto at = [&](int64_t index) -> TensorInfo {
        if (index < 0) return {};
        if (static_cast<size_t>(index) >= values.size()) {
            throw Error(ErrorCode::Corrupt, "layer \"" + layer.name + "\" uses value " + std::to_string(index) + ", which is missing",
                        layer.name);
        }
        return describeValue(values[static_cast<size_t>(index)], symbols, names);
    };
    LayerDesc d;
    d.name = layer.name;
    d.op = layer.op;
    d.attrs = layer.attrs;
    d.opInputs = layer.opInputs;
    d.program = layer.program;
    if (layer.opInputs > layer.inputs.size()) {
        throw Error(ErrorCode::Corrupt, "layer \"" + layer.name + "\" says it has more inputs than it lists", layer.name);
    }
    try {
        for (const int32_t i : layer.inputs) d.inputs.push_back(at(i));
        for (const uint32_t i : layer.outputs) d.outputs.push_back(at(i));
        if (!layer.dims.empty()) {
            std::vector<int64_t> evaluated;
            for (const schema::DimExpr& e : layer.dims) evaluated.push_back(evaluateDim(e, symbols, names));
            d.dims.push_back(std::move(evaluated));
        }
    } catch (const Error& e) {
        if (!e.layer.empty()) throw;
        throw Error(e.code, "layer \"" + layer.name + "\": " + e.what(), layer.name);
    }
    return d;
}

}  // namespace

TensorInfo describeValue(const schema::Value& value, const SymbolValues& symbols, std::span<const std::string> names) {
    TensorInfo t;
    t.dtype = value.dtype;
    t.dims = evaluateShape(value.shape, symbols, names);
    t.layout = value.layout;
    t.constant = value.weight.has_value();
    t.scale = value.scale;
    t.zeroPoint = value.zeroPoint;
    t.scaleAxis = value.scaleAxis;
    return t;
}

LayerDesc describeLayer(const schema::Engine& engine, const schema::Layer& layer, const SymbolValues& symbols) {
    return describe(layer, engine.values, symbols, engine.symbols);
}

LayerDesc describeLayer(const schema::Layer& layer, std::span<const schema::Value> values, const SymbolValues& symbols,
                        std::span<const std::string> names) {
    return describe(layer, values, symbols, names);
}

LayerDesc describeLayer(const schema::LayerMessage& message) {
    return describe(message.layer, message.values, SymbolValues(message.symbols.size()), message.symbols);
}

}  // namespace sinter
