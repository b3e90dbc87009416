#include "core/region_runner.h"

#include <cstring>

#include "core/describe.h"
#include "core/error.h"
#include "core/strided_copy.h"

namespace sinter {
namespace {

RegionShared sharedOf(const Engine& engine, const SymbolValues& symbols, Stream& stream, int threads) {
    std::vector<bool> bound;
    for (const auto& s : symbols) bound.push_back(s.has_value());
    return {engine, threads, stream, TensorPool(engine.device()), symbols, std::move(bound)};
}

/// Type and shape of an engine input or output; 0 where the dimension is open.
TensorInfo slotOf(const schema::Engine& h, uint32_t value, const SymbolValues& symbols) {
    try {
        return describeValue(h.values[value], symbols, h.symbols);
    } catch (const Error&) {
        schema::Value scalar = h.values[value];
        scalar.shape.clear();
        TensorInfo t = describeValue(scalar, symbols, h.symbols);
        t.dims.assign(h.values[value].shape.size(), 0);
        return t;
    }
}

}  // namespace

RegionRunner::RegionRunner(const Engine& engine, SymbolValues inputSymbols, const Buffer& arena, Stream& stream, int threads)
    : inputSymbols_(std::move(inputSymbols)), shared_(sharedOf(engine, inputSymbols_, stream, threads)),
      root_(shared_, planOf(engine.header()), static_cast<std::byte*>(arena.address())), inputs_(engine.header().inputs.size()) {
    const schema::Engine& h = engine.header();
    for (const schema::Binding& b : h.inputs) slots_.push_back(slotOf(h, b.value, inputSymbols_));
    for (const schema::Binding& b : h.outputs) slots_.push_back(slotOf(h, b.value, inputSymbols_));
    results_.resize(h.outputs.size());
}

void RegionRunner::begin(std::span<const void* const> inputs, const StopToken* stop) {
    shared_.stop = stop;
    shared_.symbols = inputSymbols_;
    std::vector<RegionTensor> given(inputs_);
    for (size_t i = 0; i < inputs_; ++i) {
        if (const auto special = special_.find(i); special != special_.end()) {
            given[i] = special->second;
            continue;
        }
        given[i].info = slots_[i];
        given[i].view = makeView(slots_[i], placeOf(i, inputs[i]));
    }
    root_.begin(given);
}

/// Where the device reads an input: the caller's own memory, or a copy where the device cannot reach that.
void* RegionRunner::placeOf(size_t index, const void* given) {
    const uint64_t bytes = static_cast<uint64_t>(slots_[index].count()) * dtypeSize(slots_[index].dtype);
    if (shared_.engine.device().sharesHostMemory() || bytes == 0) return const_cast<void*>(given);  // kernels only read their inputs
    staging_.resize(inputs_);
    if (!staging_[index]) staging_[index] = shared_.engine.device().allocateShared(bytes);
    shared_.reachHost();
    std::memcpy(staging_[index]->address(), given, static_cast<size_t>(bytes));
    return staging_[index]->address();
}

void RegionRunner::finish(std::span<void* const> outputs) {
    for (size_t i = 0; i < results_.size(); ++i) results_[i] = root_.output(i);
    shared_.reachHost();
    for (size_t i = 0; i < results_.size(); ++i) {
        slots_[inputs_ + i] = results_[i].info;
        if (results_[i].items || !results_[i].present()) continue;
        const auto bytes = static_cast<size_t>(results_[i].info.count()) * dtypeSize(results_[i].info.dtype);
        if (i < outputs.size() && outputs[i] && bytes > 0) std::memcpy(outputs[i], results_[i].view.data, bytes);
    }
}

}  // namespace sinter
