#include <cpuid.h>

#include "core/kernel.h"
#include "cpu/matmul/gemm_kernels.h"

namespace sinter::gemm {

bool pairsAvailable() {
    static const bool available = [] {
        if (detectIsa() < Isa::Avx512) return false;
        unsigned a = 0, b = 0, c = 0, d = 0;
        constexpr unsigned kBf16Vector = 1u << 5;
        return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & kBf16Vector) != 0;
    }();
    return available;
}

}  // namespace sinter::gemm
