#include "cpu/reference/row_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cpu/reference/convert.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {

void writeStatistics(const KernelArgs& args, const TensorView& rows, const TensorView& to) {
    const auto last = static_cast<size_t>(rows.rank - 1);
    const std::span<const int64_t> outer(rows.dims.data(), last);
    const int64_t groups = rows.dims[last] / kStatisticsGroup;
    parallel(args.pool, countOf(outer), 64, [&](int64_t begin, int64_t end, int) {
        Odometer at(outer, begin);
        std::array<double, kStatisticsGroup> held;
        for (int64_t r = begin; r < end; ++r, at.next()) {
            const int64_t from = offsetOf(at.at(), rows.strides), into = offsetOf(at.at(), to.strides);
            for (int64_t g = 0; g < groups; ++g) {
                load(rows.dtype, rows.data, from + g * kStatisticsGroup * rows.strides[last], rows.strides[last], kStatisticsGroup, held.data());
                double mean = 0, squares = 0;
                for (const double x : held) mean += x / kStatisticsGroup;
                for (const double x : held) squares += (x - mean) * (x - mean);
                const double pair[] = {mean, squares};
                store(to.dtype, to.data, into + g * to.strides[last], to.strides[last + 1], 2, pair);
            }
        }
    });
}

double rowNumber(const TensorView& statistics, std::span<const int64_t> coords, const RowNumber& number) {
    const auto groupAxis = static_cast<size_t>(statistics.rank - 2);
    const int64_t groups = statistics.dims[groupAxis];
    int64_t from = 0;
    for (size_t a = 0; a < groupAxis; ++a) from += coords[a] * statistics.strides[a];
    const auto group = [&](int64_t g) {
        std::array<double, 2> pair{};
        load(statistics.dtype, statistics.data, from + g * statistics.strides[groupAxis], statistics.strides[groupAxis + 1], 2, pair.data());
        return pair;
    };
    double mean = 0, squares = 0;
    for (int64_t g = 0; g < groups; ++g) mean += group(g)[0] / static_cast<double>(groups);
    if (!number.factor) return mean;
    for (int64_t g = 0; g < groups; ++g) {
        const auto [m, s] = group(g);
        squares += s + kStatisticsGroup * (m - mean) * (m - mean);
    }
    return 1 / std::sqrt(squares / static_cast<double>(groups * kStatisticsGroup) + number.epsilon);
}

}  // namespace sinter::ref
