#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/kernel_tracer.h"

namespace sinter {

/// How kernels that were traced are told apart by layer: by their order. Layers run one by one first, which says what kernels
/// each has; a replayed recording then runs the same kernels, whose order in it is known.
class LayerTrace {
public:
    /// The kernels of the next layer, as it ran alone.
    void addLayer(std::vector<TracedKernel> kernels);
    size_t layers() const { return counts_.size(); }

    struct Span {
        double start = 0, end = 0;  ///< nanoseconds from the first kernel of the run; equal where the layer has no kernel
    };
    /// Where each layer lies in a run of all of them. `streams`: the stream of each layer; a kernel that was started while its
    /// predecessor on that stream drained counts from that one's end. Nothing when the run is not the layers' kernels.
    std::vector<Span> assign(std::vector<TracedKernel> run, const std::vector<uint32_t>& streams) const;

private:
    std::vector<size_t> counts_;      ///< kernels per layer
    std::vector<std::string> names_;  ///< of all layers in order
};

}  // namespace sinter
