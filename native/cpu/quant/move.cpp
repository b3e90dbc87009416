#include "cpu/quant/move.h"

#include <algorithm>

#include "cpu/half/widen.h"
#include "cpu/pointwise/nest.h"

namespace sinter::quant {
namespace {

constexpr int64_t kPiece = 2048;

template <typename T>
void spread(const void* from, int64_t fromStride, void* to, int64_t toStride, int64_t n) {
    for (int64_t i = 0; i < n; ++i) static_cast<T*>(to)[i * toStride] = static_cast<const T*>(from)[i * fromStride];
}
void spread(int64_t size, const void* from, int64_t fromStride, void* to, int64_t toStride, int64_t n) {
    if (size == 1) spread<uint8_t>(from, fromStride, to, toStride, n);
    else if (size == 2) spread<uint16_t>(from, fromStride, to, toStride, n);
    else spread<float>(from, fromStride, to, toStride, n);
}

/// One end of a run of elements.
struct End {
    const TensorView& tensor;
    int64_t at, stride;
};

void moveRun(const RowMove& move, RowMoveFn rowMove, const End& x, const End& y, int64_t n) {
    alignas(64) std::byte gathered[kPiece * 4];
    alignas(64) std::byte moved[kPiece * 4];
    const int64_t fromSize = sizeOf(move.fromType);
    const int64_t toSize = sizeOf(move.toType);
    RowMove m = move;
    m.n = n;
    m.from = static_cast<const std::byte*>(x.tensor.data) + x.at * fromSize;
    std::byte* const to = static_cast<std::byte*>(y.tensor.data) + y.at * toSize;
    if (x.stride != 1 && n > 1) {
        spread(fromSize, m.from, x.stride, gathered, 1, n);
        m.from = gathered;
    }
    m.to = y.stride == 1 || n == 1 ? to : moved;
    rowMove(m);
    if (m.to == moved) spread(toSize, moved, 1, to, y.stride, n);
}

}  // namespace

Storage storageOf(DType t) {
    switch (t) {
        case DType::F32: return Storage::F32;
        case DType::F16: return Storage::F16;
        case DType::BF16: return Storage::BF16;
        case DType::I8: return Storage::I8;
        default: return Storage::U8;
    }
}

bool movableRow(const TensorInfo& t) { return t.quantized() ? isStored(t) : t.dtype == DType::F32 || half::isHalf(t); }

RowMove moveBetween(const TensorInfo& from, const TensorInfo& to) {
    RowMove m{};
    m.fromType = storageOf(from.dtype);
    m.toType = storageOf(to.dtype);
    m.scale = from.quantized() ? static_cast<float>(from.scale[0]) : 1.0f;
    m.fromZero = static_cast<int>(from.zeroPoint);
    const Quantizer q(to);
    m.inverse = q.inverse;
    m.lo = q.lo;
    m.hi = q.hi;
    m.toZero = q.zeroPoint;
    return m;
}

void moveTensor(const TensorView& x, const TensorView& y, const RowMove& move, RowMoveFn rowMove, ThreadPool* pool) {
    if (y.count() == 0) return;
    // Rows run along whichever side has the longer ones; the other side is gathered or scattered.
    const std::span dims(y.dims.data(), static_cast<size_t>(y.rank));
    const TensorView* byOutput[] = {&y, &x};
    const TensorView* byInput[] = {&x, &y};
    const pointwise::Nest outputRows(dims, byOutput);
    const pointwise::Nest inputRows(dims, byInput);
    const bool inputFirst = inputRows.inner() > outputRows.inner();
    const pointwise::Nest& nest = inputFirst ? inputRows : outputRows;
    const size_t from = inputFirst ? 0 : 1;
    const int64_t pieces = (nest.inner() + kPiece - 1) / kPiece;
    const auto body = [&](int64_t begin, int64_t end, int) {
        int64_t offsets[2];
        int64_t block = -1;
        for (int64_t i = begin; i < end; ++i) {
            const int64_t first = i % pieces * kPiece;
            const int64_t outer = i / pieces % nest.outer();
            if (i / pieces / nest.outer() != block) nest.blockOffsets(block = i / pieces / nest.outer(), offsets);
            const auto at = [&](size_t operand) {
                return offsets[operand] + outer * nest.outerStride(operand) + first * nest.innerStride(operand);
            };
            moveRun(move, rowMove, {x, at(from), nest.innerStride(from)}, {y, at(1 - from), nest.innerStride(1 - from)},
                    std::min(kPiece, nest.inner() - first));
        }
    };
    const int64_t rows = nest.blocks() * nest.outer() * pieces;
    if (pool) pool->parallelFor(rows, std::max<int64_t>(1, 16384 / std::min(kPiece, nest.inner())), body);
    else body(0, rows, 0);
}

}  // namespace sinter::quant
