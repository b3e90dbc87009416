#pragma once
#include <optional>
#include <string>

#include "core/recurrence.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda::recurrent {

/// Sequence in recurrent_cell.cuh.
struct DeviceSequence {
    const void *r = nullptr, *bias = nullptr, *peephole = nullptr;
    DeviceView lengths, h0, c0, y, yh, yc;
    void *projected = nullptr, *work = nullptr;
    int32_t steps = 0, batch = 0;
};

/// An LSTM, GRU or RNN layer as the kernels see it: x · W of all time steps is one matrix product, done by a MatMul kernel.
struct Plan {
    Recurrence s;
    DType state = DType::F32;  ///< what a hidden state is rounded to
    DType acc = DType::F32;
    LayerDesc product;         ///< the MatMul layer that writes `projected`, float32 or float64
    const KernelRow* row = nullptr;
    TacticInfo rowInfo;
    uint64_t projectedBytes() const;  ///< a multiple of 256

    /// Nothing when the layer is not well-formed or has types that the kernels do not know.
    static std::optional<Plan> of(const LayerDesc& d, Cell cell, const DeviceProperties& device);
    /// Layouts, views and packing of the layer's operands; the workspace holds `projected`, the product's own workspace and
    /// then `bytes` more.
    TacticInfo tactic(const LayerDesc& d, uint64_t bytes) const;
    /// Where these bytes begin.
    uint64_t workOffset() const;
    Source source(const LayerDesc& d, std::string file) const;
    DeviceSequence sequence(const KernelArgs& args) const;
    /// The product as the kernel that runs before the recurrence.
    Specialization project(const DeviceProperties& device) const;
    static void pack(const LayerDesc& d, const DeviceProperties& device, int input, const void* raw, void* packed);
};

/// Which cell an op is, and its row's name: f32_lstm__…
std::optional<Cell> cellOf(std::string_view op);

}  // namespace sinter::cuda::recurrent
