#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/device.h"
#include "core/dim.h"
#include "core/engine.h"
#include "core/tensor_pool.h"

namespace sinter {

/// A tensor while a region runs. `owner` keeps its memory where that comes from the pool; the arena's, a weight's and the
/// caller's memory have none.
struct RegionTensor {
    TensorInfo info;
    TensorView view;
    std::shared_ptr<Buffer> owner;
    /// A sequence: its tensors, dense and in the pool's memory. Never changed once made: sequences share them.
    std::shared_ptr<const std::vector<RegionTensor>> items;
    bool present() const { return info.present(); }
};

/// What all regions of one running engine share.
struct RegionShared {
    const Engine& engine;
    int threads;
    Stream& stream;
    TensorPool pool;
    SymbolValues symbols;       ///< those of the inputs are set for good, the others while layers run
    std::vector<bool> bound;    ///< per symbol: the inputs' shapes decided it
    const StopToken* stop = nullptr;
    /// The device may still be at work on memory that it shares with the host.
    bool pending = false;

    /// To be called before the host reads or writes a tensor, or takes memory from the pool to write it.
    void reachHost();
    void launched() { pending = !engine.device().sharesHostMemory(); }
};

/// The plan of the main graph or of a region, as the engine's header gives it.
struct RegionPlan {
    std::span<const schema::Value> values;
    std::vector<int32_t> inputs;
    std::vector<uint32_t> outputs;
    std::span<const schema::Layer> layers;
    uint64_t arenaBytes = 0;
};
RegionPlan planOf(const schema::Engine& engine);
RegionPlan planOf(const schema::Region& region);

/// Runs the layers of a plan in order where shapes or control flow are decided on the way: a layer is made for the shapes
/// that its operands have, and kept while they stay the same. Errors carry the layer's name.
class RegionExecutor {
public:
    /// `arena`: the plan's own memory, of plan.arenaBytes.
    RegionExecutor(RegionShared& shared, RegionPlan plan, std::byte* arena);
    ~RegionExecutor();

    /// Binds the inputs, one per plan.inputs. What they view must stay valid until the outputs have been taken.
    void begin(std::span<const RegionTensor> inputs);
    size_t layerCount() const { return plan_.layers.size(); }
    void runLayer(size_t index);
    void run(std::span<const RegionTensor> inputs);
    /// A result, dense and row-major in memory that the caller may keep.
    RegionTensor output(size_t index);
    const RegionPlan& plan() const { return plan_; }

    RegionShared& shared() { return shared_; }
    void reachHost() { shared_.reachHost(); }
    /// A new tensor from the pool, dense and row-major.
    RegionTensor allocate(DType dtype, std::vector<int64_t> dims);
    /// The tensor itself when it is dense and lies in the pool, else a copy that does.
    RegionTensor kept(const RegionTensor& t);

private:
    struct State;
    friend class ControlFlow;
    friend class SequenceLayers;

    RegionTensor& get(uint32_t value);
    const RegionTensor& input(const schema::Layer& l, size_t index);
    void define(uint32_t value, const RegionTensor& t);
    /// Sets the symbols that a value's shape consists of, and holds the rest against it.
    void bindSymbols(uint32_t value, std::span<const int64_t> dims);
    bool isFixed(const schema::Value& v) const;
    /// Type and shape of a value; -1 for the dimensions that only running decides.
    TensorInfo describeOpen(const schema::Value& v) const;
    void execute(State& s, const schema::Layer& l);
    void prepare(State& s, const schema::Layer& l, LayerDesc desc);
    bool usesStoredTactic(State& s, const schema::Layer& l, const LayerDesc& desc);
    void chooseTactic(State& s, const schema::Layer& l, const LayerDesc& desc);
    RegionExecutor& region(State& s, const schema::Layer& l, size_t index);

    RegionShared& shared_;
    RegionPlan plan_;
    std::byte* arena_;
    std::vector<RegionTensor> tensors_;
    std::vector<bool> known_, persistent_;
    std::vector<size_t> lastUse_;
    std::vector<std::vector<uint32_t>> expire_;  ///< per layer: values that nothing reads after it
    std::vector<std::unique_ptr<State>> states_;
};

}  // namespace sinter
