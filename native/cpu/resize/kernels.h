#pragma once
#include <cstdint>

namespace sinter::resize {

/// out[i] = Σ weights[t] · rows[t][i] for i < n; taps >= 1.
using CombineFn = void (*)(const float* const* rows, const float* weights, int taps, int64_t n, float* out);

CombineFn combineAvx2();
CombineFn combineAvx512();

}  // namespace sinter::resize
