#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/layer.h"

namespace sinter {

/// Normalizations that have no layer of their own: the MatMul that computes rows also writes their statistics, and the programs of
/// MatMuls that read these rows normalize (docs/layers.md). Statistics of y[…, C] are float32 […, C / 32, 2]: per group of 32 columns
/// their mean and the sum of their squared distances from it.
constexpr int64_t kStatisticsGroup = 32;

/// Whether the layer's last output is the statistics of the one before it (attribute `statistics`).
bool writesStatistics(const LayerDesc& layer);
/// The outputs that hold the layer's result.
size_t resultCount(const LayerDesc& layer);
/// Shape of the statistics of rows of this shape; empty where there are none.
std::vector<int64_t> statisticsDims(std::span<const int64_t> rows);

/// A number that a program takes of every row: RowMean(s), or RowFactor(s) = 1 / √(variance + ε).
struct RowNumber {
    uint32_t operand = 0;  ///< of the program: the statistics
    bool factor = false;
    double epsilon = 0;
};

/// A program whose numbers of rows have become operands: those of `numbers`, in order, behind the program's own.
struct SeparatedProgram {
    PointwiseProgram program;
    std::vector<RowNumber> numbers;
    /// Whether operand k of the program is statistics.
    bool isStatistics(size_t k) const;
};
SeparatedProgram separateRowNumbers(const PointwiseProgram& program);

/// Whether the operands that separateRowNumbers found belong to results of this shape and are read for nothing else.
bool statisticsFit(const LayerDesc& layer, const SeparatedProgram& separated, std::span<const int64_t> result);

}  // namespace sinter
