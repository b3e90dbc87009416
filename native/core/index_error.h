#pragma once
#include <cstdint>
#include <string>

namespace sinter {

/// The sentence for an index that its axis does not have, the same on every device.
inline std::string indexOutside(const std::string& layer, int64_t index, int64_t extent) {
    return "index " + std::to_string(index) + " of layer \"" + layer + "\" is outside an axis of " + std::to_string(extent) + " elements";
}

}  // namespace sinter
