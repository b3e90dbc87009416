#pragma once
#include <string_view>
#include <vector>

#include "core/device.h"
#include "core/host_memory.h"

namespace sinter {

/// A tensor in host memory, dense and row-major.
struct HostTensor {
    TensorInfo info;
    HostMemory memory;
};

/// Runs one layer once, for folding and tests. `inputs` are dense row-major host tensors, one per layer input (absent
/// ones as default views); `layer` gives the outputs' types and shapes. `tactic` "" means the scalar reference.
/// Layouts, packed constants and workspace that the tactic wants are made here. Throws Error naming the layer.
std::vector<HostTensor> evaluateLayer(Device& device, const LayerDesc& layer, std::span<const TensorView> inputs,
                                      std::string_view tactic = "", int threads = 1);

/// As above on an existing stream: tests and folding make many small calls.
std::vector<HostTensor> evaluateLayer(Device& device, Stream& stream, const LayerDesc& layer, std::span<const TensorView> inputs,
                                      std::string_view tactic, int threads);

}  // namespace sinter
