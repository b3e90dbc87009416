#pragma once
#include <cstdint>

#include "cpu/quant/rows.h"

namespace sinter::quant {

/// out[c] from taps[t][c], vectors of channels at a time: the largest stored number, or the mean by way of an exact sum:
/// (sum - zeros) · factor, stored as `out` says.
struct Fold {
    const std::byte* const* taps;
    int64_t count;  ///< at least 1
    std::byte* out;
    int64_t channels;
    bool isUnsigned;
    int zeros;     ///< count · zero point
    float factor;  ///< scale / divisor
    RowMove store;
};

struct Folds {
    void (*largest)(const Fold&);
    void (*mean)(const Fold&);
};
const Folds& foldsAvx2();
const Folds& foldsAvx512();

}  // namespace sinter::quant
