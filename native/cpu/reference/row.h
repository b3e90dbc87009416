#pragma once
// How a reference kernel describes itself. A kernel class K has
//   static std::optional<double> estimate(const LayerDesc&)  nanoseconds, or nothing when it cannot run the layer
//   explicit K(const LayerDesc&)
#include <algorithm>
#include <optional>

#include "core/kernel.h"
#include "cpu/quant/quantization.h"

namespace sinter::ref {

/// Nanoseconds that reference kernels need for a multiply-add, for another arithmetic operation, for a moved element.
constexpr double kMultiplyAddNs = 3, kOperationNs = 5, kMoveNs = 1;

/// A layer runs on strided views of any layout, without packing or workspace.
inline TacticInfo anyLayout(const LayerDesc& d, double nanoseconds, int threads) {
    TacticInfo t;
    t.inputLayouts.assign(d.inputs.size(), "");
    t.outputLayouts.assign(d.outputs.size(), "");
    t.packing.assign(d.inputs.size(), {});
    t.inputViews.assign(d.inputs.size(), 1);
    t.outputViews.assign(d.outputs.size(), 1);
    t.estimate = 1000 + nanoseconds / std::max(threads, 1);
    return t;
}

inline bool ranksFit(const LayerDesc& d) {
    const auto fits = [](const TensorInfo& t) { return t.dims.size() <= static_cast<size_t>(kMaxRank); };
    return std::all_of(d.inputs.begin(), d.inputs.end(), fits) && std::all_of(d.outputs.begin(), d.outputs.end(), fits);
}

template <typename K>
KernelRow row(std::string name, std::string op) {
    return {
        .name = std::move(name),
        .op = std::move(op),
        .isa = Isa::Scalar,
        .supports = [](const LayerDesc& d, int threads) -> std::optional<TacticInfo> {
            // Quantized values are not plain integers: quantized.cpp says what layers mean on them.
            if (!ranksFit(d) || !quant::plainOrMoved(d)) return std::nullopt;
            const std::optional<double> ns = K::estimate(d);
            if (!ns) return std::nullopt;
            return anyLayout(d, *ns, threads);
        },
        .make = [](const LayerDesc& d, int) -> std::unique_ptr<Kernel> { return std::make_unique<K>(d); },
        .pack = {},
    };
}

/// Input i exists and is present.
inline bool hasInput(const LayerDesc& d, size_t i) { return i < d.opInputs && i < d.inputs.size() && d.inputs[i].present(); }

/// Which of the op's own inputs a running kernel was given; the program's extra inputs follow them in KernelArgs.
struct OwnInputs {
    size_t count;
    bool operator()(const KernelArgs& a, size_t i) const { return i < count && i < a.inputs.size() && a.inputs[i].present(); }
};

/// Attribute of `n` integers, or `n` times `fallback` when it is absent.
inline std::vector<int64_t> intsOr(const LayerDesc& d, std::string_view key, size_t n, int64_t fallback) {
    std::vector<int64_t> v = d.intsAttr(key);
    if (v.empty()) v.assign(n, fallback);
    return v;
}

/// Axis counted from the end when negative; nothing when out of range.
inline std::optional<size_t> axisOf(int64_t axis, size_t rank) {
    const auto r = static_cast<int64_t>(rank);
    if (axis < 0) axis += r;
    if (axis < 0 || axis >= r) return std::nullopt;
    return static_cast<size_t>(axis);
}

}  // namespace sinter::ref
