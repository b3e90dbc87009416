// Layers that compare elements along an axis: ArgMax, ArgMin, TopK; and CumSum and CumProd, which add and multiply them up.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

/// Calls f(coords, values) for every line along `axis`; f's values are of the domain C.
template <typename C, typename F>
void forLines(const KernelArgs& args, const TensorView& x, size_t axis, F f) {
    std::vector<int64_t> outer(dimsOf(x).begin(), dimsOf(x).end());
    const int64_t n = outer[axis];
    outer[axis] = 1;
    parallel(args.pool, countOf(outer), 4096 / std::max<int64_t>(n, 1) + 1, [&](int64_t begin, int64_t end, int) {
        std::vector<C> line(static_cast<size_t>(n));
        Odometer at(outer, begin);
        for (int64_t r = begin; r < end; ++r, at.next()) {
            load(x.dtype, x.data, offsetOf(at.at(), x.strides), x.strides[axis], n, line.data());
            f(at.at(), line);
        }
    });
}

template <typename C>
bool isLess(DType t, C a, C b) {
    if constexpr (std::is_same_v<C, int64_t>) {
        if (t == DType::U64) return static_cast<uint64_t>(a) < static_cast<uint64_t>(b);
        return a < b;
    } else {
        // NaN is larger than everything, as in numpy's ordering.
        return a < b || (std::isnan(b) && !std::isnan(a));
    }
}

template <bool kMax>
class Arg final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto& x = d.inputs[0];
        const auto axis = axisOf(d.intAttr("axis", 0), x.dims.size());
        if (!axis || !isNumeric(x.dtype) || d.outputs[0].dtype != DType::I64 || x.dims[*axis] == 0) return std::nullopt;
        std::vector<int64_t> y = x.dims;
        if (d.intAttr("keepdims", 1) != 0) y[*axis] = 1;
        else y.erase(y.begin() + static_cast<std::ptrdiff_t>(*axis));
        if (y != d.outputs[0].dims) return std::nullopt;
        return static_cast<double>(x.count()) * kOperationNs;
    }
    explicit Arg(const LayerDesc& d)
        : axis_(*axisOf(d.intAttr("axis", 0), d.inputs[0].dims.size())), keep_(d.intAttr("keepdims", 1) != 0), last_(d.intAttr("select_last", 0) != 0) {}

    void run(const KernelArgs& args) override {
        if (isFloatType(args.inputs[0].dtype)) compute<double>(args);
        else compute<int64_t>(args);
    }

private:
    /// Along another axis than the last: rows are compared with the best so far, element by element.
    template <typename C>
    void acrossRows(const KernelArgs& args) const {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const auto last = static_cast<size_t>(x.rank) - 1;
        std::vector<int64_t> outer(dimsOf(x).begin(), dimsOf(x).end());
        outer[axis_] = outer[last] = 1;
        const int64_t n = x.dims[last], length = x.dims[axis_], step = y.strides[static_cast<size_t>(y.rank) - 1];
        parallel(args.pool, countOf(outer), 4096 / std::max<int64_t>(n * length, 1) + 1, [&](int64_t begin, int64_t end, int) {
            std::vector<C> best(static_cast<size_t>(n)), row(static_cast<size_t>(n));
            std::vector<int64_t> where(static_cast<size_t>(n));
            Odometer at(outer, begin);
            for (int64_t r = begin; r < end; ++r, at.next()) {
                const int64_t from = offsetOf(at.at(), x.strides);
                load(x.dtype, x.data, from, x.strides[last], n, best.data());
                std::fill(where.begin(), where.end(), 0);
                const auto isNumber = [](C v) { return v == v; };
                const bool clean = std::all_of(best.begin(), best.end(), isNumber);
                for (int64_t k = 1; k < length; ++k) {
                    load(x.dtype, x.data, from + k * x.strides[axis_], x.strides[last], n, row.data());
                    // Most are neither larger nor NaN: that is one comparison, and no branch that data decides.
                    if (clean && !last_ && x.dtype != DType::U64 && std::all_of(row.begin(), row.end(), isNumber)) {
                        for (size_t i = 0; i < row.size(); ++i) {
                            const bool better = kMax ? row[i] > best[i] : row[i] < best[i];
                            best[i] = better ? row[i] : best[i];
                            where[i] = better ? k : where[i];
                        }
                        continue;
                    }
                    for (size_t i = 0; i < row.size(); ++i) {
                        const bool better = kMax ? isLess(x.dtype, best[i], row[i]) : isLess(x.dtype, row[i], best[i]);
                        const bool worse = kMax ? isLess(x.dtype, row[i], best[i]) : isLess(x.dtype, best[i], row[i]);
                        if (!(better || (last_ && !worse))) continue;
                        best[i] = row[i];
                        where[i] = k;
                    }
                }
                std::vector<int64_t> to(at.at().begin(), at.at().end());
                if (!keep_) to.erase(to.begin() + static_cast<std::ptrdiff_t>(axis_));
                store(y.dtype, y.data, offsetOf(to, y.strides), step, n, where.data());
            }
        });
    }

    template <typename C>
    void compute(const KernelArgs& args) const {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        if (axis_ + 1 < static_cast<size_t>(x.rank)) return acrossRows<C>(args);
        forLines<C>(args, x, axis_, [&](std::span<const int64_t> at, const std::vector<C>& line) {
            size_t best = 0;
            for (size_t i = 1; i < line.size(); ++i) {
                const bool better = kMax ? isLess(x.dtype, line[best], line[i]) : isLess(x.dtype, line[i], line[best]);
                const bool equal = !isLess(x.dtype, line[best], line[i]) && !isLess(x.dtype, line[i], line[best]);
                if (better || (last_ && equal)) best = i;
            }
            int64_t offset = 0;
            for (size_t a = 0; a < at.size(); ++a)
                if (a != axis_) offset += at[a] * y.strides[keep_ || a < axis_ ? a : a - 1];
            y.as<int64_t>()[offset] = static_cast<int64_t>(best);
        });
    }

    size_t axis_;
    bool keep_, last_;
};

class TopK final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 2) return std::nullopt;
        const auto& x = d.inputs[0];
        const auto axis = axisOf(d.intAttr("axis", -1), x.dims.size());
        if (!axis || !isNumeric(x.dtype) || d.outputs[0].dtype != x.dtype || d.outputs[1].dtype != DType::I64) return std::nullopt;
        std::vector<int64_t> y = x.dims;
        if (d.outputs[0].dims.size() != y.size() || d.outputs[0].dims[*axis] > y[*axis]) return std::nullopt;
        y[*axis] = d.outputs[0].dims[*axis];
        if (d.outputs[0].dims != y || d.outputs[1].dims != y) return std::nullopt;
        return static_cast<double>(x.count()) * 4 * kOperationNs;
    }
    explicit TopK(const LayerDesc& d)
        : axis_(*axisOf(d.intAttr("axis", -1), d.inputs[0].dims.size())), k_(d.outputs[0].dims[axis_]), largest_(d.intAttr("largest", 1) != 0) {}

    void run(const KernelArgs& args) override {
        if (isFloatType(args.inputs[0].dtype)) compute<double>(args);
        else compute<int64_t>(args);
    }

private:
    template <typename C>
    void compute(const KernelArgs& args) const {
        const TensorView &x = args.inputs[0], &values = args.outputs[0], &indices = args.outputs[1];
        forLines<C>(args, x, axis_, [&](std::span<const int64_t> at, const std::vector<C>& line) {
            if (k_ == 0) return;
            // Equal elements keep their order: the lower index comes first.
            const auto before = [&](int64_t a, int64_t b) {
                const C x0 = line[static_cast<size_t>(a)], x1 = line[static_cast<size_t>(b)];
                if (largest_ ? isLess(x.dtype, x1, x0) : isLess(x.dtype, x0, x1)) return true;
                if (largest_ ? isLess(x.dtype, x0, x1) : isLess(x.dtype, x1, x0)) return false;
                return a < b;
            };
            // A heap of the best so far, the worst of them in front. Most elements are told from it by one comparison.
            std::vector<int64_t> order(static_cast<size_t>(k_));
            std::iota(order.begin(), order.end(), 0);
            std::make_heap(order.begin(), order.end(), before);
            C worst = line[static_cast<size_t>(order.front())];
            const bool isSigned = x.dtype != DType::U64;
            for (size_t i = order.size(); i < line.size(); ++i) {
                if (isSigned && (largest_ ? line[i] <= worst : line[i] >= worst)) continue;
                const auto at = static_cast<int64_t>(i);
                if (!before(at, order.front())) continue;
                std::pop_heap(order.begin(), order.end(), before);
                order.back() = at;
                std::push_heap(order.begin(), order.end(), before);
                worst = line[static_cast<size_t>(order.front())];
            }
            std::sort_heap(order.begin(), order.end(), before);
            std::vector<C> best(static_cast<size_t>(k_));
            for (size_t i = 0; i < best.size(); ++i) best[i] = line[static_cast<size_t>(order[i])];
            store(values.dtype, values.data, offsetOf(at, values.strides), values.strides[axis_], k_, best.data());
            store(indices.dtype, indices.data, offsetOf(at, indices.strides), indices.strides[axis_], k_, order.data());
        });
    }

    size_t axis_;
    int64_t k_;
    bool largest_;
};

/// Running sums or products along an axis.
template <bool kProduct>
class Cumulative final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto& x = d.inputs[0];
        if (!axisOf(d.intAttr("axis", 0), x.dims.size()) || !isNumeric(x.dtype) || d.outputs[0].dtype != x.dtype || d.outputs[0].dims != x.dims)
            return std::nullopt;
        return static_cast<double>(x.count()) * kOperationNs;
    }
    explicit Cumulative(const LayerDesc& d)
        : axis_(*axisOf(d.intAttr("axis", 0), d.inputs[0].dims.size())), exclusive_(d.intAttr("exclusive", 0) != 0), reverse_(d.intAttr("reverse", 0) != 0) {}

    void run(const KernelArgs& args) override {
        if (isFloatType(args.inputs[0].dtype)) compute<double>(args);
        else compute<uint64_t>(args);
    }

private:
    template <typename S>
    void compute(const KernelArgs& args) const {
        using C = std::conditional_t<std::is_same_v<S, double>, double, int64_t>;
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        forLines<C>(args, x, axis_, [&](std::span<const int64_t> at, std::vector<C>& line) {
            S sum = kProduct ? 1 : 0;
            for (size_t k = 0; k < line.size(); ++k) {
                C& v = line[reverse_ ? line.size() - 1 - k : k];
                const S next = kProduct ? sum * static_cast<S>(v) : sum + static_cast<S>(v);
                v = static_cast<C>(exclusive_ ? sum : next);
                sum = next;
            }
            store(y.dtype, y.data, offsetOf(at, y.strides), y.strides[axis_], static_cast<int64_t>(line.size()), line.data());
        });
    }

    size_t axis_;
    bool exclusive_, reverse_;
};

SINTER_KERNEL(any_argmax){row<Arg<true>>("any_argmax__scalar", "ArgMax")};
SINTER_KERNEL(any_argmin){row<Arg<false>>("any_argmin__scalar", "ArgMin")};
SINTER_KERNEL(any_topk){row<TopK>("any_topk__scalar", "TopK")};
SINTER_KERNEL(any_cumsum){row<Cumulative<false>>("any_cumsum__scalar", "CumSum")};
SINTER_KERNEL(any_cumprod){row<Cumulative<true>>("any_cumprod__scalar", "CumProd")};

}  // namespace
}  // namespace sinter::ref
