#include "core/einsum.h"

#include <algorithm>
#include <map>
#include <string>

namespace sinter {
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

}  // namespace

std::optional<EinsumPlan> EinsumPlan::of(const LayerDesc& d) {
    const auto e = parse(d);
    if (!e) return std::nullopt;
    Labels order = e->result;
    for (const Labels& o : e->operands) {
        for (const int l : o) {
            if (std::find(order.begin(), order.end(), l) == order.end()) order.push_back(l);
        }
    }
    EinsumPlan p;
    p.kept = e->result.size();
    p.dims.assign(order.size(), 1);
    for (size_t k = 0; k < e->operands.size(); ++k) {
        std::vector<size_t> labels;
        for (size_t a = 0; a < e->operands[k].size(); ++a) {
            const int64_t n = d.inputs[k].dims[a];
            const auto at = static_cast<size_t>(std::find(order.begin(), order.end(), e->operands[k][a]) - order.begin());
            labels.push_back(at);
            if (n == 1) continue;
            if (p.dims[at] != 1 && p.dims[at] != n) return std::nullopt;
            p.dims[at] = n;
        }
        p.labels.push_back(std::move(labels));
    }
    if (d.outputs.empty() || std::vector<int64_t>(p.dims.begin(), p.dims.begin() + static_cast<std::ptrdiff_t>(p.kept)) != d.outputs[0].dims) return std::nullopt;
    return p;
}

}  // namespace sinter
