#include "core/crc32.h"

#include <array>
#include <bit>
#include <cstring>

namespace sinter {
namespace {

static_assert(std::endian::native == std::endian::little);

/// Slicing by eight (Kounavis and Berry, 2005): table k advances a byte through k more zero bytes.
constexpr auto makeTables() {
    std::array<std::array<uint32_t, 256>, 8> t{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t c = i;
        for (int k = 0; k < 8; ++k) c = (c & 1U) ? 0xedb88320U ^ (c >> 1) : c >> 1;
        t[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; ++i) {
        for (size_t k = 1; k < 8; ++k) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xff];
    }
    return t;
}

constexpr auto kTables = makeTables();

}  // namespace

uint32_t crc32(std::span<const std::byte> bytes, uint32_t previous) {
    uint32_t crc = ~previous;
    const std::byte* p = bytes.data();
    size_t left = bytes.size();
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t word = 0;
        std::memcpy(&word, p, sizeof word);
        word ^= crc;
        crc = 0;
        for (size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][(word >> (8 * k)) & 0xff];
    }
    for (; left > 0; --left, ++p) crc = kTables[0][(crc ^ static_cast<uint32_t>(*p)) & 0xff] ^ (crc >> 8);
    return ~crc;
}

}  // namespace sinter
