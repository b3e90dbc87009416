#pragma once
#include <span>

#include "core/kernel.h"
#include "core/row_statistics.h"

namespace sinter::ref {

/// Writes the statistics (core/row_statistics.h) of all rows of `rows` into `to`.
void writeStatistics(const KernelArgs& args, const TensorView& rows, const TensorView& to);

/// The number of the row at `coords` (all axes but the last count) whose statistics these are.
double rowNumber(const TensorView& statistics, std::span<const int64_t> coords, const RowNumber& number);

}  // namespace sinter::ref
