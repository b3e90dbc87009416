#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/device.h"
#include "core/dim.h"
#include "core/engine.h"

namespace sinter {

/// An engine at one set of concrete shapes: every view resolved, every kernel made. Bound to one arena.
/// Slots are the caller's tensors: the engine's inputs in order, then its outputs.
class ExecutionPlan {
public:
    struct Layer {
        const schema::Layer* source = nullptr;
        std::unique_ptr<Launch> launch;  ///< null: nothing to do (all outputs are empty)
        std::vector<TensorView> inputs;
        std::vector<TensorView> outputs;
        void* workspace = nullptr;
    };

    /// Throws Error with the layer's name when a kernel cannot run with these shapes or storage does not suffice.
    ExecutionPlan(const Engine& engine, SymbolValues symbols, const Buffer& arena, int threads);

    const SymbolValues& symbols() const { return symbols_; }
    const std::vector<TensorInfo>& slotInfos() const { return slots_; }
    std::vector<Layer>& layers() { return layers_; }

    /// Points every view of a slot at the caller's memory. Cheap when nothing changed.
    void bind(std::span<void* const> addresses);
    /// Outputs that no layer writes in place (an input passed through, a strided view, one value under two names).
    void copyRemainingOutputs(std::span<void* const> addresses) const;
    /// Whether a slot is one of these outputs.
    bool copiedOutput(size_t slot) const;
    /// The same from a device with memory of its own: `addresses` are the device's, `host` the caller's.
    void copyRemainingOutputs(std::span<void* const> addresses, std::span<void* const> host, Stream& stream) const;

private:
    /// Where a value lies: a view with an address, or one relative to a slot.
    struct Place {
        TensorView view;
        int slot = -1;
        int64_t offset = 0;  ///< bytes from the slot's start
        bool resolved = false;
    };
    struct Patch {
        TensorView* view;
        int slot;
        int64_t offset;
    };
    struct OutputCopy {
        size_t slot;
        uint32_t value;
    };

    TensorView sourceOf(const OutputCopy& c, std::span<void* const> addresses) const;
    void placeSlots(const Engine& engine);
    const Place& place(const Engine& engine, uint32_t value, const Buffer& arena);
    void placeView(const schema::Value& v, const TensorInfo& info, const Place& base, Place& p) const;
    void prepareLayer(const Engine& engine, const schema::Layer& source, const Buffer& arena, int threads,
                      std::vector<uint64_t>& scratch);

    SymbolValues symbols_;
    std::vector<TensorInfo> slots_;
    std::vector<int> slotOf_;  ///< per value, -1 = not external
    std::vector<Place> places_;
    std::vector<Layer> layers_;
    std::vector<Patch> patches_;
    std::vector<OutputCopy> copies_;
    std::vector<void*> bound_;
    /// Per stream, for kernels that need more workspace than the engine reserved.
    std::vector<std::unique_ptr<Buffer>> scratch_;
};

}  // namespace sinter
