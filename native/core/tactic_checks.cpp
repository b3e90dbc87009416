#include "core/tactic_checks.h"

#include <algorithm>
#include <optional>

#include "core/error.h"

namespace sinter {
namespace {

[[noreturn]] void failLayer(const schema::Layer& l, const std::string& message) {
    throw Error(ErrorCode::Kernel, "layer \"" + l.name + "\": " + message, l.name);
}

bool isDense(const TensorView& v) {
    if (v.isLinear()) return true;
    return v.isChannelsLast() && std::equal(v.strides.begin(), v.strides.begin() + v.rank,
                                            channelsLastStrides(std::span(v.dims).first(static_cast<size_t>(v.rank))).begin());
}

/// What a kernel was promised when its tactic was chosen must hold of the views it gets: a wrong engine stops here.
void checkView(const schema::Layer& l, const TensorView& v, const std::vector<std::string>& layouts,
               const std::vector<uint32_t>& alignments, size_t i, const char* what) {
    if (!v.present() || v.count() == 0) return;
    const std::string layout = i < layouts.size() ? layouts[i] : "";
    if (layout.empty()) return;  // reads strides
    const std::string where = std::string(what) + " " + std::to_string(i);
    const uint32_t alignment = i < alignments.size() ? alignments[i] : 0;
    const bool strided = !isDense(v);
    if (strided && alignment == 0) failLayer(l, "kernel \"" + l.tactic + "\" needs its " + where + " dense");
    if (layout == "nhwc" && v.rank >= 3 && !v.isChannelsLast()) failLayer(l, "kernel \"" + l.tactic + "\" needs its " + where + " channels-last");
    if (layout == "linear" && !strided && !v.isLinear()) failLayer(l, "kernel \"" + l.tactic + "\" needs its " + where + " row-major");
}

void checkPacking(const schema::Engine& engine, const schema::Layer& l, std::span<const schema::Value> values, const TacticInfo& info, size_t i) {
    const int32_t value = l.inputs[i];
    const std::string recipe = i < info.packing.size() ? info.packing[i].recipe : "";
    const auto& weight = value >= 0 ? values[static_cast<size_t>(value)].weight : std::nullopt;
    const std::string stored = weight ? engine.weights[*weight].recipe : "";
    if (recipe != stored) {
        failLayer(l, "kernel \"" + l.tactic + "\" wants input " + std::to_string(i) + " packed as \"" + recipe + "\", the engine holds \"" +
                         stored + "\"");
    }
    if (!recipe.empty() && engine.weights[*weight].length < info.packing[i].bytes) {
        failLayer(l, "the packed input " + std::to_string(i) + " is too short");
    }
}

bool fitsView(const TensorView& v, const std::vector<std::string>& layouts, const std::vector<uint32_t>& alignments, size_t i) {
    if (!v.present() || v.count() == 0) return true;
    const std::string layout = i < layouts.size() ? layouts[i] : "";
    if (layout.empty()) return true;
    return layout == "linear" && (v.isLinear() || (i < alignments.size() && alignments[i] == 1));
}

}  // namespace

void checkPromises(const schema::Engine& engine, const schema::Layer& l, std::span<const schema::Value> values, const TacticInfo& info,
                   std::span<const TensorView> inputs, std::span<const TensorView> outputs) {
    for (size_t i = 0; i < inputs.size(); ++i) {
        checkPacking(engine, l, values, info, i);
        const bool packed = i < info.packing.size() && !info.packing[i].recipe.empty();
        if (!packed) checkView(l, inputs[i], info.inputLayouts, info.inputViews, i, "input");
    }
    for (size_t i = 0; i < outputs.size(); ++i) checkView(l, outputs[i], info.outputLayouts, info.outputViews, i, "output");
}

bool fitsViews(const TacticInfo& info, std::span<const TensorView> inputs, std::span<const TensorView> outputs) {
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (i < info.packing.size() && !info.packing[i].recipe.empty()) return false;
        if (!fitsView(inputs[i], info.inputLayouts, info.inputViews, i)) return false;
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
        if (!fitsView(outputs[i], info.outputLayouts, info.outputViews, i)) return false;
    }
    return true;
}

}  // namespace sinter
