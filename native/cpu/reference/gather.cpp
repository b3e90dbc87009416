// Gather, GatherElements and GatherND. Indices out of range are errors that name the layer.
#include <vector>

#include "cpu/reference/indices.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

std::vector<int64_t> loadIndices(const TensorView& v) {
    std::vector<int64_t> out(static_cast<size_t>(v.count()));
    loadDense(v, out.data());
    return out;
}

bool gatherTypes(const LayerDesc& d) {
    return d.program.empty() && hasInput(d, 0) && hasInput(d, 1) && d.outputs.size() == 1 && isIndexType(d.inputs[1].dtype) &&
           d.inputs[0].dtype == d.outputs[0].dtype && dtypeSize(d.outputs[0].dtype) > 0;
}

/// y[a…, i…, b…] = x[a…, indices[i…], b…]
class Gather final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!gatherTypes(d)) return std::nullopt;
        const auto &x = d.inputs[0].dims, &indices = d.inputs[1].dims;
        const auto axis = axisOf(d.intAttr("axis", 0), x.size());
        if (!axis) return std::nullopt;
        std::vector<int64_t> y(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(*axis));
        y.insert(y.end(), indices.begin(), indices.end());
        y.insert(y.end(), x.begin() + static_cast<std::ptrdiff_t>(*axis) + 1, x.end());
        if (y != d.outputs[0].dims) return std::nullopt;
        return static_cast<double>(d.outputs[0].count()) * kMoveNs;
    }
    explicit Gather(const LayerDesc& d) : axis_(*axisOf(d.intAttr("axis", 0), d.inputs[0].dims.size())), name_(d.name) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &indices = args.inputs[1], &y = args.outputs[0];
        if (y.count() == 0) return;
        std::vector<int64_t> at = loadIndices(indices);
        for (int64_t& i : at) i = checkedIndex(i, x.dims[axis_], name_);
        // The axes that x and y share, apart from the indexed ones.
        const auto gathered = static_cast<size_t>(indices.rank);
        std::vector<int64_t> rest;
        std::array<Dims, 2> strides{};
        for (size_t a = 0; a < static_cast<size_t>(x.rank); ++a) {
            if (a == axis_) continue;
            strides[0][rest.size()] = y.strides[a < axis_ ? a : a + gathered - 1];
            strides[1][rest.size()] = x.strides[a];
            rest.push_back(x.dims[a]);
        }
        const LoopNest nest(rest, strides);
        const int last = nest.rank() - 1;
        const size_t size = dtypeSize(y.dtype);
        const int64_t perIndex = nest.rows() * nest.inner();
        parallel(args.pool, static_cast<int64_t>(at.size()), 16384 / std::max<int64_t>(perIndex, 1) + 1, [&](int64_t begin, int64_t end, int) {
            Odometer place(dimsOf(indices), begin);
            for (int64_t i = begin; i < end; ++i, place.next()) {
                int64_t to = 0;
                for (size_t a = 0; a < gathered; ++a) to += place[a] * y.strides[axis_ + a];
                const int64_t from = at[static_cast<size_t>(i)] * x.strides[axis_];
                nest.forRows(0, nest.rows(), [&](const int64_t* o) {
                    copyRow(size, elementAt(y, to + o[0]), nest.stride(0, last), elementAt(x, from + o[1]), nest.stride(1, last), nest.inner());
                });
            }
        });
    }

private:
    size_t axis_;
    std::string name_;
};

/// y[i…] = x[i… with the axis replaced by indices[i…]]
class GatherElements final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!gatherTypes(d)) return std::nullopt;
        const auto &x = d.inputs[0].dims, &indices = d.inputs[1].dims;
        const auto axis = axisOf(d.intAttr("axis", 0), x.size());
        if (!axis || indices.size() != x.size() || d.outputs[0].dims != indices) return std::nullopt;
        for (size_t a = 0; a < x.size(); ++a)
            if (a != *axis && indices[a] > x[a]) return std::nullopt;
        return static_cast<double>(d.outputs[0].count()) * kOperationNs;
    }
    explicit GatherElements(const LayerDesc& d) : axis_(*axisOf(d.intAttr("axis", 0), d.inputs[0].dims.size())), name_(d.name) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &indices = args.inputs[1], &y = args.outputs[0];
        if (y.count() == 0) return;
        if (y.rank == 0) throw std::runtime_error("a scalar has no axis to gather from");
        const auto last = static_cast<size_t>(y.rank) - 1;
        const int64_t n = y.dims[last], step = x.strides[axis_], along = axis_ == last ? 0 : x.strides[last], out = y.strides[last];
        parallel(args.pool, y.count() / n, 4096 / n + 1, [&](int64_t begin, int64_t end, int) {
            forIndexRows(indices, x.dims[axis_], name_, begin, end, [&](std::span<const int64_t> at, std::span<const int64_t> row) {
                int64_t from = offsetOf(at, x.strides);
                if (axis_ != last) from -= at[axis_] * step;
                withElement(dtypeSize(y.dtype), [&](auto element) {
                    using T = decltype(element);
                    const T* source = static_cast<const T*>(x.data) + from;
                    T* to = static_cast<T*>(y.data) + offsetOf(at, y.strides);
                    for (int64_t j = 0; j < n; ++j) to[j * out] = source[j * along + row[static_cast<size_t>(j)] * step];
                });
            });
        });
    }

private:
    size_t axis_;
    std::string name_;
};

/// The last axis of `indices` addresses slices of x behind its first `batch_dims` axes.
class GatherND final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!gatherTypes(d)) return std::nullopt;
        const auto &x = d.inputs[0].dims, &indices = d.inputs[1].dims;
        const int64_t b = d.intAttr("batch_dims", 0);
        if (indices.empty() || b < 0 || static_cast<size_t>(b) >= indices.size()) return std::nullopt;
        const auto batch = static_cast<size_t>(b);
        const auto depth = static_cast<size_t>(indices.back());
        if (depth < 1 || batch + depth > x.size() || !std::equal(x.begin(), x.begin() + b, indices.begin())) return std::nullopt;
        std::vector<int64_t> y(indices.begin(), indices.end() - 1);
        y.insert(y.end(), x.begin() + static_cast<std::ptrdiff_t>(batch + depth), x.end());
        if (y != d.outputs[0].dims) return std::nullopt;
        return static_cast<double>(d.outputs[0].count()) * kOperationNs;
    }
    explicit GatherND(const LayerDesc& d) : batch_(static_cast<size_t>(d.intAttr("batch_dims", 0))), name_(d.name) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &indices = args.inputs[1], &y = args.outputs[0];
        if (y.count() == 0) return;
        const auto outer = dimsOf(indices).first(static_cast<size_t>(indices.rank) - 1);
        const auto depth = static_cast<size_t>(indices.dims[outer.size()]);
        const std::vector<int64_t> all = loadIndices(indices);
        Odometer at(outer);
        for (int64_t n = 0; n < countOf(outer); ++n, at.next()) {
            std::vector<int64_t> place(at.at().begin(), at.at().begin() + static_cast<std::ptrdiff_t>(batch_));
            for (size_t k = 0; k < depth; ++k) place.push_back(checkedIndex(all[static_cast<size_t>(n) * depth + k], x.dims[batch_ + k], name_));
            copyStrided(nullptr, inner(y, at.at()), inner(x, place));
        }
    }

private:
    size_t batch_;
    std::string name_;
};

SINTER_KERNEL(any_gather){row<Gather>("any_gather__scalar", "Gather")};
SINTER_KERNEL(any_gatherelements){row<GatherElements>("any_gatherelements__scalar", "GatherElements")};
SINTER_KERNEL(any_gathernd){row<GatherND>("any_gathernd__scalar", "GatherND")};

}  // namespace
}  // namespace sinter::ref
