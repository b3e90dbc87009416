// Reduce over any axes: each result gathers its elements, then one sum in float64 (integers exactly).
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/result.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

enum class Kind : uint8_t { Mean, Sum, Max, Min, Prod, L1, L2, LogSum, LogSumExp, SumSquare };

std::optional<Kind> kindOf(const std::string& name) {
    constexpr const char* names[] = {"Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"};
    for (size_t i = 0; i < std::size(names); ++i)
        if (name == names[i]) return static_cast<Kind>(i);
    return std::nullopt;
}

double reduce(Kind kind, std::span<const double> x, DType) {
    double s = 0;
    switch (kind) {
        case Kind::Mean: case Kind::Sum: case Kind::LogSum:
            for (double v : x) s += v;
            return kind == Kind::Sum ? s : kind == Kind::Mean ? s / static_cast<double>(x.size()) : std::log(s);
        case Kind::Max:
            s = -std::numeric_limits<double>::infinity();
            for (double v : x) s = v > s || std::isnan(v) ? v : s;
            return s;
        case Kind::Min:
            s = std::numeric_limits<double>::infinity();
            for (double v : x) s = v < s || std::isnan(v) ? v : s;
            return s;
        case Kind::Prod:
            s = 1;
            for (double v : x) s *= v;
            return s;
        case Kind::L1:
            for (double v : x) s += std::fabs(v);
            return s;
        case Kind::L2: case Kind::SumSquare:
            for (double v : x) s += v * v;
            return kind == Kind::L2 ? std::sqrt(s) : s;
        case Kind::LogSumExp: {
            double top = -std::numeric_limits<double>::infinity();
            for (double v : x) top = std::max(top, v);
            if (std::isinf(top)) return top;
            for (double v : x) s += std::exp(v - top);
            return std::log(s) + top;
        }
    }
    return s;
}

int64_t reduce(Kind kind, std::span<const int64_t> x, DType t) {
    const bool isUnsigned = t == DType::U64;
    const auto less = [&](int64_t a, int64_t b) { return isUnsigned ? static_cast<uint64_t>(a) < static_cast<uint64_t>(b) : a < b; };
    uint64_t s = 0;
    switch (kind) {
        case Kind::Mean: case Kind::Sum:
            for (int64_t v : x) s += static_cast<uint64_t>(v);
            return kind == Kind::Sum || x.empty() ? static_cast<int64_t>(s) : static_cast<int64_t>(s) / static_cast<int64_t>(x.size());
        case Kind::Max: return x.empty() ? 0 : *std::max_element(x.begin(), x.end(), less);
        case Kind::Min: return x.empty() ? 0 : *std::min_element(x.begin(), x.end(), less);
        case Kind::Prod:
            s = 1;
            for (int64_t v : x) s *= static_cast<uint64_t>(v);
            return static_cast<int64_t>(s);
        case Kind::L1:
            for (int64_t v : x) s += static_cast<uint64_t>(v < 0 && !isUnsigned ? -v : v);
            return static_cast<int64_t>(s);
        case Kind::SumSquare:
            for (int64_t v : x) s += static_cast<uint64_t>(v) * static_cast<uint64_t>(v);
            return static_cast<int64_t>(s);
        default: {
            std::vector<double> wide(x.begin(), x.end());
            return floatToInt(t, reduce(kind, std::span<const double>(wide), t));
        }
    }
}

class Reduce final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.size() != 1 || !kindOf(d.stringAttr("kind", ""))) return std::nullopt;
        const auto& x = d.inputs[0];
        if (!isNumeric(x.dtype) || !ResultWriter::supports(d, x.dtype, 0, 1)) return std::nullopt;
        const auto reduced = reducedAxes(d);
        if (!reduced) return std::nullopt;
        std::vector<int64_t> kept;
        const bool keep = d.intAttr("keepdims", 1) != 0;
        for (size_t a = 0; a < x.dims.size(); ++a) {
            if (!(*reduced)[a]) kept.push_back(x.dims[a]);
            else if (keep) kept.push_back(1);
        }
        if (kept != d.outputs[0].dims) return std::nullopt;
        return static_cast<double>(x.count()) * kOperationNs;
    }

    explicit Reduce(const LayerDesc& d) : writer_(d, d.inputs[0].dtype, 0, 1), kind_(*kindOf(d.stringAttr("kind", ""))), reduced_(*reducedAxes(d)) {}

    void run(const KernelArgs& args) override {
        if (isFloatType(args.inputs[0].dtype)) compute<double>(args);
        else compute<int64_t>(args);
    }

private:
    static std::optional<std::vector<bool>> reducedAxes(const LayerDesc& d) {
        std::vector<bool> reduced(d.inputs[0].dims.size(), false);
        for (int64_t a : d.intsAttr("axes")) {
            const auto axis = axisOf(a, reduced.size());
            if (!axis) return std::nullopt;
            reduced[*axis] = true;
        }
        return reduced;
    }

    template <typename C>
    void compute(const KernelArgs& args) const {
        const TensorView& x = args.inputs[0];
        std::vector<int64_t> kept, gone;
        Dims keptStrides{}, goneStrides{};
        for (size_t a = 0; a < reduced_.size(); ++a) {
            auto& dims = reduced_[a] ? gone : kept;
            (reduced_[a] ? goneStrides : keptStrides)[dims.size()] = x.strides[a];
            dims.push_back(x.dims[a]);
        }
        const LoopNest nest(gone, std::span(&goneStrides, 1));
        const int64_t n = countOf(gone), rowLength = nest.inner(), rowStride = nest.stride(0, nest.rank() - 1);
        std::vector<C> result(static_cast<size_t>(countOf(kept)));
        parallel(args.pool, countOf(kept), 4096 / std::max<int64_t>(n, 1) + 1, [&](int64_t begin, int64_t end, int) {
            std::vector<C> values(static_cast<size_t>(n));
            Odometer at(kept, begin);
            for (int64_t r = begin; r < end; ++r, at.next()) {
                const int64_t base = offsetOf(at.at(), keptStrides);
                C* to = values.data();
                nest.forRows(0, nest.rows(), [&](const int64_t* o) {
                    load(x.dtype, x.data, base + o[0], rowStride, rowLength, to);
                    to += rowLength;
                });
                result[static_cast<size_t>(r)] = reduce(kind_, std::span<const C>(values), x.dtype);
            }
        });
        writer_.putAll(args, result.data());
    }

    ResultWriter writer_;
    Kind kind_;
    std::vector<bool> reduced_;
};

SINTER_KERNEL(any_reduce){row<Reduce>("any_reduce__scalar", "Reduce")};

}  // namespace
}  // namespace sinter::ref
