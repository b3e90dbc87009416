// ScatterElements and ScatterND: a copy of the data, then the updates one after the other (repeated indices are ordered).
#include <cmath>
#include <vector>

#include "cpu/reference/indices.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

enum class Reduction : uint8_t { None, Add, Mul, Min, Max };

std::optional<Reduction> reductionOf(const LayerDesc& d) {
    const std::string s = d.stringAttr("reduction", "none");
    if (s == "none") return Reduction::None;
    if (s == "add") return Reduction::Add;
    if (s == "mul") return Reduction::Mul;
    if (s == "min") return Reduction::Min;
    if (s == "max") return Reduction::Max;
    return std::nullopt;
}

double combine(Reduction r, double old, double v) {
    switch (r) {
        case Reduction::Add: return old + v;
        case Reduction::Mul: return old * v;
        case Reduction::Min: return v < old || std::isnan(v) ? v : old;
        case Reduction::Max: return v > old || std::isnan(v) ? v : old;
        default: return v;
    }
}
int64_t combine(Reduction r, int64_t old, int64_t v) {
    switch (r) {
        case Reduction::Add: return static_cast<int64_t>(static_cast<uint64_t>(old) + static_cast<uint64_t>(v));
        case Reduction::Mul: return static_cast<int64_t>(static_cast<uint64_t>(old) * static_cast<uint64_t>(v));
        case Reduction::Min: return std::min(old, v);
        case Reduction::Max: return std::max(old, v);
        default: return v;
    }
}

/// to[o] = combine(to[o], from[f])
void update(Reduction r, const TensorView& to, int64_t o, const TensorView& from, int64_t f) {
    if (r == Reduction::None) return copyRow(dtypeSize(to.dtype), elementAt(to, o), 1, elementAt(from, f), 1, 1);
    if (isFloatType(to.dtype)) {
        const double v = combine(r, loadFloat(to, o), loadFloat(from, f));
        store(to.dtype, to.data, o, 1, 1, &v);
    } else {
        const int64_t v = combine(r, loadInt(to, o), loadInt(from, f));
        store(to.dtype, to.data, o, 1, 1, &v);
    }
}

bool scatterTypes(const LayerDesc& d) {
    if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || !hasInput(d, 2) || d.outputs.size() != 1 || !reductionOf(d)) return false;
    const auto &x = d.inputs[0], &y = d.outputs[0];
    if (x.dtype != y.dtype || d.inputs[2].dtype != x.dtype || dtypeSize(x.dtype) == 0 || x.dims != y.dims || !isIndexType(d.inputs[1].dtype)) return false;
    return reductionOf(d) == Reduction::None || (isNumeric(x.dtype) && x.dtype != DType::U64);
}

class ScatterElements final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!scatterTypes(d)) return std::nullopt;
        const auto &x = d.inputs[0].dims, &indices = d.inputs[1].dims;
        const auto axis = axisOf(d.intAttr("axis", 0), x.size());
        if (!axis || indices.size() != x.size() || d.inputs[2].dims != indices) return std::nullopt;
        for (size_t a = 0; a < x.size(); ++a)
            if (a != *axis && indices[a] > x[a]) return std::nullopt;
        return static_cast<double>(d.inputs[0].count()) * kMoveNs + static_cast<double>(d.inputs[1].count()) * kOperationNs;
    }
    explicit ScatterElements(const LayerDesc& d)
        : axis_(*axisOf(d.intAttr("axis", 0), d.inputs[0].dims.size())), reduction_(*reductionOf(d)), name_(d.name) {}

    void run(const KernelArgs& args) override {
        const TensorView &indices = args.inputs[1], &updates = args.inputs[2], &y = args.outputs[0];
        copyStrided(args.pool, y, args.inputs[0]);
        if (indices.count() == 0) return;
        if (indices.rank == 0) throw std::runtime_error("a scalar has no axis to scatter along");
        const auto last = static_cast<size_t>(indices.rank) - 1;
        const int64_t n = indices.dims[last], step = y.strides[axis_], along = axis_ == last ? 0 : y.strides[last], given = updates.strides[last];
        forIndexRows(indices, y.dims[axis_], name_, 0, indices.count() / n, [&](std::span<const int64_t> at, std::span<const int64_t> row) {
            int64_t to = offsetOf(at, y.strides);
            if (axis_ != last) to -= at[axis_] * step;
            const int64_t from = offsetOf(at, updates.strides);
            if (reduction_ != Reduction::None) {
                for (int64_t j = 0; j < n; ++j) update(reduction_, y, to + j * along + row[static_cast<size_t>(j)] * step, updates, from + j * given);
                return;
            }
            withElement(dtypeSize(y.dtype), [&](auto element) {
                using T = decltype(element);
                T* into = static_cast<T*>(y.data) + to;
                const T* source = static_cast<const T*>(updates.data) + from;
                for (int64_t j = 0; j < n; ++j) into[j * along + row[static_cast<size_t>(j)] * step] = source[j * given];
            });
        });
    }

private:
    size_t axis_;
    Reduction reduction_;
    std::string name_;
};

class ScatterND final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!scatterTypes(d)) return std::nullopt;
        const auto &x = d.inputs[0].dims, &indices = d.inputs[1].dims;
        if (indices.empty()) return std::nullopt;
        const auto depth = static_cast<size_t>(indices.back());
        if (depth < 1 || depth > x.size()) return std::nullopt;
        std::vector<int64_t> updates(indices.begin(), indices.end() - 1);
        updates.insert(updates.end(), x.begin() + static_cast<std::ptrdiff_t>(depth), x.end());
        if (updates != d.inputs[2].dims) return std::nullopt;
        return static_cast<double>(d.inputs[0].count()) * kMoveNs + static_cast<double>(d.inputs[2].count()) * kOperationNs;
    }
    explicit ScatterND(const LayerDesc& d) : reduction_(*reductionOf(d)), name_(d.name) {}

    void run(const KernelArgs& args) override {
        const TensorView &indices = args.inputs[1], &updates = args.inputs[2], &y = args.outputs[0];
        copyStrided(args.pool, y, args.inputs[0]);
        if (updates.count() == 0) return;
        const auto outer = dimsOf(indices).first(static_cast<size_t>(indices.rank) - 1);
        const auto depth = static_cast<size_t>(indices.dims[outer.size()]);
        Odometer at(outer);
        for (int64_t n = 0; n < countOf(outer); ++n, at.next()) {
            std::vector<int64_t> place(depth);
            const int64_t base = offsetOf(at.at(), indices.strides);
            for (size_t k = 0; k < depth; ++k)
                place[k] = checkedIndex(loadInt(indices, base + static_cast<int64_t>(k) * indices.strides[outer.size()]), y.dims[k], name_);
            const TensorView to = inner(y, place), from = inner(updates, at.at());
            if (reduction_ == Reduction::None) {
                copyStrided(nullptr, to, from);
                continue;
            }
            Odometer element(dimsOf(to));
            for (int64_t e = 0; e < to.count(); ++e, element.next())
                update(reduction_, to, offsetOf(element.at(), to.strides), from, offsetOf(element.at(), from.strides));
        }
    }

private:
    Reduction reduction_;
    std::string name_;
};

SINTER_KERNEL(any_scatterelements){row<ScatterElements>("any_scatterelements__scalar", "ScatterElements")};
SINTER_KERNEL(any_scatternd){row<ScatterND>("any_scatternd__scalar", "ScatterND")};

}  // namespace
}  // namespace sinter::ref
