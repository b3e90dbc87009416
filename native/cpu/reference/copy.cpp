// Copy: the same elements in row-major order of the logical shapes, whatever the two shapes and layouts are.
#include <vector>

#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

/// Dims that both shapes can be split into (both counts equal), or nothing: [4, 6] and [2, 12] meet in [2, 2, 6].
std::optional<std::vector<int64_t>> commonDims(std::span<const int64_t> a, std::span<const int64_t> b) {
    std::vector<int64_t> out;
    size_t i = 0, j = 0;
    int64_t x = 1, y = 1;
    while (true) {
        while (x == 1 && i < a.size()) x = a[i++];
        while (y == 1 && j < b.size()) y = b[j++];
        if (x == 1 || y == 1) return x == y ? std::optional(out) : std::nullopt;
        const int64_t small = std::min(x, y), large = std::max(x, y);
        if (large % small != 0) return std::nullopt;
        // The outer part of the larger dim is as long as the smaller one.
        out.push_back(small);
        x /= small;
        y /= small;
    }
}

/// Strides of `v` over dims that split its own.
std::vector<int64_t> splitStrides(const TensorView& v, std::span<const int64_t> dims) {
    std::vector<int64_t> strides;
    size_t axis = 0;
    int64_t left = 1;
    for (int64_t d : dims) {
        while (left == 1) left = v.dims[axis++];
        left /= d;
        strides.push_back(v.strides[axis - 1] * left);
    }
    return strides;
}

class Copy final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        if (x.dtype != y.dtype || dtypeSize(x.dtype) == 0 || x.count() != y.count()) return std::nullopt;
        return static_cast<double>(x.count()) * kMoveNs;
    }
    explicit Copy(const LayerDesc&) {}

    void run(const KernelArgs& args) override {
        const TensorView &from = args.inputs[0], &to = args.outputs[0];
        if (to.count() == 0) return;
        const auto fd = dimsOf(from), td = dimsOf(to);
        if (std::equal(fd.begin(), fd.end(), td.begin(), td.end())) return copyStrided(args.pool, to, from);
        // Dense row-major storage can be read or written with the other side's shape.
        if (from.isLinear()) return copyStrided(args.pool, to, reshaped(from, from.data, td, linearStrides(td)));
        if (to.isLinear()) return copyStrided(args.pool, reshaped(to, to.data, fd, linearStrides(fd)), from);
        const auto dims = commonDims(fd, td);
        if (dims && dims->size() <= static_cast<size_t>(kMaxRank))
            return copyStrided(args.pool, reshaped(to, to.data, *dims, splitStrides(to, *dims)), reshaped(from, from.data, *dims, splitStrides(from, *dims)));
        elementwise(args.pool, to, from);
    }

private:
    static void elementwise(ThreadPool* pool, const TensorView& to, const TensorView& from) {
        const size_t size = dtypeSize(to.dtype);
        parallel(pool, to.count(), 4096, [&](int64_t begin, int64_t end, int) {
            Odometer at(dimsOf(to), begin), source(dimsOf(from), begin);
            for (int64_t e = begin; e < end; ++e, at.next(), source.next())
                copyRow(size, elementAt(to, offsetOf(at.at(), to.strides)), 1, elementAt(from, offsetOf(source.at(), from.strides)), 1, 1);
        });
    }
};

SINTER_KERNEL(any_copy){row<Copy>("any_copy__scalar", "Copy")};
SINTER_KERNEL(any_reshape){row<Copy>("any_reshape__scalar", "Reshape")};

}  // namespace
}  // namespace sinter::ref
