#include "core/engine_checks.h"

#include <algorithm>

#include "core/engine_format.h"
#include "core/error.h"
#include "core/plugin.h"

namespace sinter {
namespace {

[[noreturn]] void corrupt(const std::string& message) { throw Error(ErrorCode::Corrupt, "the engine header is inconsistent: " + message); }

/// The values that a list of layers works on: the engine's own, or a region's.
struct Scope {
    const schema::Engine& engine;
    const std::vector<schema::Value>& values;
    uint64_t arenaBytes;
};

std::string nameOf(const Scope& e, size_t value) {
    const std::string& name = e.values[value].name;
    return "value " + std::to_string(value) + (name.empty() ? "" : " \"" + name + "\"");
}

void checkDim(const schema::DimExpr& d, size_t symbols) {
    if (d.kind == schema::DimExpr::Kind::Symbol && (d.value < 0 || static_cast<uint64_t>(d.value) >= symbols)) {
        corrupt("a shape uses symbol " + std::to_string(d.value) + ", which is missing");
    }
    for (const schema::DimExpr& a : d.args) checkDim(a, symbols);
}

void checkView(const Scope& e, size_t index) {
    const schema::Value& v = e.values[index];
    if (v.view->of >= e.values.size()) corrupt(nameOf(e, index) + " is a view of a missing value");
    const schema::Value& base = e.values[v.view->of];
    const size_t rank = v.shape.size();
    if (base.dtype != v.dtype) corrupt(nameOf(e, index) + " is a view with another element type");
    switch (v.view->kind) {
        case schema::View::Kind::Slice:
            if (base.shape.size() != rank || v.view->axis >= rank) corrupt(nameOf(e, index) + " slices an axis that is missing");
            break;
        case schema::View::Kind::Permute: {
            std::vector<uint32_t> sorted = v.view->perm;
            std::sort(sorted.begin(), sorted.end());
            bool ok = base.shape.size() == rank && sorted.size() == rank;
            for (size_t i = 0; ok && i < rank; ++i) ok = sorted[i] == i;
            if (!ok) corrupt(nameOf(e, index) + " permutes axes that are missing");
            break;
        }
        case schema::View::Kind::Reshape: break;
    }
    // A chain of views longer than the number of values runs in a circle.
    size_t at = index;
    for (size_t steps = 0; e.values[at].view; ++steps) {
        if (steps > e.values.size()) corrupt(nameOf(e, index) + " is a view of itself");
        at = e.values[at].view->of;
        if (at >= e.values.size()) corrupt("a view of a missing value");
    }
}

void checkValue(const Scope& e, size_t index) {
    const schema::Value& v = e.values[index];
    const int storages = int{v.arenaOffset.has_value()} + int{v.weight.has_value()} + int{v.view.has_value()} + int{v.external} + int{v.pooled};
    if (storages != 1) corrupt(nameOf(e, index) + " has " + std::to_string(storages) + " kinds of storage instead of one");
    if (dtypeSize(v.dtype) == 0) corrupt(nameOf(e, index) + " has an element type that cannot be executed");
    if (v.shape.size() > static_cast<size_t>(kMaxRank)) corrupt(nameOf(e, index) + " has more than 8 dimensions");
    if (!v.layout.empty() && v.layout != "linear" && v.layout != "nhwc") {
        throw Error(ErrorCode::Feature, "the engine uses the storage layout \"" + v.layout + "\", which this runtime does not know");
    }
    if ((v.external || v.weight) && v.layout == "nhwc") {
        corrupt(nameOf(e, index) + " is an engine input, output or weight and must be row-major");
    }
    if (v.sequence && !v.pooled && !v.external) corrupt(nameOf(e, index) + " is a sequence in memory of fixed size");
    for (const schema::DimExpr& d : v.shape) checkDim(d, e.engine.symbols.size());
    if (v.weight && *v.weight >= e.engine.weights.size()) corrupt(nameOf(e, index) + " uses a missing weight");
    if (v.arenaOffset && *v.arenaOffset % format::kAlignment != 0) corrupt(nameOf(e, index) + " is not aligned in the arena");
    if (v.arenaOffset && (*v.arenaOffset > e.arenaBytes || v.maxBytes > e.arenaBytes - *v.arenaOffset)) {
        corrupt(nameOf(e, index) + " lies outside the arena");
    }
    if (v.view) {
        checkDim(v.view->start, e.engine.symbols.size());
        checkView(e, index);
    }
}

void checkRegions(const Scope& e, const schema::Layer& l);

void checkLayer(const Scope& e, const schema::Layer& l) {
    for (const int32_t i : l.inputs) {
        if (i < -1 || (i >= 0 && static_cast<size_t>(i) >= e.values.size())) corrupt("layer \"" + l.name + "\" reads a missing value");
    }
    for (const uint32_t i : l.outputs) {
        if (i >= e.values.size()) corrupt("layer \"" + l.name + "\" writes a missing value");
        const schema::Value* root = &e.values[i];
        while (root->view) root = &e.values[root->view->of];
        if (root->weight) corrupt("layer \"" + l.name + "\" writes to a weight");
    }
    if (l.opInputs > l.inputs.size()) corrupt("layer \"" + l.name + "\" says it has more inputs than it lists");
    if (l.workspaceOffset % format::kAlignment != 0) corrupt("the workspace of layer \"" + l.name + "\" is not aligned in the arena");
    if (l.workspaceOffset > e.arenaBytes || l.workspace > e.arenaBytes - l.workspaceOffset) {
        corrupt("the workspace of layer \"" + l.name + "\" lies outside the arena");
    }
    for (const schema::DimExpr& d : l.dims) checkDim(d, e.engine.symbols.size());
    checkRegions(e, l);
}

/// A count that a layer states as an attribute; it may not exceed `most`.
size_t countIn(const schema::Layer& l, std::string_view key, size_t most) {
    for (const auto& [name, value] : l.attrs) {
        const auto* v = std::get_if<int64_t>(&value);
        if (name == key && v && *v >= 0 && static_cast<uint64_t>(*v) <= most) return static_cast<size_t>(*v);
    }
    corrupt("layer \"" + l.name + "\" (" + l.op + ") has no count \"" + std::string(key) + "\" that fits its operands");
}

/// What regions take and give is what their owner hands in and out (core/control_flow.cpp).
void checkTurns(const schema::Layer& l) {
    size_t takes = l.inputs.size(), gives = l.outputs.size();
    if (takes < (l.op == "Loop" ? 2u : l.op == "If" ? 1u : 0u)) corrupt("layer \"" + l.name + "\" lacks operands");
    if (l.op == "If") {
        --takes;
    } else if (l.op == "Loop") {
        countIn(l, "carried", std::min(takes - 2, gives));
        ++gives;
    } else {
        const size_t states = countIn(l, "states", std::min(takes, gives));
        countIn(l, "scans", takes - states);
    }
    for (const schema::Region& r : l.regions) {
        if (r.inputs.size() != takes || r.outputs.size() != gives) {
            corrupt("a region of layer \"" + l.name + "\" takes " + std::to_string(r.inputs.size()) + " values and gives " +
                    std::to_string(r.outputs.size()) + ", its layer hands in " + std::to_string(takes) + " and out " + std::to_string(gives));
        }
    }
}

void checkRegions(const Scope& e, const schema::Layer& l) {
    const size_t wanted = l.op == "If" ? 2 : l.op == "Loop" || l.op == "Scan" ? 1 : 0;
    if (l.regions.size() != wanted) corrupt("layer \"" + l.name + "\" (" + l.op + ") owns " + std::to_string(l.regions.size()) + " regions");
    if (wanted == 0) return;
    for (const uint32_t v : l.outputs) {
        if (!e.values[v].pooled && !e.values[v].external) corrupt("layer \"" + l.name + "\" owns regions and writes to memory that is not the pool's");
    }
    checkTurns(l);
    for (const schema::Region& r : l.regions) {
        if (r.arenaBytes > l.workspace) corrupt("a region of layer \"" + l.name + "\" needs more memory than the layer has");
        const Scope inner{e.engine, r.values, r.arenaBytes};
        for (size_t i = 0; i < r.values.size(); ++i) checkValue(inner, i);
        std::vector<bool> bound(r.values.size(), false);
        for (const int32_t v : r.inputs) {
            if (v < -1 || (v >= 0 && (static_cast<size_t>(v) >= r.values.size() || !r.values[static_cast<size_t>(v)].external))) {
                corrupt("a region of layer \"" + l.name + "\" takes a value that is no input");
            }
            if (v >= 0) bound[static_cast<size_t>(v)] = true;
        }
        for (size_t i = 0; i < r.values.size(); ++i) {
            if (r.values[i].external && !bound[i]) corrupt(nameOf(inner, i) + " is an input that its region is not given");
        }
        for (const uint32_t v : r.outputs) {
            if (v >= r.values.size()) corrupt("a region of layer \"" + l.name + "\" gives a missing value");
        }
        for (const schema::Layer& inside : r.layers) checkLayer(inner, inside);
    }
}


/// More streams than any plan has: what a damaged header asks for is not created.
constexpr uint32_t kMostStreams = 64;

void checkStreams(const schema::Engine& e) {
    for (size_t i = 0; i < e.layers.size(); ++i) {
        const schema::Layer& l = e.layers[i];
        if (l.stream >= kMostStreams) corrupt("layer \"" + l.name + "\" runs on stream " + std::to_string(l.stream));
        for (const uint32_t w : l.waits) {
            if (w >= i) corrupt("layer \"" + l.name + "\" waits for a layer that does not come before it");
        }
    }
}

void checkBindings(const schema::Engine& e) {
    for (const auto* list : {&e.inputs, &e.outputs}) {
        for (const schema::Binding& b : *list) {
            if (b.value >= e.values.size()) corrupt("binding \"" + b.name + "\" refers to a missing value");
        }
    }
    for (const schema::Binding& b : e.inputs) {
        if (!e.values[b.value].external) corrupt("input \"" + b.name + "\" is not an external value");
    }
    std::vector<bool> bound(e.values.size(), false);
    for (const schema::Binding& b : e.inputs) bound[b.value] = true;
    for (const schema::Binding& b : e.outputs) bound[b.value] = true;
    for (size_t i = 0; i < e.values.size(); ++i) {
        if (e.values[i].external && !bound[i]) corrupt(nameOf({e, e.values, e.arenaBytes}, i) + " is external but bound to no input or output");
    }
}

}  // namespace

bool hasRegions(const schema::Engine& e) {
    return std::find(e.requiredFeatures.begin(), e.requiredFeatures.end(), kRegionsFeature) != e.requiredFeatures.end();
}

namespace {

/// Profiles after the first have plans with the same inputs and outputs.
void checkProfiles(const schema::Engine& e, uint64_t blobBytes) {
    for (size_t p = 0; p < e.profiles.size(); ++p) {
        const auto& [ranges, plan] = e.profiles[p];
        for (const schema::Range& r : ranges) {
            if (r.min < 0 || r.min > r.opt || r.opt > r.max) corrupt("a range of profile " + std::to_string(p) + " is upside down");
        }
        if (plan.has_value() != (p > 0)) corrupt("profile " + std::to_string(p) + (p > 0 ? " has no plan" : " has a plan beside the engine's"));
        if (!plan) continue;
        schema::Engine with = schema::withPlan(e, *plan);
        const auto same = [&](const std::vector<schema::Binding>& a, const std::vector<schema::Binding>& b) {
            bool equal = a.size() == b.size();
            for (size_t i = 0; equal && i < a.size(); ++i) {
                if (b[i].value >= with.values.size()) corrupt("binding \"" + b[i].name + "\" refers to a missing value");
                const schema::Value &x = e.values[a[i].value], &y = with.values[b[i].value];
                equal = a[i].name == b[i].name && x.dtype == y.dtype && x.shape.size() == y.shape.size() && x.sequence == y.sequence && x.optional == y.optional;
            }
            return equal;
        };
        if (!same(e.inputs, with.inputs) || !same(e.outputs, with.outputs)) corrupt("profile " + std::to_string(p) + " has other inputs or outputs");
        with.profiles.clear();
        checkStructure(with, blobBytes);
    }
}

}  // namespace

void checkStructure(const schema::Engine& e, uint64_t blobBytes) {
    if (e.arenaBytes > 1ULL << 46) corrupt("the arena is " + std::to_string(e.arenaBytes) + " bytes");
    for (size_t i = 0; i < e.weights.size(); ++i) {
        const schema::Weight& w = e.weights[i];
        if (w.offset % format::kAlignment != 0) corrupt("weight " + std::to_string(i) + " is not aligned");
        if (w.offset > blobBytes || w.length > blobBytes - w.offset) corrupt("weight " + std::to_string(i) + " lies outside the blob");
    }
    const Scope root{e, e.values, e.arenaBytes};
    for (size_t i = 0; i < e.values.size(); ++i) checkValue(root, i);
    for (const schema::Layer& l : e.layers) checkLayer(root, l);
    checkStreams(e);
    checkBindings(e);
    checkProfiles(e, blobBytes);
    if (hasRegions(e)) return;
    for (const schema::Value& v : e.values) {
        if (v.sequence || v.optional) corrupt("it has sequences without the feature \"regions\"");
        if (v.pooled) corrupt("it has pooled values without the feature \"regions\"");
    }
    for (const schema::Layer& l : e.layers) {
        if (l.resolve || !l.regions.empty()) corrupt("layer \"" + l.name + "\" needs the feature \"regions\"");
    }
}

std::shared_ptr<Device> checkRequirements(const schema::Engine& e) {
    if (e.format != format::kVersion) {
        throw Error(ErrorCode::Format, "the engine has format " + std::to_string(e.format) + ", this runtime reads format " +
                                           std::to_string(format::kVersion));
    }
    for (const std::string& f : e.requiredFeatures) {
        if (f == kRegionsFeature || f == kPluginsFeature || f == kProfilesFeature || f == kLibrariesFeature) continue;
        throw Error(ErrorCode::Feature, "the engine needs the feature \"" + f + "\", which this release of the runtime does not have");
    }
    for (const schema::PluginNeed& p : e.plugins) PluginRegistry::instance().find(p.name, p.version);
    std::vector<const schema::Layer*> layers;
    for (const schema::Layer& l : e.layers) layers.push_back(&l);
    for (const schema::Profile& p : e.profiles) {
        if (!p.plan) continue;
        for (const schema::Layer& l : p.plan->layers) layers.push_back(&l);
    }
    std::string id = e.device;
    for (const schema::Layer* l : layers) {
        const std::string& on = l->device.empty() ? e.device : l->device;
        if (l == layers.front()) id = on;
        if (on != id) {
            throw Error(ErrorCode::Device, "the engine uses the devices \"" + id + "\" and \"" + on + "\", this runtime runs one at a time");
        }
    }
    auto device = DeviceRegistry::instance().find(id);
    for (const schema::LibraryNeed& l : e.libraries) device->requireLibrary(l.source, l.version);
    const auto& have = device->info().features;
    for (const std::string& f : e.deviceFeatures) {
        if (std::find(have.begin(), have.end(), f) != have.end()) continue;
        std::string list;
        for (const std::string& h : have) list += (list.empty() ? "" : ", ") + h;
        throw Error(ErrorCode::Device, "the engine was built for " + f + ", " + device->info().name + " has " +
                                           (list.empty() ? "no vector extension that the runtime uses" : list));
    }
    return device;
}

}  // namespace sinter
