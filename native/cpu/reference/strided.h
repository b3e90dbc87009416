#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/tensor.h"

namespace sinter {
class ThreadPool;
}

namespace sinter::ref {

using Dims = std::array<int64_t, kMaxRank>;

inline std::span<const int64_t> dimsOf(const TensorView& v) { return {v.dims.data(), static_cast<size_t>(v.rank)}; }
int64_t countOf(std::span<const int64_t> dims);

/// Strides of `v` when it is broadcast (numpy rules) to `dims`; 0 along repeated axes. Rank of v <= dims.size().
Dims broadcastStrides(const TensorView& v, std::span<const int64_t> dims);
bool broadcastsTo(std::span<const int64_t> from, std::span<const int64_t> to);

/// Element offset of a coordinate.
int64_t offsetOf(std::span<const int64_t> coords, const Dims& strides);

/// Loops over one shape with several operands, each with its own strides (in elements). Axes are ordered by the strides
/// of operand 0, largest outermost, axes of size 1 dropped, and neighbours merged where every operand allows it, so that
/// dense operands of any common layout become a single row.
class LoopNest {
public:
    LoopNest(std::span<const int64_t> dims, std::span<const Dims> strides);

    int rank() const { return rank_; }
    int64_t dim(int axis) const { return dims_[static_cast<size_t>(axis)]; }
    int64_t stride(int operand, int axis) const { return strides_[static_cast<size_t>(operand)][static_cast<size_t>(axis)]; }
    /// Length of the innermost axis and number of such rows.
    int64_t inner() const { return dims_[static_cast<size_t>(rank_ - 1)]; }
    int64_t rows() const { return rows_; }
    int operands() const { return static_cast<int>(strides_.size()); }

    /// Calls row(offsets) for the rows [begin, end), with one element offset per operand.
    template <typename F>
    void forRows(int64_t begin, int64_t end, F&& row) const {
        if (begin >= end) return;
        std::vector<int64_t> offsets(strides_.size(), 0);
        Dims at{};
        int64_t rest = begin;
        for (int a = rank_ - 2; a >= 0; --a) {
            at[static_cast<size_t>(a)] = rest % dim(a);
            rest /= dim(a);
            for (size_t k = 0; k < offsets.size(); ++k)
                offsets[k] += at[static_cast<size_t>(a)] * strides_[k][static_cast<size_t>(a)];
        }
        for (int64_t r = begin; r < end; ++r) {
            row(static_cast<const int64_t*>(offsets.data()));
            for (int a = rank_ - 2; a >= 0; --a) {
                const auto i = static_cast<size_t>(a);
                for (size_t k = 0; k < offsets.size(); ++k) offsets[k] += strides_[k][i];
                if (++at[i] < dims_[i]) break;
                for (size_t k = 0; k < offsets.size(); ++k) offsets[k] -= dims_[i] * strides_[k][i];
                at[i] = 0;
            }
        }
    }

private:
    int rank_ = 1;
    int64_t rows_ = 1;
    Dims dims_{};
    std::vector<Dims> strides_;
};

/// Steps through the coordinates of a shape in row-major order.
class Odometer {
public:
    explicit Odometer(std::span<const int64_t> dims, int64_t start = 0) : dims_(dims.begin(), dims.end()), at_(dims.size(), 0) {
        for (size_t a = dims_.size(); a-- > 0 && start > 0;) {
            at_[a] = start % dims_[a];
            start /= dims_[a];
        }
    }
    std::span<const int64_t> at() const { return at_; }
    int64_t operator[](size_t axis) const { return at_[axis]; }
    void next() {
        for (size_t a = dims_.size(); a-- > 0;) {
            if (++at_[a] < dims_[a]) return;
            at_[a] = 0;
        }
    }

private:
    std::vector<int64_t> dims_, at_;
};

/// parallelFor that also works without a pool.
void parallel(ThreadPool* pool, int64_t count, int64_t grain, const std::function<void(int64_t, int64_t, int)>& body);
int workers(const ThreadPool* pool);

/// A view of the same storage with other dims and strides.
TensorView reshaped(const TensorView& v, void* data, std::span<const int64_t> dims, std::span<const int64_t> strides);

/// The view at the first coordinates `at`, without those axes.
TensorView inner(const TensorView& v, std::span<const int64_t> at);
/// The view at index i of one axis, without that axis.
TensorView without(const TensorView& v, size_t axis, int64_t i);
/// The view of [start, start + n) of one axis.
TensorView narrowed(const TensorView& v, size_t axis, int64_t start, int64_t n);
/// Where element `offset` of a view lies.
void* elementAt(const TensorView& v, int64_t offset);

/// n elements of `size` bytes, strides in elements.
void copyRow(size_t size, void* to, int64_t toStride, const void* from, int64_t fromStride, int64_t n);

/// Copies elements of equal shape between strided views; the element types have the same size.
void copyStrided(ThreadPool* pool, const TensorView& to, const TensorView& from);


/// to[o0, o1, …] = from[maps[0][o0], maps[1][o1], …]; an index of -1 on any axis gives `fill` (one element) instead.
void copyMapped(ThreadPool* pool, const TensorView& to, const TensorView& from, std::span<const std::vector<int64_t>> maps, const void* fill);

}  // namespace sinter::ref
