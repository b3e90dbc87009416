#pragma once
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/region_executor.h"

namespace sinter {

/// Runs an engine with regions at one set of input shapes: what ExecutionPlan is to the others.
class RegionRunner {
public:
    /// `inputSymbols`: bound from the inputs' shapes; the rest is decided while running. The arena (memory that the host
    /// reaches) and the stream are the context's.
    RegionRunner(const Engine& engine, SymbolValues inputSymbols, const Buffer& arena, Stream& stream, int threads);

    const SymbolValues& inputSymbols() const { return inputSymbols_; }
    const Engine& engine() const { return shared_.engine; }
    /// Inputs, then outputs. An output's shape is that of the last run; before it, open dimensions are 0.
    const std::vector<TensorInfo>& slotInfos() const { return slots_; }
    /// Where an output of the last run lies; valid until the next one.
    void* output(size_t index) const { return results_[index].view.data; }

    /// Gives a sequence, or an absent optional value, in place of an input's memory; until given anew.
    void setInput(size_t index, RegionTensor t) { special_[index] = std::move(t); }
    /// A result of the last run, sequences too.
    const RegionTensor& result(size_t index) const { return results_[index]; }

    void begin(std::span<const void* const> inputs, const StopToken* stop);
    size_t layerCount() const { return root_.layerCount(); }
    void runLayer(size_t index) { root_.runLayer(index); }
    /// Takes the results; those with an address in `outputs` are copied there.
    void finish(std::span<void* const> outputs);

private:
    void* placeOf(size_t index, const void* given);

    SymbolValues inputSymbols_;
    RegionShared shared_;
    RegionExecutor root_;
    size_t inputs_;
    std::vector<TensorInfo> slots_;
    std::vector<RegionTensor> results_;
    std::map<size_t, RegionTensor> special_;
    std::vector<std::unique_ptr<Buffer>> staging_;  ///< inputs, where the device cannot read the caller's memory
};

}  // namespace sinter
