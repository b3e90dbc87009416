#include "core/execution_plan.h"

#include <algorithm>
#include <deque>

#include "core/describe.h"
#include "core/error.h"
#include "core/host_memory.h"
#include "core/layer_checks.h"
#include "core/stand_in.h"
#include "core/strided_copy.h"
#include "core/view_of.h"

namespace sinter {
namespace {

uint64_t bytesOf(const TensorInfo& t) { return static_cast<uint64_t>(t.count()) * dtypeSize(t.dtype); }

/// Where kernels are compiled for their sizes, those that the engine does not hold yet are compiled together, on all cores. What
/// does not compile, or cannot where there is no compiler, is left to each layer.
void compileAhead(const Engine& engine, const SymbolValues& symbols) {
    const schema::Engine& h = engine.header();
    if (h.symbols.empty() || engine.device().sharesHostMemory()) return;
    std::deque<LayerDesc> descs;
    std::vector<LayerTactic> tactics;
    for (const schema::Layer& l : h.layers) {
        const LayerDesc& d = descs.emplace_back(describeLayer(h, l, symbols));
        if (std::all_of(d.outputs.begin(), d.outputs.end(), [](const TensorInfo& t) { return t.count() == 0; })) continue;
        checkLayerContract(d);
        tactics.push_back({&d, l.tactic});
    }
    try {
        engine.device().prefetch(tactics, nullptr);
    } catch (const Error&) {
        return;
    }
}

}  // namespace

ExecutionPlan::ExecutionPlan(const Engine& engine, SymbolValues symbols, const Buffer& arena, int threads)
    : symbols_(std::move(symbols)) {
    const schema::Engine& h = engine.header();
    placeSlots(engine);
    compileAhead(engine, symbols_);
    places_.resize(h.values.size());
    layers_.reserve(h.layers.size());  // patches point into it
    std::vector<uint64_t> scratch;
    for (const schema::Layer& l : h.layers) prepareLayer(engine, l, arena, threads, scratch);
    for (const uint64_t bytes : scratch) scratch_.push_back(engine.device().allocate(std::max<uint64_t>(bytes, 1)));
    for (Layer& l : layers_) {
        if (!l.workspace && l.source->stream < scratch_.size()) l.workspace = scratch_[l.source->stream]->address();
    }
    for (const OutputCopy& c : copies_) place(engine, c.value, arena);
    bound_.assign(slots_.size(), nullptr);
}

void ExecutionPlan::placeSlots(const Engine& engine) {
    const schema::Engine& h = engine.header();
    slotOf_.assign(h.values.size(), -1);
    const auto add = [&](const schema::Binding& b) {
        slots_.push_back(describeValue(h.values[b.value], symbols_, h.symbols));
        return static_cast<int>(slots_.size() - 1);
    };
    for (const schema::Binding& b : h.inputs) slotOf_[b.value] = add(b);
    for (const schema::Binding& b : h.outputs) {
        const int slot = add(b);
        if (h.values[b.value].external && slotOf_[b.value] < 0) slotOf_[b.value] = slot;
        else copies_.push_back({static_cast<size_t>(slot), b.value});
    }
}

const ExecutionPlan::Place& ExecutionPlan::place(const Engine& engine, uint32_t index, const Buffer& arena) {
    Place& p = places_[index];
    if (p.resolved) return p;
    const schema::Engine& h = engine.header();
    const schema::Value& v = h.values[index];
    const TensorInfo info = describeValue(v, symbols_, h.symbols);
    if (v.view) {
        const Place base = place(engine, v.view->of, arena);  // chains end: checked when the engine was loaded
        placeView(v, info, base, p);
    } else {
        p.view = makeView(info, nullptr);
        const uint64_t bytes = bytesOf(info);
        if (v.weight) {
            const schema::Weight& w = h.weights[*v.weight];
            if (w.recipe.empty() && bytes > w.length) throw Error(ErrorCode::Corrupt, "weight \"" + v.name + "\" is too short for its shape");
            p.view.data = static_cast<std::byte*>(engine.weights().address()) + w.offset;
        } else if (v.arenaOffset) {
            if ((v.maxBytes > 0 && bytes > v.maxBytes) || bytes > h.arenaBytes - *v.arenaOffset) {
                throw Error(ErrorCode::Shape, "value \"" + v.name + "\" needs " + std::to_string(bytes) + " bytes at " + shapeText(info.dims) +
                                                  ", the engine reserved " + std::to_string(v.maxBytes));
            }
            p.view.data = static_cast<std::byte*>(arena.address()) + *v.arenaOffset;
        } else {
            p.slot = slotOf_[index];
        }
    }
    p.resolved = true;
    return p;
}

void ExecutionPlan::placeView(const schema::Value& v, const TensorInfo& info, const Place& base, Place& p) const {
    int64_t offset = 0;
    p.view = viewOf(v, info, base.view, symbols_, offset);
    p.slot = base.slot;
    p.offset = base.offset + offset;
}

void ExecutionPlan::prepareLayer(const Engine& engine, const schema::Layer& source, const Buffer& arena, int threads,
                                 std::vector<uint64_t>& scratch) {
    const schema::Engine& h = engine.header();
    const LayerDesc desc = describeLayer(h, source, symbols_);
    Layer& l = layers_.emplace_back();
    l.source = &source;
    l.inputs.resize(source.inputs.size());
    l.outputs.resize(source.outputs.size());
    const auto resolve = [&](uint32_t value, TensorView& view) {
        const Place& p = place(engine, value, arena);
        view = p.view;
        if (p.slot >= 0) patches_.push_back({&view, p.slot, p.offset});
    };
    for (size_t i = 0; i < l.inputs.size(); ++i) {
        if (source.inputs[i] >= 0) resolve(static_cast<uint32_t>(source.inputs[i]), l.inputs[i]);
    }
    for (size_t i = 0; i < l.outputs.size(); ++i) resolve(source.outputs[i], l.outputs[i]);
    const bool empty = std::all_of(l.outputs.begin(), l.outputs.end(), [](const TensorView& v) { return v.count() == 0; });
    if (empty) return;

    checkLayerContract(desc);
    ReadyTactic ready = readyTactic(engine, source, desc, threads, l.inputs, l.outputs);
    if (ready.workspace <= source.workspace) l.workspace = static_cast<std::byte*>(arena.address()) + source.workspaceOffset;
    else {
        if (scratch.size() <= source.stream) scratch.resize(source.stream + 1);
        scratch[source.stream] = std::max(scratch[source.stream], ready.workspace);
    }
    l.launch = std::move(ready.launch);
}

void ExecutionPlan::bind(std::span<void* const> addresses) {
    if (std::equal(addresses.begin(), addresses.end(), bound_.begin(), bound_.end())) return;
    bound_.assign(addresses.begin(), addresses.end());
    for (const Patch& p : patches_) p.view->data = static_cast<std::byte*>(bound_[static_cast<size_t>(p.slot)]) + p.offset;
}

TensorView ExecutionPlan::sourceOf(const OutputCopy& c, std::span<void* const> addresses) const {
    const Place& p = places_[c.value];
    TensorView from = p.view;
    if (p.slot >= 0) from.data = static_cast<std::byte*>(addresses[static_cast<size_t>(p.slot)]) + p.offset;
    return from;
}

void ExecutionPlan::copyRemainingOutputs(std::span<void* const> addresses) const {
    for (const OutputCopy& c : copies_) copyStrided(makeView(slots_[c.slot], addresses[c.slot]), sourceOf(c, addresses));
}

bool ExecutionPlan::copiedOutput(size_t slot) const {
    return std::any_of(copies_.begin(), copies_.end(), [&](const OutputCopy& c) { return c.slot == slot; });
}

void ExecutionPlan::copyRemainingOutputs(std::span<void* const> addresses, std::span<void* const> host, Stream& stream) const {
    for (const OutputCopy& c : copies_) {
        TensorView from = sourceOf(c, addresses);
        if (from.count() == 0) continue;
        // The stretch of memory that the view touches; its elements are put in order on the host.
        uint64_t elements = 1;
        for (int i = 0; i < from.rank; ++i) elements += static_cast<uint64_t>((from.dims[i] - 1) * from.strides[i]);
        HostMemory stretch(elements * dtypeSize(from.dtype));
        stream.copyOut(stretch.data(), from.data, stretch.bytes());
        stream.synchronize();
        from.data = stretch.data();
        copyStrided(makeView(slots_[c.slot], host[c.slot]), from);
    }
}

}  // namespace sinter
