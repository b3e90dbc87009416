#include "core/tensor_pool.h"

#include <algorithm>
#include <bit>

namespace sinter {

std::shared_ptr<Buffer> TensorPool::allocate(uint64_t bytes) {
    const uint64_t wanted = std::max<uint64_t>(bytes, 64);
    std::unique_ptr<Buffer> buffer;
    // A block more than twice as large would be wasted on this tensor.
    if (const auto at = free_->lower_bound(wanted); at != free_->end() && at->first / 2 <= wanted) {
        buffer = std::move(at->second);
        free_->erase(at);
    } else {
        // Powers of two up to 1 MB: lengths that creep from turn to turn share blocks.
        buffer = device_.allocateShared(wanted < (1U << 20) ? std::bit_ceil(wanted) : wanted);
    }
    Buffer* raw = buffer.release();
    return {raw, [home = std::weak_ptr<Free>(free_)](Buffer* b) {
                std::unique_ptr<Buffer> owned(b);
                if (const auto free = home.lock()) free->emplace(owned->bytes(), std::move(owned));
            }};
}

}  // namespace sinter
