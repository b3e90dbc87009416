// Softmax and log-softmax along one axis, with an elementwise prologue on the input.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/result.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

class Softmax final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto& x = d.inputs[0];
        const auto& y = d.outputs[0];
        if (!isFloatType(x.dtype) || !isFloatType(y.dtype) || x.dims != y.dims || !axisOf(d.intAttr("axis", -1), x.dims.size())) return std::nullopt;
        if (!RowProgram::supports(d, x.dtype, y.dtype, x.dims)) return std::nullopt;
        return static_cast<double>(x.count()) * (3 * kOperationNs + static_cast<double>(d.program.code.size()) * kOperationNs);
    }

    explicit Softmax(const LayerDesc& d)
        : prologue_(d, d.inputs[0].dtype, d.inputs[0].dims), axis_(*axisOf(d.intAttr("axis", -1), d.inputs[0].dims.size())), log_(d.intAttr("log", 0) != 0) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        std::vector<int64_t> outer(dimsOf(x).begin(), dimsOf(x).end());
        const int64_t n = outer[axis_];
        outer[axis_] = 1;
        if (n == 0) return;
        parallel(args.pool, countOf(outer), 1024 / n + 1, [&](int64_t begin, int64_t end, int) {
            RowProgram::State state(prologue_, args);
            std::vector<double> line(static_cast<size_t>(n));
            Odometer at(outer, begin);
            for (int64_t r = begin; r < end; ++r, at.next()) {
                load(x.dtype, x.data, offsetOf(at.at(), x.strides), x.strides[axis_], n, line.data());
                prologue_.apply(state, at.at(), axis_, n, line.data());
                softmax(line);
                store(y.dtype, y.data, offsetOf(at.at(), y.strides), y.strides[axis_], n, line.data());
            }
        });
    }

private:
    void softmax(std::vector<double>& x) const {
        double top = -std::numeric_limits<double>::infinity(), sum = 0;
        for (double v : x) top = std::max(top, v);
        for (double v : x) sum += std::exp(v - top);
        for (double& v : x) v = log_ ? v - top - std::log(sum) : std::exp(v - top) / sum;
    }

    RowProgram prologue_;
    size_t axis_;
    bool log_;
};

SINTER_KERNEL(any_softmax){row<Softmax>("any_softmax__scalar", "Softmax")};

}  // namespace
}  // namespace sinter::ref
