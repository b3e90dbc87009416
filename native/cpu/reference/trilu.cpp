// Trilu: the upper or lower triangle of matrices. EyeLike: ones on a diagonal.
#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

/// Inputs: x[…, rows, columns], k? (which diagonal the triangle starts at).
class Trilu final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        if (x.dtype != y.dtype || x.dims != y.dims || x.dims.size() < 2 || dtypeSize(x.dtype) == 0) return std::nullopt;
        if (hasInput(d, 1) && (d.inputs[1].dtype != DType::I64 || d.inputs[1].count() != 1)) return std::nullopt;
        return static_cast<double>(x.count()) * kMoveNs;
    }
    explicit Trilu(const LayerDesc& d) : upper_(d.intAttr("upper", 1) != 0), own_{d.opInputs} {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const int64_t k = own_(args, 1) ? *args.inputs[1].as<int64_t>() : 0;
        const auto dims = dimsOf(y);
        const size_t last = dims.size() - 1;
        const size_t size = dtypeSize(y.dtype);
        const uint64_t zero = 0;
        const auto outer = dims.first(last);
        Odometer at(outer);
        for (int64_t r = 0; r < countOf(outer); ++r, at.next()) {
            const int64_t row = at[last - 1], to = offsetOf(at.at(), y.strides), from = offsetOf(at.at(), x.strides);
            // Columns [0, edge) lie below the diagonal k.
            const int64_t edge = std::clamp<int64_t>(upper_ ? row + k : row + k + 1, 0, dims[last]);
            const int64_t begin = upper_ ? edge : 0, end = upper_ ? dims[last] : edge;
            copyRow(size, elementAt(y, to), y.strides[last], &zero, 0, begin);
            copyRow(size, elementAt(y, to + begin * y.strides[last]), y.strides[last], elementAt(x, from + begin * x.strides[last]), x.strides[last], end - begin);
            copyRow(size, elementAt(y, to + end * y.strides[last]), y.strides[last], &zero, 0, dims[last] - end);
        }
    }

private:
    bool upper_;
    OwnInputs own_;
};

class EyeLike final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.size() != 1 || d.outputs[0].dims.size() != 2 || !isNumeric(d.outputs[0].dtype)) return std::nullopt;
        return static_cast<double>(d.outputs[0].count()) * kMoveNs;
    }
    explicit EyeLike(const LayerDesc& d) : k_(d.intAttr("k", 0)) {}

    void run(const KernelArgs& args) override {
        const TensorView& y = args.outputs[0];
        std::vector<double> values(static_cast<size_t>(y.count()), 0.0);
        for (int64_t r = 0; r < y.dims[0]; ++r) {
            if (r + k_ >= 0 && r + k_ < y.dims[1]) values[static_cast<size_t>(r * y.dims[1] + r + k_)] = 1;
        }
        if (isFloatType(y.dtype)) return storeAll(y, values);
        storeAll(y, std::vector<int64_t>(values.begin(), values.end()));
    }

private:
    int64_t k_;
};

SINTER_KERNEL(any_trilu){row<Trilu>("any_trilu__scalar", "Trilu")};
SINTER_KERNEL(any_eyelike){row<EyeLike>("any_eyelike__scalar", "EyeLike")};

}  // namespace
}  // namespace sinter::ref
