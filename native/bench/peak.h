#pragma once
#include <cstdint>

namespace sinter::bench {

/// Runs `rounds` rounds of independent multiply-adds; returns the floating-point operations done.
double fmaAvx2(int64_t rounds);
double fmaAvx512(int64_t rounds);

}  // namespace sinter::bench
