#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace sinter::gemm {

/// A run of output columns that one register tile computes; packed as [K][vecs · lanes], zero beyond `width`.
struct Panel {
    int64_t column = 0;        ///< in the whole result
    int width = 0;
    int vecs = 0;              ///< 1 or 2
    int output = 0;            ///< which of the split outputs
    int64_t outputColumn = 0;  ///< in that output
    int group = 0;
    int64_t packed = 0;        ///< floats from the start of the packed weights
};

struct PanelPlan {
    int lanes = 0;
    int64_t k = 0;
    std::vector<Panel> panels;
    int64_t packedFloats = 0;
};

/// Cuts `columns` into panels that cross neither the outputs of `splits` (empty = one output) nor the groups.
PanelPlan planPanels(int lanes, int64_t k, int64_t columns, std::span<const int64_t> splits, int64_t groups);

/// Writes the packed form; element(k, column) reads the weight.
template <typename Element>
void packPanels(const PanelPlan& plan, float* packed, Element element) {
    for (const Panel& p : plan.panels) {
        const int stride = p.vecs * plan.lanes;
        float* out = packed + p.packed;
        for (int64_t k = 0; k < plan.k; ++k, out += stride) {
            for (int j = 0; j < stride; ++j) out[j] = j < p.width ? element(k, p.column + j) : 0.0f;
        }
    }
}

}  // namespace sinter::gemm
