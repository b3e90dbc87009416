#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace sinter {

/// CRC-32 with zlib's polynomial (what Node's zlib.crc32 computes). Continue a run by passing the previous result.
uint32_t crc32(std::span<const std::byte> bytes, uint32_t previous = 0);

}  // namespace sinter
