#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sinter {

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
    struct Free {
        void operator()(std::byte* p) const;
    };
    std::unique_ptr<std::byte[], Free> data_;
    uint64_t bytes_ = 0;
};

}  // namespace sinter
