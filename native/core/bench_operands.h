#pragma once
#include <map>
#include <string>

#include "core/device.h"
#include "core/host_memory.h"

namespace sinter {

/// Random operands of one layer for all tactics that are timed on it, made once for every form that a tactic asks for.
class BenchOperands {
public:
    /// `sameNumbers`: operands in other layouts hold the same numbers in other places, so that results can be compared;
    /// otherwise just as many, which saves putting hundreds of megabytes into order.
    explicit BenchOperands(bool sameNumbers) : sameNumbers_(sameNumbers) {}

    /// Input `i` as `tactic` takes it: packed, or in the layout that `layer` has for it. Shorter than `bytesOf` where the device
    /// is to hold it again and again up to that length.
    const HostMemory& of(Device& device, const LayerDesc& layer, const std::string& tactic, const TacticInfo& info, size_t i);
    /// Bytes of that form on the device.
    static uint64_t bytesOf(const LayerDesc& layer, const TacticInfo& info, size_t i);

private:
    const HostMemory& plain(const LayerDesc& layer, size_t i, const std::string& layout);

    bool sameNumbers_;
    std::map<std::string, HostMemory> made_;
};

}  // namespace sinter
