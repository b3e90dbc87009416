// Layers that make values from little or nothing: Dims, Range, OneHot, NonZero.
#include <cmath>
#include <stdexcept>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

/// Writes the evaluated dimension expressions.
class DimsLayer final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (d.outputs.size() != 1 || d.outputs[0].dtype != DType::I64 || d.outputs[0].dims.size() > 1) return std::nullopt;
        if (static_cast<int64_t>(values(d).size()) != d.outputs[0].count()) return std::nullopt;
        return 10;
    }
    explicit DimsLayer(const LayerDesc& d) : values_(values(d)) {}
    void run(const KernelArgs& args) override {
        const TensorView& y = args.outputs[0];
        store(y.dtype, y.data, 0, y.rank > 0 ? y.strides[0] : 1, static_cast<int64_t>(values_.size()), values_.data());
    }

private:
    static std::vector<int64_t> values(const LayerDesc& d) {
        std::vector<int64_t> all;
        for (const auto& part : d.dims) all.insert(all.end(), part.begin(), part.end());
        return all;
    }
    std::vector<int64_t> values_;
};

/// start, start + delta, …; the length is the output's.
class Range final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || !hasInput(d, 2) || d.outputs.size() != 1 || d.outputs[0].dims.size() != 1) return std::nullopt;
        const DType t = d.outputs[0].dtype;
        if (!isNumeric(t) || d.inputs[0].dtype != t || d.inputs[2].dtype != t || d.inputs[0].count() != 1 || d.inputs[2].count() != 1) return std::nullopt;
        return static_cast<double>(d.outputs[0].count()) * kMoveNs;
    }
    explicit Range(const LayerDesc&) {}
    void run(const KernelArgs& args) override {
        const TensorView& y = args.outputs[0];
        const int64_t n = y.dims[0];
        if (isFloatType(y.dtype)) {
            const double start = loadFloat(args.inputs[0], 0), delta = loadFloat(args.inputs[2], 0);
            std::vector<double> v(static_cast<size_t>(n));
            for (int64_t i = 0; i < n; ++i) v[static_cast<size_t>(i)] = start + static_cast<double>(i) * delta;
            store(y.dtype, y.data, 0, y.strides[0], n, v.data());
        } else {
            const auto start = static_cast<uint64_t>(loadInt(args.inputs[0], 0)), delta = static_cast<uint64_t>(loadInt(args.inputs[2], 0));
            std::vector<int64_t> v(static_cast<size_t>(n));
            for (int64_t i = 0; i < n; ++i) v[static_cast<size_t>(i)] = static_cast<int64_t>(start + static_cast<uint64_t>(i) * delta);
            store(y.dtype, y.data, 0, y.strides[0], n, v.data());
        }
    }
};

/// Inputs: indices, depth, values [off, on]. The depth is the output's new axis.
class OneHot final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || !hasInput(d, 2) || d.outputs.size() != 1 || !isNumeric(d.inputs[0].dtype)) return std::nullopt;
        const auto &indices = d.inputs[0].dims, &y = d.outputs[0].dims;
        const auto axis = axisOf(d.intAttr("axis", -1), indices.size() + 1);
        if (!axis || d.inputs[2].dtype != d.outputs[0].dtype || d.inputs[2].count() != 2 || dtypeSize(d.outputs[0].dtype) == 0) return std::nullopt;
        std::vector<int64_t> rest = y;
        if (rest.size() != indices.size() + 1) return std::nullopt;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(*axis));
        if (rest != indices) return std::nullopt;
        return static_cast<double>(d.outputs[0].count()) * kMoveNs;
    }
    explicit OneHot(const LayerDesc& d) : axis_(*axisOf(d.intAttr("axis", -1), d.inputs[0].dims.size() + 1)) {}
    void run(const KernelArgs& args) override {
        const TensorView &indices = args.inputs[0], &values = args.inputs[2], &y = args.outputs[0];
        if (y.count() == 0) return;
        const std::vector<int64_t> none(static_cast<size_t>(y.rank), 0);
        copyStrided(args.pool, y, reshaped(values, values.data, dimsOf(y), none));
        const int64_t depth = y.dims[axis_];
        const size_t size = dtypeSize(y.dtype);
        Odometer at(dimsOf(indices));
        for (int64_t e = 0; e < indices.count(); ++e, at.next()) {
            const int64_t from = offsetOf(at.at(), indices.strides);
            int64_t i = isFloatType(indices.dtype) ? static_cast<int64_t>(loadFloat(indices, from)) : loadInt(indices, from);
            if (i < -depth || i >= depth) continue;  // the standard: such rows stay "off"
            if (i < 0) i += depth;
            int64_t to = i * y.strides[axis_];
            for (size_t a = 0; a < static_cast<size_t>(indices.rank); ++a) to += at[a] * y.strides[a < axis_ ? a : a + 1];
            copyRow(size, elementAt(y, to), 1, elementAt(values, values.strides[0]), 1, 1);
        }
    }

private:
    size_t axis_;
};

/// Output 0: coordinates [rank, capacity], columns past the count are 0. Output 1 (optional, int64 scalar): the count.
/// Without output 1 the capacity must be the count.
class NonZero final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.empty() || d.outputs.size() > 2 || !isNumeric(d.inputs[0].dtype)) return std::nullopt;
        const auto &x = d.inputs[0].dims, &y = d.outputs[0].dims;
        if (d.outputs[0].dtype != DType::I64 || y.size() != 2 || y[0] != static_cast<int64_t>(std::max<size_t>(x.size(), 1))) return std::nullopt;
        if (d.outputs.size() == 2 && (d.outputs[1].dtype != DType::I64 || d.outputs[1].count() != 1)) return std::nullopt;
        return static_cast<double>(d.inputs[0].count()) * kOperationNs;
    }
    explicit NonZero(const LayerDesc& d) : name_(d.name) {}
    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const int64_t capacity = y.dims[1];
        int64_t found = 0;
        Odometer at(dimsOf(x));
        for (int64_t e = 0; e < x.count(); ++e, at.next()) {
            const int64_t o = offsetOf(at.at(), x.strides);
            if (isFloatType(x.dtype) ? loadFloat(x, o) == 0 : loadInt(x, o) == 0) continue;
            if (found < capacity) {
                if (x.rank == 0) y.as<int64_t>()[0] = 0;
                for (size_t a = 0; a < static_cast<size_t>(x.rank); ++a) y.as<int64_t>()[static_cast<int64_t>(a) * y.strides[0] + found * y.strides[1]] = at[a];
            }
            ++found;
        }
        const bool counted = args.outputs.size() > 1 && args.outputs[1].present();
        if (found > capacity || (!counted && found != capacity))
            throw std::runtime_error("layer \"" + name_ + "\" finds " + std::to_string(found) + " elements that are not zero, its output has room for " +
                                     std::to_string(capacity));
        for (int64_t r = 0; r < y.dims[0]; ++r)
            for (int64_t c = found; c < capacity; ++c) y.as<int64_t>()[r * y.strides[0] + c * y.strides[1]] = 0;
        if (counted) *args.outputs[1].as<int64_t>() = found;
    }

private:
    std::string name_;
};

SINTER_KERNEL(any_dims){row<DimsLayer>("any_dims__scalar", "Dims")};
SINTER_KERNEL(any_range){row<Range>("any_range__scalar", "Range")};
SINTER_KERNEL(any_onehot){row<OneHot>("any_onehot__scalar", "OneHot")};
SINTER_KERNEL(any_nonzero){row<NonZero>("any_nonzero__scalar", "NonZero")};

}  // namespace
}  // namespace sinter::ref
