// ReverseSequence: the first elements of each line in reverse order. Det: determinants of square matrices.
#include <cmath>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

/// Inputs: x, the length of each batch element's sequence.
class ReverseSequence final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        const auto batch = axisOf(d.intAttr("batch_axis", 1), x.dims.size()), time = axisOf(d.intAttr("time_axis", 0), x.dims.size());
        if (x.dtype != y.dtype || x.dims != y.dims || dtypeSize(x.dtype) == 0 || !batch || !time || *batch == *time) return std::nullopt;
        if (d.inputs[1].dims.size() != 1 || d.inputs[1].dims[0] != x.dims[*batch] || isFloatType(d.inputs[1].dtype)) return std::nullopt;
        return static_cast<double>(x.count()) * kMoveNs;
    }
    explicit ReverseSequence(const LayerDesc& d)
        : batch_(*axisOf(d.intAttr("batch_axis", 1), d.inputs[0].dims.size())), time_(*axisOf(d.intAttr("time_axis", 0), d.inputs[0].dims.size())) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const auto lengths = loadAll<int64_t>(args.inputs[1]);
        // The axis that is left moves by one when an axis before it is taken away.
        const size_t time = time_ > batch_ ? time_ - 1 : time_;
        for (int64_t b = 0; b < x.dims[batch_]; ++b) {
            const TensorView from = without(x, batch_, b), to = without(y, batch_, b);
            const int64_t n = std::clamp<int64_t>(lengths[static_cast<size_t>(b)], 0, x.dims[time_]);
            for (int64_t t = 0; t < x.dims[time_]; ++t) copyStrided(args.pool, without(to, time, t), without(from, time, t < n ? n - 1 - t : t));
        }
    }

private:
    size_t batch_, time_;
};

class Det final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1 || !isFloatType(d.inputs[0].dtype) || d.outputs[0].dtype != d.inputs[0].dtype) return std::nullopt;
        const auto& x = d.inputs[0].dims;
        if (x.size() < 2 || x[x.size() - 1] != x[x.size() - 2] || d.outputs[0].dims != std::vector<int64_t>(x.begin(), x.end() - 2)) return std::nullopt;
        return static_cast<double>(d.inputs[0].count() * x.back()) * kMultiplyAddNs;
    }
    explicit Det(const LayerDesc&) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        auto all = loadAll<double>(x);
        const int64_t n = x.dims[x.rank - 1];
        std::vector<double> result;
        for (int64_t m = 0; m < y.count(); ++m) result.push_back(determinant(all.data() + m * n * n, n));
        storeAll(y, result);
    }

private:
    /// Gaussian elimination with partial pivoting, in place.
    static double determinant(double* a, int64_t n) {
        double det = 1;
        for (int64_t k = 0; k < n; ++k) {
            int64_t pivot = k;
            for (int64_t r = k + 1; r < n; ++r)
                if (std::abs(a[r * n + k]) > std::abs(a[pivot * n + k])) pivot = r;
            if (a[pivot * n + k] == 0) return 0;
            if (pivot != k) {
                std::swap_ranges(a + k * n, a + (k + 1) * n, a + pivot * n);
                det = -det;
            }
            det *= a[k * n + k];
            for (int64_t r = k + 1; r < n; ++r) {
                const double f = a[r * n + k] / a[k * n + k];
                for (int64_t c = k; c < n; ++c) a[r * n + c] -= f * a[k * n + c];
            }
        }
        return det;
    }
};

SINTER_KERNEL(any_reversesequence){row<ReverseSequence>("any_reversesequence__scalar", "ReverseSequence")};
SINTER_KERNEL(any_det){row<Det>("any_det__scalar", "Det")};

}  // namespace
}  // namespace sinter::ref
