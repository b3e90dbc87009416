#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sinter {

/// How a block goes back to where it came from.
struct HostMemoryFree {
    void* mapping = nullptr;  ///< what was mapped, of `mapped` bytes; null when the memory was allocated
    uint64_t mapped = 0;
    void operator()(std::byte* p) const;
};

/// Host memory for tensors: 64-byte aligned; from 2 MB on aligned to huge pages and advised so.
/// A little slack follows the end, so that a vector load at the last element stays inside.
class HostMemory {
public:
    HostMemory() = default;
    explicit HostMemory(uint64_t bytes);

    std::byte* data() const { return data_.get(); }
    uint64_t bytes() const { return bytes_; }
    std::span<std::byte> span() const { return {data_.get(), static_cast<size_t>(bytes_)}; }

private:
    std::unique_ptr<std::byte[], HostMemoryFree> data_;
    uint64_t bytes_ = 0;
};

}  // namespace sinter
