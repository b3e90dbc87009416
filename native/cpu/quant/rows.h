#pragma once
#include <cstdint>

#include "cpu/quant/tile.h"

namespace sinter::quant {

/// n contiguous numbers from one storage to another: read as (stored - fromZero) · scale (float32 as it is), written as
/// Quantizer does (float32 as it is).
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
