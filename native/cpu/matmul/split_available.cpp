#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/kernel.h"
#include "cpu/matmul/split_kernels.h"

namespace sinter::gemm {
namespace {

constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM of arch_prctl(2)
constexpr long kTileData = 18;

bool detect() {
    if (detectIsa() < Isa::Avx512) return false;
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    constexpr unsigned kTile = 1u << 24, kBf16Tile = 1u << 22;
    if ((d & kTile) == 0 || (d & kBf16Tile) == 0) return false;
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d)) return false;
    constexpr unsigned kBf16Vector = 1u << 5;
    if ((a & kBf16Vector) == 0) return false;
#if defined(__linux__)
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
    return false;
#endif
}

}  // namespace

bool splitAvailable() {
    static const bool available = detect();
    return available;
}

}  // namespace sinter::gemm
