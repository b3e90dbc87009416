#pragma once
#include <cstdint>

#include "cpu/quant/tile.h"

namespace sinter::quant {

/// n contiguous numbers from one storage to another, through float32: 8-bit numbers are read as (stored - fromZero) · scale
/// and written as Quantizer does, 16-bit ones widened and rounded to nearest even, float32 is as it is.
struct RowMove {
    const std::byte* from;
    std::byte* to;
    int64_t n;
    Storage fromType, toType;
    float scale;
    int fromZero;
    float inverse, lo, hi;
    int toZero;
};
using RowMoveFn = void (*)(const RowMove&);

RowMoveFn rowMoveAvx2();
RowMoveFn rowMoveAvx512();

}  // namespace sinter::quant
