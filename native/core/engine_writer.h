#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/device.h"

namespace sinter {

struct WriteProgress {
    uint64_t done = 0;   ///< bytes of the blob
    uint64_t total = 0;
};

/// Writes an engine file: evaluates, packs and streams one weight at a time (docs/engine-format.md, "Writing").
/// `header` is an Engine message whose weight offsets and lengths are final; `files` are the paths that its weight
/// expressions index. Throws Error; whatever happens, no partial file is left.
void writeEngine(const std::string& path, std::span<const std::byte> header, const std::vector<std::string>& files,
                 const std::function<void(WriteProgress)>& progress = {}, const StopToken* stop = nullptr);

}  // namespace sinter
