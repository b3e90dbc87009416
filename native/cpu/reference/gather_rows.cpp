// Gather on axis 0 with elementwise operators behind it: y[i…, b…] = program(x[indices[i…], b…]).
#include <vector>

#include "cpu/reference/indices.h"
#include "cpu/reference/result.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

class GatherRows final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (d.program.empty() || d.opInputs != 2 || !hasInput(d, 0) || !hasInput(d, 1) || d.outputs.size() != 1) return std::nullopt;
        const TensorInfo &x = d.inputs[0], &indices = d.inputs[1];
        if (!isFloatType(x.dtype) || !isIndexType(indices.dtype) || d.intAttr("axis", 0) != 0 || x.dims.empty()) return std::nullopt;
        std::vector<int64_t> y = indices.dims;
        y.insert(y.end(), x.dims.begin() + 1, x.dims.end());
        if (y != d.outputs[0].dims || y.size() <= indices.dims.size() || !ResultWriter::supports(d, x.dtype, 0, 1)) return std::nullopt;
        return static_cast<double>(d.outputs[0].count()) * 2 * kOperationNs;
    }
    explicit GatherRows(const LayerDesc& d) : writer_(d, d.inputs[0].dtype, 0, 1), name_(d.name) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &indices = args.inputs[1];
        const int64_t row = countOf(dimsOf(x).subspan(1));
        if (row == 0) return;
        parallel(args.pool, indices.count(), 16384 / row + 1, [&](int64_t begin, int64_t end, int) {
            ResultWriter::State state(writer_, args);
            std::vector<double> values(static_cast<size_t>(row));
            Odometer at(dimsOf(indices), begin);
            for (int64_t i = begin; i < end; ++i, at.next()) {
                const int64_t found = checkedIndex(loadInt(indices, offsetOf(at.at(), indices.strides)), x.dims[0], name_);
                loadDense(inner(x, std::array{found}), values.data());
                writer_.putBlock(state, at.at(), values.data());
            }
        });
    }

private:
    ResultWriter writer_;
    std::string name_;
};

SINTER_KERNEL(any_gather_rows){row<GatherRows>("any_gather_rows__scalar", "Gather")};

}  // namespace
}  // namespace sinter::ref
