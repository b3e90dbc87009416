#pragma once
// Statistics of matrix rows for normalizations that have no kernel of their own: the product that computes a row writes, for every
// group of 32 columns, their mean and the sum of their squared distances from it; whoever reads the row merges the groups, in order
// (Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances, 1979). Rows far from zero lose
// nothing by that, as they would in sums of squares.
#include "prelude.cuh"

constexpr int kStatisticsGroup = 32;  ///< columns; STATISTICS_GROUP of core/row_statistics.h

/// Of one group of columns: mean, and sum of squared distances from it.
struct alignas(8) GroupStatistics {
    float mean, squares;
};

/// Of a whole row: mean, and 1 / √(variance + ε).
struct alignas(8) RowStatistics {
    float mean, factor;
};

/// Of the group of 32 columns of a row that `column` is in, V numbers are in each of 32 / V neighbouring lanes, all of which take part; the lane that
/// `writes` writes.
template <int V> SINTER_DEVICE void write_group_statistics(GroupStatistics* row, int column, bool writes, const float (&v)[V]) {
    constexpr int LANES = kStatisticsGroup / V;
    const unsigned lane = threadIdx.x & 31, mask = (LANES == 32 ? ~0u : (1u << LANES) - 1) << (lane & ~(LANES - 1u));
    float mean = 0, squares = 0;
#pragma unroll
    for (int i = 0; i < V; ++i) mean += v[i];
    mean *= 1.0f / V;
#pragma unroll
    for (int i = 0; i < V; ++i) squares = fmaf(v[i] - mean, v[i] - mean, squares);
#pragma unroll
    for (int d = 1; d < LANES; d *= 2) {
        const float otherMean = __shfl_xor_sync(mask, mean, d), otherSquares = __shfl_xor_sync(mask, squares, d), distance = otherMean - mean;
        mean = 0.5f * (mean + otherMean);
        squares = fmaf(distance * distance, 0.5f * V * d, squares + otherSquares);
    }
    if (writes) row[column / kStatisticsGroup] = {mean, squares};
}

/// Merges the groups of a row. Called by a pair of neighbouring lanes (`part` 0 and 1), both get the result.
template <int GROUPS> SINTER_DEVICE RowStatistics merge_group_statistics(const GroupStatistics* row, int part, float epsilon) {
    const unsigned mask = 3u << (threadIdx.x & 30);
    GroupStatistics held[(GROUPS + 1) / 2];
    float sum = 0;
#pragma unroll
    for (int g = 0; g < GROUPS; g += 2) {
        held[g / 2] = g + part < GROUPS ? row[g + part] : GroupStatistics{};
        sum += held[g / 2].mean;
    }
    sum += __shfl_xor_sync(mask, sum, 1);
    const float mean = sum * (1.0f / GROUPS);
    float squares = 0;
#pragma unroll
    for (int g = 0; g < GROUPS; g += 2) {
        const float d = g + part < GROUPS ? held[g / 2].mean - mean : 0.0f;
        squares += fmaf(kStatisticsGroup * d, d, held[g / 2].squares);
    }
    squares += __shfl_xor_sync(mask, squares, 1);
    return {mean, rsqrtf(squares * (1.0f / (GROUPS * kStatisticsGroup)) + epsilon)};
}
