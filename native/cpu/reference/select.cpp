// Results as long as what the data selects: Compress and Unique, with the resolvers that count it.
#include <numeric>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"
#include "cpu/resolve/contents.h"

namespace sinter::ref {
namespace {

[[noreturn]] void wrongLength(int64_t found, int64_t room) {
    throw std::runtime_error("it finds " + std::to_string(found) + " elements, its output has room for " + std::to_string(room));
}

/// Positions that the condition keeps, among the first `limit`.
std::vector<int64_t> chosen(const TensorView& condition, int64_t limit) {
    const auto flags = loadAll<int64_t>(condition);
    std::vector<int64_t> kept;
    for (size_t i = 0; i < flags.size() && static_cast<int64_t>(i) < limit; ++i) {
        if (flags[i] != 0) kept.push_back(static_cast<int64_t>(i));
    }
    return kept;
}

/// Without an axis the input counts as one dimension.
bool hasAxis(const LayerDesc& d) { return d.attr("axis") != nullptr; }

/// Inputs: x, condition (bool). Attribute axis?.
class Compress final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || !hasInput(d, 1) || d.outputs.size() != 1 || d.inputs[1].dtype != DType::Bool) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        if (x.dtype != y.dtype || dtypeSize(x.dtype) == 0) return std::nullopt;
        if (hasAxis(d) ? !axisOf(d.intAttr("axis", 0), x.dims.size()) || y.dims.size() != x.dims.size() : y.dims.size() != 1) return std::nullopt;
        return static_cast<double>(x.count()) * kMoveNs;
    }
    explicit Compress(const LayerDesc& d) {
        if (hasAxis(d)) axis_ = axisOf(d.intAttr("axis", 0), d.inputs[0].dims.size());
    }

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const auto kept = chosen(args.inputs[1], axis_ ? x.dims[*axis_] : x.count());
        const int64_t room = axis_ ? y.dims[*axis_] : y.dims[0];
        if (static_cast<int64_t>(kept.size()) != room) wrongLength(static_cast<int64_t>(kept.size()), room);
        if (axis_) {
            for (size_t i = 0; i < kept.size(); ++i) copyStrided(args.pool, without(y, *axis_, static_cast<int64_t>(i)), without(x, *axis_, kept[i]));
            return;
        }
        const size_t size = dtypeSize(y.dtype);
        for (size_t i = 0; i < kept.size(); ++i) {
            const Odometer at(dimsOf(x), kept[i]);
            copyRow(size, elementAt(y, static_cast<int64_t>(i) * y.strides[0]), 1, elementAt(x, offsetOf(at.at(), x.strides)), 1, 1);
        }
    }

private:
    std::optional<size_t> axis_;
};

/// The distinct parts of a tensor along an axis (elements when there is none): where each comes first, which one every
/// part is, and how often it occurs.
struct Distinct {
    std::vector<int64_t> first, inverse, counts;
};

template <typename C>
Distinct distinct(const std::vector<C>& values, int64_t outer, int64_t n, int64_t inner, bool sorted) {
    const auto at = [&](int64_t part, int64_t k) { return values[static_cast<size_t>(((k / inner) * n + part) * inner + k % inner)]; };
    const int64_t length = outer * inner;
    const auto compare = [&](int64_t a, int64_t b) {
        for (int64_t k = 0; k < length; ++k) {
            const C x = at(a, k), y = at(b, k);
            if (x < y) return -1;
            if (y < x) return 1;
        }
        return 0;
    };
    std::vector<int64_t> order(static_cast<size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return compare(a, b) < 0; });
    Distinct d;
    d.inverse.assign(static_cast<size_t>(n), 0);
    for (size_t i = 0; i < order.size(); ++i) {
        // Equal parts keep their order: the group's first is where it comes first.
        if (i == 0 || compare(order[i - 1], order[i]) != 0) {
            d.first.push_back(order[i]);
            d.counts.push_back(0);
        }
        d.inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(d.first.size()) - 1;
        ++d.counts.back();
    }
    if (sorted) return d;
    std::vector<int64_t> appearance(d.first.size()), rank(d.first.size());
    std::iota(appearance.begin(), appearance.end(), 0);
    std::sort(appearance.begin(), appearance.end(), [&](int64_t a, int64_t b) { return d.first[static_cast<size_t>(a)] < d.first[static_cast<size_t>(b)]; });
    Distinct result;
    for (size_t i = 0; i < appearance.size(); ++i) {
        const auto from = static_cast<size_t>(appearance[i]);
        rank[from] = static_cast<int64_t>(i);
        result.first.push_back(d.first[from]);
        result.counts.push_back(d.counts[from]);
    }
    for (const int64_t g : d.inverse) result.inverse.push_back(rank[static_cast<size_t>(g)]);
    return result;
}

Distinct distinctOf(const TensorView& x, std::optional<size_t> axis, bool sorted) {
    const auto dims = dimsOf(x);
    const int64_t outer = axis ? countOf(dims.first(*axis)) : 1, n = axis ? dims[*axis] : x.count();
    const int64_t inner = axis ? countOf(dims.subspan(*axis + 1)) : 1;
    if (isFloatType(x.dtype)) return distinct(loadAll<double>(x), outer, n, inner, sorted);
    return distinct(loadAll<int64_t>(x), outer, n, inner, sorted);
}

std::optional<size_t> uniqueAxis(const LayerDesc& d) {
    if (!hasAxis(d)) return std::nullopt;
    return axisOf(d.intAttr("axis", 0), d.inputs[0].dims.size());
}

/// Outputs: the distinct parts, where each comes first, which one every part is, how often it occurs.
class Unique final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.empty() || !isNumeric(d.inputs[0].dtype) || d.outputs[0].dtype != d.inputs[0].dtype) return std::nullopt;
        if (hasAxis(d) ? !uniqueAxis(d) || d.outputs[0].dims.size() != d.inputs[0].dims.size() : d.outputs[0].dims.size() != 1) return std::nullopt;
        for (size_t i = 1; i < d.outputs.size(); ++i)
            if (d.outputs[i].present() && d.outputs[i].dtype != DType::I64) return std::nullopt;
        return static_cast<double>(d.inputs[0].count()) * 10 * kOperationNs;
    }
    explicit Unique(const LayerDesc& d) : axis_(uniqueAxis(d)), sorted_(d.intAttr("sorted", 1) != 0) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const Distinct found = distinctOf(x, axis_, sorted_);
        const int64_t room = y.dims[axis_.value_or(0)];
        if (static_cast<int64_t>(found.first.size()) != room) wrongLength(static_cast<int64_t>(found.first.size()), room);
        const size_t size = dtypeSize(y.dtype);
        for (size_t i = 0; i < found.first.size(); ++i) {
            if (axis_) {
                copyStrided(args.pool, without(y, *axis_, static_cast<int64_t>(i)), without(x, *axis_, found.first[i]));
            } else {
                const Odometer at(dimsOf(x), found.first[i]);
                copyRow(size, elementAt(y, static_cast<int64_t>(i) * y.strides[0]), 1, elementAt(x, offsetOf(at.at(), x.strides)), 1, 1);
            }
        }
        const std::vector<int64_t>* lists[] = {&found.first, &found.inverse, &found.counts};
        for (size_t i = 1; i < args.outputs.size() && i < 4; ++i) {
            if (args.outputs[i].present()) storeAll(args.outputs[i], *lists[i - 1]);
        }
    }

private:
    std::optional<size_t> axis_;
    bool sorted_;
};

ResolvedLayer resolveCompress(LayerDesc d, resolve::Inputs in) {
    if (!resolve::given(in, 1)) throw std::runtime_error("its condition is missing");
    if (hasAxis(d)) {
        const size_t axis = resolve::axisAt(d.intAttr("axis", 0), static_cast<size_t>(in[0].rank));
        d.outputs[0].dims = resolve::dimsOf(in[0]);
        d.outputs[0].dims[axis] = static_cast<int64_t>(chosen(in[1], in[0].dims[axis]).size());
    } else {
        d.outputs[0].dims = {static_cast<int64_t>(chosen(in[1], in[0].count()).size())};
    }
    return resolve::keeping(std::move(d), 2);
}

ResolvedLayer resolveUnique(LayerDesc d, resolve::Inputs in) {
    if (d.inputs.empty() || !in[0].present() || !isNumeric(in[0].dtype)) throw std::runtime_error("its input is missing");
    const auto axis = uniqueAxis(d);
    const auto found = static_cast<int64_t>(distinctOf(in[0], axis, true).first.size());
    d.outputs[0].dims = {found};
    if (axis) {
        d.outputs[0].dims = resolve::dimsOf(in[0]);
        d.outputs[0].dims[*axis] = found;
    }
    for (size_t i = 1; i < d.outputs.size(); ++i) d.outputs[i].dims = {i == 2 ? (axis ? in[0].dims[*axis] : in[0].count()) : found};
    return resolve::keeping(std::move(d), 1);
}

SINTER_KERNEL(any_compress){row<Compress>("any_compress__scalar", "Compress")};
SINTER_KERNEL(any_unique){row<Unique>("any_unique__scalar", "Unique")};
SINTER_RESOLVER(compress){"Compress", resolveCompress};
SINTER_RESOLVER(unique){"Unique", resolveUnique};

}  // namespace
}  // namespace sinter::ref
