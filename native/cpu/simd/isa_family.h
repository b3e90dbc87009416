#pragma once
#include <string>

#include "core/kernel.h"

namespace sinter::simd {

/// What code compiled for the baseline must know of an instruction set without running any of it.
struct IsaFamily {
    Isa isa;
    const char* suffix;      ///< as in kernel names
    int lanes;               ///< floats in a vector
    int tileRows;            ///< most rows of a register tile of the matrix kernels
    double flopsPerNs;       ///< sustained by one thread in large products; ranks untuned plans
    double bytesPerNs;       ///< one thread, from beyond the second-level cache
};

inline constexpr IsaFamily kAvx2{Isa::Avx2, "avx2", 8, 6, 100, 12};
inline constexpr IsaFamily kAvx512{Isa::Avx512, "avx512", 16, 14, 200, 14};
/// Products of bfloat16 pairs.
inline constexpr IsaFamily kPairs{Isa::Avx512, "bf16", 16, 14, 380, 14};

}  // namespace sinter::simd
