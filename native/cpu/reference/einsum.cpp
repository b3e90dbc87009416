// Einsum: sums of products over named dimensions, any number of operands.
#include "core/einsum.h"
#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

class Einsum final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || d.inputs.empty() || d.outputs.size() != 1) return std::nullopt;
        for (const TensorInfo& t : d.inputs)
            if (t.dtype != d.outputs[0].dtype || !isNumeric(t.dtype)) return std::nullopt;
        const auto plan = EinsumPlan::of(d);
        if (!plan) return std::nullopt;
        return static_cast<double>(countOf(plan->dims)) * kMultiplyAddNs * static_cast<double>(d.inputs.size());
    }
    explicit Einsum(const LayerDesc& d) : plan_(*EinsumPlan::of(d)), steps_(stepsOf(plan_, d)) {}

    void run(const KernelArgs& args) override {
        if (isFloatType(args.outputs[0].dtype)) compute<double>(args);
        else compute<int64_t>(args);
    }

private:
    /// Per operand the step that each dimension takes in it, densely stored.
    static std::vector<std::vector<int64_t>> stepsOf(const EinsumPlan& p, const LayerDesc& d) {
        std::vector<std::vector<int64_t>> all;
        for (size_t k = 0; k < p.labels.size(); ++k) {
            std::vector<int64_t> steps(p.dims.size(), 0);
            int64_t step = 1;
            for (size_t a = p.labels[k].size(); a-- > 0;) {
                const int64_t n = d.inputs[k].dims[a];
                if (n != 1) steps[p.labels[k][a]] += step;
                step *= n;
            }
            all.push_back(std::move(steps));
        }
        return all;
    }

    template <typename C>
    void compute(const KernelArgs& args) const {
        std::vector<std::vector<C>> operands;
        for (const TensorView& v : args.inputs) operands.push_back(loadAll<C>(v));
        const auto all = std::span<const int64_t>(plan_.dims);
        const auto outer = all.first(plan_.kept), summed = all.subspan(plan_.kept);
        std::vector<C> result(static_cast<size_t>(countOf(outer)));
        const int64_t terms = countOf(summed);
        parallel(args.pool, static_cast<int64_t>(result.size()), 1 + 4096 / (terms + 1), [&](int64_t begin, int64_t end, int) {
            Odometer at(outer, begin);
            for (int64_t r = begin; r < end; ++r, at.next()) {
                C sum = 0;
                Odometer in(summed);
                for (int64_t t = 0; t < terms; ++t, in.next()) {
                    C product = 1;
                    for (size_t k = 0; k < operands.size(); ++k) {
                        int64_t offset = 0;
                        for (size_t a = 0; a < outer.size(); ++a) offset += at[a] * steps_[k][a];
                        for (size_t a = 0; a < summed.size(); ++a) offset += in[a] * steps_[k][plan_.kept + a];
                        product *= operands[k][static_cast<size_t>(offset)];
                    }
                    sum += product;
                }
                result[static_cast<size_t>(r)] = sum;
            }
        });
        storeAll(args.outputs[0], result);
    }

    EinsumPlan plan_;
    std::vector<std::vector<int64_t>> steps_;
};

SINTER_KERNEL(any_einsum){row<Einsum>("any_einsum__scalar", "Einsum")};

}  // namespace
}  // namespace sinter::ref
