#include "core/region_executor.h"

#include <algorithm>
#include <limits>
#include <new>

#include "core/describe.h"
#include "core/error.h"
#include "core/layer_checks.h"
#include "core/region_state.h"
#include "core/resolver.h"
#include "core/strided_copy.h"
#include "core/tactic_checks.h"
#include "core/view_of.h"

namespace sinter {
namespace {

constexpr size_t kForever = std::numeric_limits<size_t>::max();

uint64_t bytesOf(const TensorInfo& t) { return static_cast<uint64_t>(t.count()) * dtypeSize(t.dtype); }

bool sameInfo(const TensorInfo& a, const TensorInfo& b) { return a.dtype == b.dtype && a.dims == b.dims && a.layout == b.layout; }

bool sameLayer(const LayerDesc& a, const LayerDesc& b) {
    return a.op == b.op && std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(), sameInfo) &&
           std::equal(a.outputs.begin(), a.outputs.end(), b.outputs.begin(), b.outputs.end(), sameInfo) && a.attrs == b.attrs && a.dims == b.dims;
}

/// Calls `use` with every symbol of an expression.
void forSymbols(const schema::DimExpr& d, const std::function<void(size_t)>& use) {
    if (d.kind == schema::DimExpr::Kind::Symbol) use(static_cast<size_t>(d.value));
    for (const schema::DimExpr& a : d.args) forSymbols(a, use);
}

[[noreturn]] void failLayer(ErrorCode code, const schema::Layer& l, const std::string& why) {
    throw Error(code, "layer \"" + l.name + "\" failed: " + why, l.name);
}

}  // namespace

void RegionShared::reachHost() {
    if (pending) stream.synchronize();
    pending = false;
}

RegionPlan planOf(const schema::Engine& e) {
    RegionPlan p{e.values, {}, {}, e.layers, e.arenaBytes};
    for (const schema::Binding& b : e.inputs) p.inputs.push_back(static_cast<int32_t>(b.value));
    for (const schema::Binding& b : e.outputs) p.outputs.push_back(b.value);
    return p;
}

RegionPlan planOf(const schema::Region& r) { return {r.values, r.inputs, r.outputs, r.layers, r.arenaBytes}; }

RegionExecutor::RegionExecutor(RegionShared& shared, RegionPlan plan, std::byte* arena)
    : shared_(shared), plan_(std::move(plan)), arena_(arena), tensors_(plan_.values.size()), known_(plan_.values.size()),
      persistent_(plan_.values.size()), lastUse_(plan_.values.size(), 0), expire_(plan_.layers.size()) {
    for (size_t i = 0; i < plan_.layers.size(); ++i) {
        states_.push_back(std::make_unique<State>());
        for (const int32_t v : plan_.layers[i].inputs) {
            if (v >= 0) lastUse_[static_cast<size_t>(v)] = i;
        }
        for (const uint32_t v : plan_.layers[i].outputs) lastUse_[v] = i;
    }
    for (const uint32_t v : plan_.outputs) lastUse_[v] = kForever;
    // What a view looks at lives as long as the view: writers of its parts may come later than it is named.
    for (size_t v = plan_.values.size(); v-- > 0;) {
        size_t base = v;
        for (size_t steps = 0; plan_.values[base].view && steps < plan_.values.size(); ++steps) {
            base = plan_.values[base].view->of;
            lastUse_[base] = std::max(lastUse_[base], lastUse_[v]);
        }
    }
    for (size_t v = 0; v < plan_.values.size(); ++v) {
        if (lastUse_[v] < plan_.layers.size()) expire_[lastUse_[v]].push_back(static_cast<uint32_t>(v));
        size_t root = v;
        bool fixed = isFixed(plan_.values[v]);
        while (plan_.values[root].view) {
            root = plan_.values[root].view->of;
            fixed = fixed && isFixed(plan_.values[root]);
        }
        const schema::Value& r = plan_.values[root];
        persistent_[v] = fixed && !r.pooled && !r.external;
    }
}

RegionExecutor::~RegionExecutor() = default;

bool RegionExecutor::isFixed(const schema::Value& v) const {
    bool fixed = true;
    const auto check = [&](size_t s) { fixed = fixed && s < shared_.bound.size() && shared_.bound[s]; };
    for (const schema::DimExpr& d : v.shape) forSymbols(d, check);
    if (v.view) forSymbols(v.view->start, check);
    return fixed;
}

TensorInfo RegionExecutor::describeOpen(const schema::Value& v) const {
    const auto& names = shared_.engine.header().symbols;
    schema::Value known = v;
    known.shape.clear();
    TensorInfo t = describeValue(known, shared_.symbols, names);
    for (const schema::DimExpr& d : v.shape) {
        bool fixed = true;
        forSymbols(d, [&](size_t s) { fixed = fixed && s < shared_.bound.size() && shared_.bound[s]; });
        t.dims.push_back(fixed ? evaluateDim(d, shared_.symbols, names) : -1);
    }
    return t;
}

void RegionExecutor::begin(std::span<const RegionTensor> inputs) {
    if (inputs.size() != plan_.inputs.size()) {
        throw Error(ErrorCode::Corrupt, "a region takes " + std::to_string(plan_.inputs.size()) + " inputs and was given " + std::to_string(inputs.size()));
    }
    for (size_t v = 0; v < tensors_.size(); ++v) {
        if (persistent_[v]) continue;
        tensors_[v] = {};
        known_[v] = false;
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (plan_.inputs[i] >= 0) define(static_cast<uint32_t>(plan_.inputs[i]), inputs[i]);
    }
}

void RegionExecutor::run(std::span<const RegionTensor> inputs) {
    begin(inputs);
    for (size_t i = 0; i < plan_.layers.size(); ++i) runLayer(i);
}

void RegionExecutor::define(uint32_t value, const RegionTensor& t) {
    const schema::Value& v = plan_.values[value];
    if (t.present() && v.sequence != (t.items != nullptr)) {
        throw Error(ErrorCode::Type, "value \"" + v.name + "\" is " + (t.items ? "a sequence" : "a tensor") + ", the engine expects the other");
    }
    if (!t.present() && !v.optional) throw Error(ErrorCode::Type, "value \"" + v.name + "\" is absent");
    if (v.sequence || !t.present()) {
        if (t.present() && t.info.dtype != v.dtype) throw Error(ErrorCode::Type, "sequence \"" + v.name + "\" holds " + std::string(dtypeName(t.info.dtype)));
        tensors_[value] = t;
        known_[value] = true;
        return;
    }
    if (t.info.dtype != v.dtype || (!v.optional && t.info.dims.size() != v.shape.size())) {
        throw Error(ErrorCode::Shape, "value \"" + v.name + "\" is " + std::string(dtypeName(t.info.dtype)) + " " + shapeText(t.info.dims) +
                                          ", the engine expects " + std::string(dtypeName(v.dtype)) + " of rank " + std::to_string(v.shape.size()));
    }
    bindSymbols(value, t.info.dims);
    tensors_[value] = t;
    known_[value] = true;
}

void RegionExecutor::bindSymbols(uint32_t value, std::span<const int64_t> dims) {
    const schema::Value& v = plan_.values[value];
    for (size_t i = 0; i < dims.size() && i < v.shape.size(); ++i) {
        const schema::DimExpr& d = v.shape[i];
        const auto symbol = static_cast<size_t>(d.value);
        if (d.kind == schema::DimExpr::Kind::Symbol && symbol < shared_.bound.size() && !shared_.bound[symbol]) shared_.symbols[symbol] = dims[i];
    }
    for (size_t i = 0; i < dims.size() && i < v.shape.size(); ++i) {
        if (!evaluable(v.shape[i], shared_.symbols)) continue;
        const int64_t want = evaluateDim(v.shape[i], shared_.symbols, shared_.engine.header().symbols);
        if (want != dims[i]) {
            throw Error(ErrorCode::Shape, "value \"" + v.name + "\" is " + shapeText(dims) + ", its dimension " + std::to_string(i) + " must be " +
                                              std::to_string(want));
        }
    }
}

RegionTensor RegionExecutor::allocate(DType dtype, std::vector<int64_t> dims) {
    RegionTensor t;
    t.info.dtype = dtype;
    t.info.dims = std::move(dims);
    t.owner = shared_.pool.allocate(bytesOf(t.info));
    t.view = makeView(t.info, t.owner->address());
    return t;
}

RegionTensor RegionExecutor::kept(const RegionTensor& t) {
    if (t.items || !t.present()) return t;
    if (t.owner && t.view.isLinear()) return t;
    RegionTensor copy = allocate(t.info.dtype, t.info.dims);
    if (t.view.count() == 0) return copy;
    if (t.view.isLinear()) {
        shared_.stream.copyIn(copy.view.data, t.view.data, bytesOf(t.info));
        shared_.launched();
    } else {
        shared_.reachHost();
        copyStrided(copy.view, t.view);
    }
    return copy;
}

RegionTensor& RegionExecutor::get(uint32_t value) {
    RegionTensor& t = tensors_[value];
    if (known_[value]) return t;
    const schema::Engine& h = shared_.engine.header();
    const schema::Value& v = plan_.values[value];
    if (v.sequence || v.optional) throw Error(ErrorCode::Corrupt, "value \"" + v.name + "\" is used before it is made");
    t.info = describeValue(v, shared_.symbols, h.symbols);
    if (v.view) {
        const RegionTensor& base = get(v.view->of);
        int64_t offset = 0;
        t.view = viewOf(v, t.info, base.view, shared_.symbols, offset);
        t.owner = base.owner;
    } else {
        t.view = makeView(t.info, nullptr);
        const uint64_t bytes = bytesOf(t.info);
        if (v.weight) {
            const schema::Weight& w = h.weights[*v.weight];
            if (w.recipe.empty() && bytes > w.length) throw Error(ErrorCode::Corrupt, "weight \"" + v.name + "\" is too short for its shape");
            t.view.data = static_cast<std::byte*>(shared_.engine.weights().address()) + w.offset;
        } else if (v.arenaOffset) {
            if ((v.maxBytes > 0 && bytes > v.maxBytes) || bytes > plan_.arenaBytes - *v.arenaOffset) {
                throw Error(ErrorCode::Shape, "value \"" + v.name + "\" needs " + std::to_string(bytes) + " bytes at " + shapeText(t.info.dims) +
                                                  ", the engine reserved " + std::to_string(v.maxBytes));
            }
            t.view.data = arena_ + *v.arenaOffset;
        } else {
            t.owner = shared_.pool.allocate(bytes);
            t.view.data = t.owner->address();
        }
    }
    known_[value] = true;
    return t;
}

const RegionTensor& RegionExecutor::input(const schema::Layer& l, size_t index) {
    static const RegionTensor absent;
    return index < l.inputs.size() && l.inputs[index] >= 0 ? get(static_cast<uint32_t>(l.inputs[index])) : absent;
}

RegionTensor RegionExecutor::output(size_t index) { return kept(get(plan_.outputs[index])); }

RegionExecutor& RegionExecutor::region(State& s, const schema::Layer& l, size_t index) {
    s.regions.resize(l.regions.size());
    auto& r = s.regions[index];
    if (!r) r = std::make_unique<RegionExecutor>(shared_, planOf(l.regions[index]), arena_ + l.workspaceOffset);
    return *r;
}

void RegionExecutor::runLayer(size_t index) {
    const schema::Layer& l = plan_.layers[index];
    throwIfStopped(shared_.stop);
    try {
        if (ControlFlow::owns(l)) ControlFlow::run(*this, *states_[index], l);
        else if (!l.resolve || !SequenceLayers::run(*this, l)) execute(*states_[index], l);
    } catch (const Error& e) {
        if (!e.layer.empty() || e.code == ErrorCode::Stopped) throw;
        failLayer(e.code, l, e.what());
    } catch (const std::bad_alloc&) {
        throw Error(ErrorCode::Memory, "layer \"" + l.name + "\" ran out of memory", l.name);
    } catch (const std::exception& e) {
        failLayer(ErrorCode::Kernel, l, e.what());
    }
    for (const uint32_t v : expire_[index]) {
        if (persistent_[v]) continue;
        tensors_[v] = {};
        known_[v] = false;
    }
}

void RegionExecutor::execute(State& s, const schema::Layer& l) {
    const schema::Engine& h = shared_.engine.header();
    LayerDesc desc;
    desc.name = l.name;
    desc.op = l.op;
    desc.attrs = l.attrs;
    desc.opInputs = l.opInputs;
    std::vector<TensorView> views;
    for (size_t i = 0; i < l.inputs.size(); ++i) {
        const RegionTensor& t = input(l, i);
        if (t.items) throw Error(ErrorCode::Type, "its operand " + std::to_string(i) + " is a sequence");
        desc.inputs.push_back(t.info);
        views.push_back(t.view);
    }
    if (!l.dims.empty()) {
        std::vector<int64_t> values;
        for (const schema::DimExpr& d : l.dims) values.push_back(evaluateDim(d, shared_.symbols, h.symbols));
        desc.dims.push_back(std::move(values));
    }
    s.picked.clear();
    if (l.resolve) {
        for (const uint32_t v : l.outputs) desc.outputs.push_back(describeOpen(plan_.values[v]));
        shared_.reachHost();
        const Resolve* resolve = ResolverRegistry::instance().find(l.op);
        if (!resolve) throw Error(ErrorCode::Kernel, "this runtime cannot decide the shapes of " + l.op + " while it runs");
        if (l.outputs.empty()) throw Error(ErrorCode::Corrupt, "it has no output", l.name);
        desc.program = l.program;
        // A header made wrong may lack operands: resolvers see absent ones.
        std::vector<TensorView> operands = views;
        operands.resize(std::max<size_t>(views.size(), kMaxRank));
        ResolvedLayer resolved = (*resolve)(desc, operands);
        desc = std::move(resolved.layer);
        s.picked = std::move(resolved.inputs);
        for (size_t i = 0; i < l.outputs.size(); ++i) bindSymbols(l.outputs[i], desc.outputs[i].dims);
    } else {
        for (size_t i = 0; i < l.inputs.size(); ++i) s.picked.push_back(i);
        for (const uint32_t v : l.outputs) desc.outputs.push_back(describeValue(plan_.values[v], shared_.symbols, h.symbols));
    }
    s.inputs.clear();
    s.outputs.clear();
    for (const size_t i : s.picked) {
        if (i >= views.size()) throw Error(ErrorCode::Corrupt, "it lacks its operand " + std::to_string(i));
        s.inputs.push_back(views[i]);
    }
    bool empty = true;
    for (const uint32_t v : l.outputs) {
        s.outputs.push_back(get(v).view);
        empty = empty && s.outputs.back().count() == 0;
    }
    if (empty) return;
    if (!s.ready || !sameLayer(s.made, desc)) {
        if (!l.resolve) desc.program = l.program;
        prepare(s, l, std::move(desc));
    }
    KernelArgs args;
    args.inputs = s.inputs;
    args.outputs = s.outputs;
    if (s.workspace <= l.workspace) args.workspace = arena_ + l.workspaceOffset;
    else args.workspace = s.scratch->address();
    shared_.stream.launch(*s.launch, args);
    shared_.launched();
}

void RegionExecutor::prepare(State& s, const schema::Layer& l, LayerDesc desc) {
    s.ready = false;
    checkLayerContract(desc);
    if (l.tactic.empty() || l.resolve || !usesStoredTactic(s, l, desc)) chooseTactic(s, l, desc);
    if (s.workspace > l.workspace && (!s.scratch || s.scratch->bytes() < s.workspace)) s.scratch = shared_.pool.allocate(s.workspace);
    s.made = std::move(desc);
    s.ready = true;
}

/// False when the kernel that was chosen at build cannot run these shapes, and another one could take its place.
bool RegionExecutor::usesStoredTactic(State& s, const schema::Layer& l, const LayerDesc& desc) {
    Device& device = shared_.engine.device();
    const bool packed = std::any_of(l.inputs.begin(), l.inputs.end(), [&](int32_t v) {
        const auto& weight = v >= 0 ? plan_.values[static_cast<size_t>(v)].weight : std::nullopt;
        return weight && !shared_.engine.header().weights[*weight].recipe.empty();
    });
    try {
        const TacticInfo info = device.describe(desc, l.tactic, shared_.threads);
        checkPromises(shared_.engine.header(), l, plan_.values, info, s.inputs, s.outputs);
        s.launch = device.prepare(desc, l.tactic, shared_.threads);
        s.workspace = info.workspace;
        return true;
    } catch (const Error& e) {
        // A device without a compiler has no code for shapes that the build did not see.
        if (packed || (e.code != ErrorCode::Kernel && e.code != ErrorCode::Device)) throw;
        return false;
    }
}

void RegionExecutor::chooseTactic(State& s, const schema::Layer& l, const LayerDesc& desc) {
    Device& device = shared_.engine.device();
    for (const Tactic& t : device.enumerateReady(desc, shared_.threads)) {
        if (!fitsViews(t.info, s.inputs, s.outputs)) continue;
        s.launch = device.prepare(desc, t.name, shared_.threads);
        s.workspace = t.info.workspace;
        return;
    }
    std::string operands;
    for (const TensorInfo& t : desc.inputs) operands += (operands.empty() ? "" : ", ") + (t.present() ? std::string(dtypeName(t.dtype)) + " " + shapeText(t.dims) : "-");
    throw Error(ErrorCode::Kernel, "no kernel runs " + l.op + " of " + operands);
}

}  // namespace sinter
