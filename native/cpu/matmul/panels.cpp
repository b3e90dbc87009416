#include "cpu/matmul/panels.h"

#include <algorithm>

namespace sinter::gemm {

PanelPlan planPanels(int lanes, int64_t k, int64_t columns, std::span<const int64_t> splits, int64_t groups) {
    PanelPlan plan;
    plan.lanes = lanes;
    plan.k = k;
    const int64_t perGroup = columns / groups;
    size_t output = 0;
    int64_t outputStart = 0;
    for (int64_t column = 0; column < columns;) {
        // Also where the splits are not the whole, as kernels that are asked about a wrong layer may find: the last one ends it.
        while (output + 1 < splits.size() && column >= outputStart + splits[output]) outputStart += splits[output++];
        const int64_t outputEnd = output + 1 < splits.size() ? outputStart + splits[output] : columns;
        const int64_t groupEnd = (column / perGroup + 1) * perGroup;
        const int64_t left = std::min(outputEnd, groupEnd) - column;
        Panel p;
        p.column = column;
        p.vecs = left > lanes ? 2 : 1;
        p.width = static_cast<int>(std::min<int64_t>(left, p.vecs * lanes));
        p.output = static_cast<int>(output);
        p.outputColumn = column - outputStart;
        p.group = static_cast<int>(column / perGroup);
        p.packed = plan.packedFloats;
        plan.packedFloats += k * p.vecs * lanes;
        plan.panels.push_back(p);
        column += p.width;
    }
    return plan;
}

std::string panelRecipe(std::string_view op, Form form, int lanes) {
    const char* type = form == Form::F32 ? "f32" : form == Form::WF16 ? "f16" : form == Form::WBF16 ? "bf16" : "bf16x2";
    return std::string(type) + "_" + std::string(op) + "_panels_x" + std::to_string(2 * lanes);
}

}  // namespace sinter::gemm
