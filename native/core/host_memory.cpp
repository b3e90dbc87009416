#include "core/host_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <string>

#include "core/error.h"

namespace sinter {
namespace {
constexpr uint64_t kSlack = 64;
constexpr uint64_t kHuge = 2u << 20;
}  // namespace

void HostMemory::Free::operator()(std::byte* p) const { std::free(p); }

HostMemory::HostMemory(uint64_t bytes) : bytes_(bytes) {
    const uint64_t alignment = bytes >= kHuge ? kHuge : 64;
    if (bytes > (uint64_t{1} << 47)) throw Error(ErrorCode::Memory, std::to_string(bytes) + " bytes of memory cannot be had");
    const uint64_t size = (bytes + kSlack + alignment - 1) / alignment * alignment;
    auto* p = static_cast<std::byte*>(std::aligned_alloc(alignment, size));
    if (!p) throw Error(ErrorCode::Memory, "not enough memory: " + std::to_string(bytes >> 20) + " MB are needed");
    data_.reset(p);
    if (alignment == kHuge) ::madvise(p, size, MADV_HUGEPAGE);
}

}  // namespace sinter
