#include "core/host_memory.h"

#include <sys/mman.h>
#include <sys/sysinfo.h>

#include <cstdlib>
#include <string>

#include "core/error.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#endif

namespace sinter {
namespace {
constexpr uint64_t kSlack = 64;
constexpr uint64_t kHuge = 2u << 20;

/// All that the machine has, swap included. The system promises more and ends the process that takes it at its word.
uint64_t memoryOfMachine() {
    static const uint64_t bytes = [] {
        struct sysinfo info {};
        return ::sysinfo(&info) == 0 ? (uint64_t{info.totalram} + info.totalswap) * info.mem_unit : ~uint64_t{0};
    }();
    return bytes;
}
}  // namespace

void HostMemoryFree::operator()(std::byte* p) const {
    if (!mapping) return std::free(p);
    ASAN_UNPOISON_MEMORY_REGION(mapping, mapped);
    ::munmap(mapping, mapped);
}

HostMemory::HostMemory(uint64_t bytes) : bytes_(bytes) {
    if (bytes > memoryOfMachine()) {
        throw Error(ErrorCode::Memory, "not enough memory: " + std::to_string(bytes >> 20) + " MB are needed, this machine has " +
                                           std::to_string(memoryOfMachine() >> 20));
    }
    const auto refuse = [&] { throw Error(ErrorCode::Memory, "not enough memory: " + std::to_string(bytes >> 20) + " MB are needed"); };
    if (bytes < kHuge) {
        const uint64_t whole = (bytes + kSlack + 63) / 64 * 64;
        auto* p = static_cast<std::byte*>(std::aligned_alloc(64, whole));
        if (!p) refuse();
        // Sanitized builds see an access to the slack, which kernels may only make with what they throw away.
        ASAN_POISON_MEMORY_REGION(p + bytes, whole - bytes);
        data_.reset(p);
        return;
    }
    // Mapped, not allocated: the allocator of Chromium, which is malloc inside Electron, ends the process when it is
    // asked for an alignment above 1 MB.
    const uint64_t size = (bytes + kSlack + kHuge - 1) / kHuge * kHuge;
    void* at = ::mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) refuse();
    const auto address = (reinterpret_cast<uintptr_t>(at) + kHuge - 1) / kHuge * kHuge;
    auto* p = reinterpret_cast<std::byte*>(address);
    data_ = std::unique_ptr<std::byte[], HostMemoryFree>(p, HostMemoryFree{at, size + kHuge});
    ::madvise(p, size, MADV_HUGEPAGE);
    ASAN_POISON_MEMORY_REGION(p + bytes, size - bytes);
}

}  // namespace sinter
