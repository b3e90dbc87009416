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
void copyRow(T* to, int64_t toStride, const T* from, int64_t fromStride, int64_t n) {
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
            copyRow(dst + begin * ts, ts, src + begin * fs, fs, end - begin);
        });
        return;
    }
    parallel(pool, nest.rows(), kGrain / std::max<int64_t>(n, 1) + 1, [&](int64_t begin, int64_t end, int) {
        nest.forRows(begin, end, [&](const int64_t* o) { copyRow(dst + o[0], ts, src + o[1], fs, n); });
    });
}

}  // namespace

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
