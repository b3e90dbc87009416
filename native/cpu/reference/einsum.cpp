// Einsum: sums of products over named dimensions, any number of operands.
#include <map>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

/// Dimensions as numbers: letters by their code, those of an ellipsis by −1 (the last), −2, …
using Labels = std::vector<int>;

struct Equation {
    std::vector<Labels> operands;
    Labels result;
};

std::optional<Labels> labelsOf(const std::string& term, size_t rank) {
    const size_t dots = term.find("...");
    const size_t named = dots == std::string::npos ? term.size() : term.size() - 3;
    if (named > rank || (dots == std::string::npos && named != rank)) return std::nullopt;
    Labels labels;
    for (size_t i = 0; i < term.size(); ++i) {
        if (i == dots) {
            for (size_t k = rank - named; k > 0; --k) labels.push_back(-static_cast<int>(k));
            i += 2;
        } else {
            labels.push_back(term[i]);
        }
    }
    return labels;
}

std::optional<Equation> parse(const LayerDesc& d) {
    std::string text = d.stringAttr("equation", "");
    std::erase(text, ' ');
    const size_t arrow = text.find("->");
    std::string left = text.substr(0, arrow);
    Equation e;
    size_t hidden = 0;
    for (size_t begin = 0, k = 0; begin <= left.size(); ++k) {
        const size_t end = std::min(left.find(',', begin), left.size());
        if (k >= d.inputs.size()) return std::nullopt;
        const auto labels = labelsOf(left.substr(begin, end - begin), d.inputs[k].dims.size());
        if (!labels) return std::nullopt;
        hidden = std::max(hidden, static_cast<size_t>(std::count_if(labels->begin(), labels->end(), [](int l) { return l < 0; })));
        e.operands.push_back(*labels);
        begin = end + 1;
    }
    if (e.operands.size() != d.inputs.size()) return std::nullopt;
    if (arrow != std::string::npos) {
        const std::string right = text.substr(arrow + 2);
        const size_t named = right.find("...") == std::string::npos ? right.size() : right.size() - 3;
        const auto labels = labelsOf(right, right.find("...") == std::string::npos ? named : named + hidden);
        if (!labels) return std::nullopt;
        e.result = *labels;
        return e;
    }
    std::map<int, int> uses;
    for (const Labels& o : e.operands)
        for (const int l : o) ++uses[l];
    for (size_t k = hidden; k > 0; --k) e.result.push_back(-static_cast<int>(k));
    for (const auto& [l, n] : uses)
        if (l >= 0 && n == 1) e.result.push_back(l);
    return e;
}

class Einsum final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || d.inputs.empty() || d.outputs.size() != 1) return std::nullopt;
        for (const TensorInfo& t : d.inputs)
            if (t.dtype != d.outputs[0].dtype || !isNumeric(t.dtype)) return std::nullopt;
        const auto plan = planOf(d);
        if (!plan) return std::nullopt;
        return static_cast<double>(countOf(plan->dims)) * kMultiplyAddNs * static_cast<double>(d.inputs.size());
    }
    explicit Einsum(const LayerDesc& d) : plan_(*planOf(d)) {}

    void run(const KernelArgs& args) override {
        if (isFloatType(args.outputs[0].dtype)) compute<double>(args);
        else compute<int64_t>(args);
    }

private:
    /// All labels, the result's first; per operand the step that each label takes in it.
    struct Plan {
        std::vector<int64_t> dims;
        size_t kept = 0;
        std::vector<std::vector<int64_t>> steps;
    };

    static std::optional<Plan> planOf(const LayerDesc& d) {
        const auto e = parse(d);
        if (!e) return std::nullopt;
        Labels order = e->result;
        for (const Labels& o : e->operands)
            for (const int l : o)
                if (std::find(order.begin(), order.end(), l) == order.end()) order.push_back(l);
        Plan p;
        p.kept = e->result.size();
        p.dims.assign(order.size(), 1);
        for (size_t k = 0; k < e->operands.size(); ++k) {
            const Labels& o = e->operands[k];
            std::vector<int64_t> steps(order.size(), 0);
            int64_t step = 1;
            for (size_t a = o.size(); a-- > 0;) {
                const int64_t n = d.inputs[k].dims[a];
                const auto at = static_cast<size_t>(std::find(order.begin(), order.end(), o[a]) - order.begin());
                if (n != 1) {
                    if (p.dims[at] != 1 && p.dims[at] != n) return std::nullopt;
                    p.dims[at] = n;
                    steps[at] += step;
                }
                step *= n;
            }
            p.steps.push_back(std::move(steps));
        }
        const std::vector<int64_t> result(p.dims.begin(), p.dims.begin() + static_cast<std::ptrdiff_t>(p.kept));
        if (result != d.outputs[0].dims) return std::nullopt;
        return p;
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
                        for (size_t a = 0; a < outer.size(); ++a) offset += at[a] * plan_.steps[k][a];
                        for (size_t a = 0; a < summed.size(); ++a) offset += in[a] * plan_.steps[k][plan_.kept + a];
                        product *= operands[k][static_cast<size_t>(offset)];
                    }
                    sum += product;
                }
                result[static_cast<size_t>(r)] = sum;
            }
        });
        storeAll(args.outputs[0], result);
    }

    Plan plan_;
};

SINTER_KERNEL(any_einsum){row<Einsum>("any_einsum__scalar", "Einsum")};

}  // namespace
}  // namespace sinter::ref
