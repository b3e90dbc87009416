#pragma once
#include <cstdint>

namespace sinter::pool {

/// How elements are folded into one.
enum class Fold : uint8_t { Sum, Max, Min, SumSquare, SumAbs, Count };

/// out[c] = scale · fold over taps of taps[t][c], vectors of channels at a time. With folds of 16-bit numbers these lie where
/// taps and out point.
struct Columns {
    const float* const* taps;
    int64_t count;   ///< at least 1
    float* out;
    int64_t channels;
    float scale;     ///< for the sums
};
using ColumnsFn = void (*)(const Columns&);
/// The fold of n >= 1 contiguous elements.
using RowFn = float (*)(const float*, int64_t n);

struct Folds {
    const ColumnsFn* columns;  ///< by Fold
    /// Sum and Max of float16 and bfloat16, folded in float32 and rounded once.
    const ColumnsFn* float16;
    const ColumnsFn* bfloat16;
    const RowFn* rows;
};

const Folds& foldsAvx2();
const Folds& foldsAvx512();

}  // namespace sinter::pool
