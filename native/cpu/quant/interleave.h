#pragma once
#include <cstddef>
#include <cstdint>

namespace sinter::quant {

/// to[3 · pixel + channel] of n pixels from three planes of bytes.
void interleaveThreeAvx2(const std::byte* const planes[3], int64_t n, std::byte* to);

}  // namespace sinter::quant
