// Plugin: a user's own operator, by the CUDA source that its plugin brings.
#include "core/plugin.h"

#include <array>
#include <cstdio>

#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

/// As in plugin.cu.
struct Operand {
    void* data = nullptr;
    std::array<int64_t, 8> dims{};
    int32_t rank = 0;
    int32_t dtype = 0;
};

/// Kernel parameters have room for 4 KB.
constexpr size_t kMostOperands = 40;

std::string number(int64_t v) { return std::to_string(v) + "LL"; }
std::string number(double v) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.17e", v);
    return text.data();
}

template <typename T>
std::string list(const std::string& type, const std::string& name, const std::vector<T>& values) {
    std::string text = "constexpr int " + name + "_count = " + std::to_string(values.size()) + ";\n__device__ const " + type + " " + name + "[] = {";
    for (const T& v : values) text += number(v) + ", ";
    // An array has an element at least.
    return text + "0};\n";
}

/// The operator's attributes as C++; texts have no use on a card.
std::string attributesOf(const LayerDesc& d) {
    std::string text = "namespace attribute {\n";
    for (const auto& [name, value] : d.attrs) {
        if (name.starts_with("plugin.")) continue;
        if (const auto* i = std::get_if<int64_t>(&value)) text += "constexpr int64_t " + name + " = " + number(*i) + ";\n";
        else if (const auto* f = std::get_if<double>(&value)) text += "constexpr double " + name + " = " + number(*f) + ";\n";
        else if (const auto* is = std::get_if<std::vector<int64_t>>(&value)) text += list("int64_t", name, *is);
        else if (const auto* fs = std::get_if<std::vector<double>>(&value)) text += list("double", name, *fs);
    }
    return text + "}\n";
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!pluginTypesFit(d) || d.inputs.empty() || d.inputs.size() + d.outputs.size() > kMostOperands) return std::nullopt;
    if (pluginCudaSource(d.stringAttr("plugin.name", "")).empty()) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.inputLayouts.assign(d.inputs.size(), "linear");
    info.outputLayouts.assign(d.outputs.size(), "linear");
    info.inputViews.assign(d.inputs.size(), 0);
    info.outputViews.assign(d.outputs.size(), 0);
    info.estimate = moveEstimate(d, device, 2);
    return info;
}

LaunchSpec launchOf(std::span<const TensorView> inputs, std::span<const TensorView> outputs) {
    LaunchSpec spec;
    spec.entry = "plugin";
    std::vector<Operand> operands;
    for (const auto& views : {inputs, outputs}) {
        for (const TensorView& v : views) operands.push_back({v.data, v.dims, v.rank, static_cast<int32_t>(v.dtype)});
    }
    spec.params.addBytes(operands.data(), operands.size() * sizeof(Operand), alignof(Operand));
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    Source source;
    source.file = "plugin.cu";
    source.define("INPUTS", static_cast<int64_t>(d.inputs.size()));
    source.define("OUTPUTS", static_cast<int64_t>(d.outputs.size()));
    source.generated.emplace_back("plugin_attributes.cuh", attributesOf(d));
    source.generated.emplace_back("plugin_source.cuh", pluginCudaSource(d.stringAttr("plugin.name", "")));
    return {std::move(source), [device](const KernelArgs& args) {
                LaunchSpec spec = launchOf(args.inputs, args.outputs);
                const int64_t count = args.outputs[0].count();
                if (count == 0) return std::vector<LaunchSpec>{};
                spec.block = {256, 1, 1};
                spec.grid = gridFor(count, 256, device);
                spec.params.add(count);
                return std::vector{spec};
            }};
}

SINTER_CUDA_KERNEL(plugin)({.name = "any_plugin__cuda", .op = "Plugin", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
