#include <cpuid.h>

#include <cstdlib>
#include <string>

#include "core/kernel.h"

namespace sinter {
namespace {

uint64_t readXcr0() {
    uint32_t lo = 0;
    uint32_t hi = 0;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (static_cast<uint64_t>(hi) << 32) | lo;
}

constexpr bool has(uint32_t word, int bit) { return (word >> bit) & 1U; }

/// What the processor has and the operating system saves across context switches.
Isa detectHardware() {
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return Isa::Scalar;
    const bool osxsave = has(c, 27), avx = has(c, 28), fma = has(c, 12), f16c = has(c, 29);
    if (!osxsave || !avx || !fma || !f16c) return Isa::Scalar;
    const uint64_t xcr0 = readXcr0();
    if ((xcr0 & 0x6) != 0x6) return Isa::Scalar;  // XMM and YMM state
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has(b, 5)) return Isa::Scalar;
    const bool avx512 = has(b, 16) && has(b, 17) && has(b, 30) && has(b, 31);  // F, DQ, BW, VL
    if (!avx512 || (xcr0 & 0xe6) != 0xe6) return Isa::Avx2;                    // opmask and ZMM state
    return has(c, 11) ? Isa::Avx512Vnni : Isa::Avx512;
}

/// SINTER_ISA=scalar|avx2|avx512|vnni lowers what is used (never raises it): for tests and comparisons on one machine.
Isa detectOnce() {
    const Isa found = detectHardware();
    const char* limit = std::getenv("SINTER_ISA");
    if (!limit) return found;
    for (Isa isa : {Isa::Scalar, Isa::Avx2, Isa::Avx512, Isa::Avx512Vnni}) {
        if (isaName(isa) == limit) return isa < found ? isa : found;
    }
    return found;
}

}  // namespace

Isa detectIsa() {
    static const Isa isa = detectOnce();
    return isa;
}

std::string_view isaName(Isa isa) {
    switch (isa) {
        case Isa::Avx2: return "avx2";
        case Isa::Avx512: return "avx512";
        case Isa::Avx512Vnni: return "vnni";
        case Isa::Scalar: break;
    }
    return "scalar";
}

}  // namespace sinter
