#pragma once
#include <map>
#include <memory>

#include "core/device.h"

namespace sinter {

/// Buffers for tensors whose size is known only when they are made. A buffer returns to the pool with its last owner, and
/// serves the next tensor that fits. For one execution context; owners may outlive the pool.
class TensorPool {
public:
    explicit TensorPool(Device& device) : device_(device), free_(std::make_shared<Free>()) {}
    /// At least `bytes` bytes, uninitialized; never without an address.
    std::shared_ptr<Buffer> allocate(uint64_t bytes);

private:
    using Free = std::multimap<uint64_t, std::unique_ptr<Buffer>>;
    Device& device_;
    std::shared_ptr<Free> free_;
};

}  // namespace sinter
