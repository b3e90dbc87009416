#pragma once
#include <cstdint>

namespace sinter::ceilings {

/// Each runs `rounds` rounds of independent multiply-adds in registers, with the instructions that the matrix kernels of
/// its instruction set use, and returns the operations done (a multiply-add counts two).
double floatsAvx2(int64_t rounds);
double floatsAvx512(int64_t rounds);
double bytesAvx2(int64_t rounds);
double bytesAvx512(int64_t rounds);
double bytesVnni(int64_t rounds);

}  // namespace sinter::ceilings
