// Strided copies: every data-movement layer comes down to these.
#include <algorithm>
#include <cstring>

#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

// Elements of a parallel chunk: large enough to hide the cost of handing it out.
constexpr int64_t kGrain = 16384;
constexpr int64_t kBlock = 16;

template <typename T>
void copyRowTyped(T* to, int64_t toStride, const T* from, int64_t fromStride, int64_t n) {
    if (toStride == 1 && fromStride == 1) {
        std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    } else if (toStride == 1 && fromStride == 0) {
        std::fill_n(to, n, *from);
    } else if (toStride == 1) {
        for (int64_t i = 0; i < n; ++i) to[i] = from[i * fromStride];
    } else {
        for (int64_t i = 0; i < n; ++i) to[i * toStride] = from[i * fromStride];
    }
}

/// to[r * toRow + c] = from[r + c * fromCol], in square blocks so that both sides stay in cache lines once touched.
template <typename T>
void transposeBlock(T* to, int64_t toRow, const T* from, int64_t fromCol, int64_t rows, int64_t cols) {
    for (int64_t r0 = 0; r0 < rows; r0 += kBlock) {
        const int64_t r1 = std::min(rows, r0 + kBlock);
        for (int64_t c0 = 0; c0 < cols; c0 += kBlock) {
            const int64_t c1 = std::min(cols, c0 + kBlock);
            for (int64_t r = r0; r < r1; ++r)
                for (int64_t c = c0; c < c1; ++c) to[r * toRow + c] = from[r + c * fromCol];
        }
    }
}

template <typename T>
void copyTyped(ThreadPool* pool, const TensorView& to, const TensorView& from) {
    const std::array<Dims, 2> strides{to.strides, from.strides};
    const LoopNest nest(dimsOf(to), strides);
    if (nest.rows() == 0) return;
    T* dst = to.as<T>();
    const T* src = from.as<const T>();
    const int last = nest.rank() - 1;
    const int64_t ts = nest.stride(0, last), fs = nest.stride(1, last), n = nest.inner();

    // Destination rows are dense while the source is dense along another axis: transpose in blocks.
    int other = -1;
    if (ts == 1 && fs != 1 && fs != 0)
        for (int a = 0; a < last; ++a)
            if (nest.stride(1, a) == 1) other = a;
    if (other >= 0 && n >= 4 && nest.dim(other) >= 4) {
        std::vector<int64_t> outer;
        std::vector<Dims> outerStrides(2);
        for (int a = 0; a < last; ++a) {
            if (a == other) continue;
            for (int k = 0; k < 2; ++k) outerStrides[static_cast<size_t>(k)][outer.size()] = nest.stride(k, a);
            outer.push_back(nest.dim(a));
        }
        const int64_t rows = nest.dim(other), toRow = nest.stride(0, other);
        const int64_t images = countOf(outer), bands = (rows + kBlock - 1) / kBlock;
        const int64_t perBand = kBlock * n;
        parallel(pool, images * bands, kGrain / std::max<int64_t>(perBand, 1) + 1, [&](int64_t begin, int64_t end, int) {
            for (int64_t t = begin; t < end; ++t) {
                const int64_t band = t % bands;
                const Odometer at(outer, t / bands);
                const int64_t r0 = band * kBlock;
                transposeBlock(dst + offsetOf(at.at(), outerStrides[0]) + r0 * toRow, toRow,
                               src + offsetOf(at.at(), outerStrides[1]) + r0, fs, std::min(kBlock, rows - r0), n);
            }
        });
        return;
    }
    if (nest.rows() == 1) {
        parallel(pool, n, kGrain, [&](int64_t begin, int64_t end, int) {
            copyRowTyped(dst + begin * ts, ts, src + begin * fs, fs, end - begin);
        });
        return;
    }
    parallel(pool, nest.rows(), kGrain / std::max<int64_t>(n, 1) + 1, [&](int64_t begin, int64_t end, int) {
        nest.forRows(begin, end, [&](const int64_t* o) { copyRowTyped(dst + o[0], ts, src + o[1], fs, n); });
    });
}

/// A stretch of the innermost axis whose source elements are evenly spaced, or the fill value.
struct Run {
    int64_t at, length, from, step;  // `from` and `step` in source indices; from = -1: fill
};

std::vector<Run> runsOf(const std::vector<int64_t>& map) {
    std::vector<Run> runs;
    const auto n = static_cast<int64_t>(map.size());
    for (int64_t i = 0; i < n;) {
        const int64_t from = map[static_cast<size_t>(i)];
        int64_t j = i + 1;
        int64_t step = 0;
        if (from >= 0 && j < n && map[static_cast<size_t>(j)] >= 0) step = map[static_cast<size_t>(j)] - from;
        while (j < n && (from < 0 ? map[static_cast<size_t>(j)] < 0 : map[static_cast<size_t>(j)] == from + step * (j - i))) ++j;
        runs.push_back({i, j - i, from, step});
        i = j;
    }
    return runs;
}

template <typename T>
void copyMappedTyped(ThreadPool* pool, const TensorView& to, const TensorView& from, std::span<const std::vector<int64_t>> maps, const T* fill) {
    if (to.count() == 0) return;
    const auto rank = static_cast<size_t>(to.rank);
    if (rank == 0) {
        *to.as<T>() = *from.as<const T>();
        return;
    }
    // Rows run along the output's densest axis; the others are walked in the order of their strides.
    std::vector<size_t> order(rank);
    for (size_t a = 0; a < rank; ++a) order[a] = a;
    std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) {
        const bool oneX = to.dims[x] == 1, oneY = to.dims[y] == 1;
        return oneX != oneY ? oneX : to.strides[x] > to.strides[y];
    });
    const size_t last = order.back();
    const int64_t n = to.dims[last], ts = to.strides[last], fs = from.strides[last];
    std::vector<int64_t> outer;
    for (size_t k = 0; k + 1 < rank; ++k) outer.push_back(to.dims[order[k]]);
    const std::vector<Run> runs = runsOf(maps[last]);
    const bool scattered = static_cast<int64_t>(runs.size()) * 4 > n;
    std::vector<int64_t> offsets(maps[last]);
    bool anyFill = false;
    for (int64_t& o : offsets) {
        if (o < 0) anyFill = true;
        else o *= fs;
    }
    parallel(pool, countOf(outer), kGrain / std::max<int64_t>(n, 1) + 1, [&](int64_t begin, int64_t end, int) {
        Odometer at(outer, begin);
        for (int64_t r = begin; r < end; ++r, at.next()) {
            int64_t to0 = 0, from0 = 0;
            bool filled = false;
            for (size_t k = 0; k + 1 < rank; ++k) {
                const size_t a = order[k];
                const int64_t source = maps[a][static_cast<size_t>(at[k])];
                to0 += at[k] * to.strides[a];
                from0 += source * from.strides[a];
                filled = filled || source < 0;
            }
            T* out = to.as<T>() + to0;
            const T* in = from.as<const T>() + from0;
            if (filled) {
                copyRowTyped(out, ts, fill, 0, n);
            } else if (scattered && !anyFill) {
                for (int64_t i = 0; i < n; ++i) out[i * ts] = in[offsets[static_cast<size_t>(i)]];
            } else {
                for (const Run& run : runs) {
                    if (run.from < 0) copyRowTyped(out + run.at * ts, ts, fill, 0, run.length);
                    else copyRowTyped(out + run.at * ts, ts, in + run.from * fs, run.step * fs, run.length);
                }
            }
        }
    });
}

}  // namespace

void copyRow(size_t size, void* to, int64_t toStride, const void* from, int64_t fromStride, int64_t n) {
    switch (size) {
        case 1: return copyRowTyped(static_cast<uint8_t*>(to), toStride, static_cast<const uint8_t*>(from), fromStride, n);
        case 2: return copyRowTyped(static_cast<uint16_t*>(to), toStride, static_cast<const uint16_t*>(from), fromStride, n);
        case 4: return copyRowTyped(static_cast<uint32_t*>(to), toStride, static_cast<const uint32_t*>(from), fromStride, n);
        case 8: return copyRowTyped(static_cast<uint64_t*>(to), toStride, static_cast<const uint64_t*>(from), fromStride, n);
        default: break;
    }
}

void copyMapped(ThreadPool* pool, const TensorView& to, const TensorView& from, std::span<const std::vector<int64_t>> maps, const void* fill) {
    switch (dtypeSize(to.dtype)) {
        case 1: return copyMappedTyped(pool, to, from, maps, static_cast<const uint8_t*>(fill));
        case 2: return copyMappedTyped(pool, to, from, maps, static_cast<const uint16_t*>(fill));
        case 4: return copyMappedTyped(pool, to, from, maps, static_cast<const uint32_t*>(fill));
        case 8: return copyMappedTyped(pool, to, from, maps, static_cast<const uint64_t*>(fill));
        default: break;
    }
}

void copyStrided(ThreadPool* pool, const TensorView& to, const TensorView& from) {
    switch (dtypeSize(to.dtype)) {
        case 1: return copyTyped<uint8_t>(pool, to, from);
        case 2: return copyTyped<uint16_t>(pool, to, from);
        case 4: return copyTyped<uint32_t>(pool, to, from);
        case 8: return copyTyped<uint64_t>(pool, to, from);
        default: break;
    }
}

}  // namespace sinter::ref
