#pragma once
#include <bit>
#include <cstdint>

/// The fixed part of an engine file: docs/engine-format.md.
namespace sinter::format {

static_assert(std::endian::native == std::endian::little, "engine files are little-endian and mapped");

constexpr char kMagic[8] = {'S', 'I', 'N', 'T', 'E', 'R', '\0', '\1'};
constexpr uint32_t kVersion = 1;
constexpr uint64_t kAlignment = 64;
/// Headers hold no weights: anything larger is not an engine.
constexpr uint64_t kMaxHeader = 1ULL << 30;

struct Preamble {
    char magic[8];
    uint32_t version;
    uint32_t flags;
    uint64_t headerBytes;
    uint64_t blobOffset;
    uint64_t blobBytes;
    uint32_t headerCrc;
    uint32_t blobCrc;
    uint8_t reserved[16];
};
static_assert(sizeof(Preamble) == 64);

constexpr uint64_t alignUp(uint64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace sinter::format
