#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/matmul/gemm_kernels.h"

namespace sinter::gemm {

/// A run of output columns that one register tile computes; packed as [K][vecs · lanes], zero beyond `width`.
struct Panel {
    int64_t column = 0;        ///< in the whole result
    int width = 0;
    int vecs = 0;              ///< 1 or 2
    int output = 0;            ///< which of the split outputs
    int64_t outputColumn = 0;  ///< in that output
    int group = 0;
    int64_t packed = 0;        ///< elements from the start of the packed weights
};

struct PanelPlan {
    int lanes = 0;
    int64_t k = 0;
    std::vector<Panel> panels;
    int64_t packedFloats = 0;
};

/// Cuts `columns` into panels that cross neither the outputs of `splits` (empty = one output) nor the groups.
PanelPlan planPanels(int lanes, int64_t k, int64_t columns, std::span<const int64_t> splits, int64_t groups);

/// Writes the packed form; element(k, column) reads the weight (or the pair of weights) of one step.
template <typename T, typename Element>
void packPanels(const PanelPlan& plan, T* packed, Element element) {
    for (const Panel& p : plan.panels) {
        const int stride = p.vecs * plan.lanes;
        T* out = packed + p.packed;
        for (int64_t k = 0; k < plan.k; ++k, out += stride) {
            for (int j = 0; j < stride; ++j) out[j] = j < p.width ? element(k, p.column + j) : T{0};
        }
    }
}

/// Name of the packed form, as engines record it.
std::string panelRecipe(std::string_view op, Form form, int lanes);

/// Packs row-major weights of the form's type; index(k, column) finds a weight.
template <typename Index>
void packForm(Form form, const PanelPlan& plan, const void* raw, void* packed, Index index) {
    if (form == Form::F32) {
        const auto* w = static_cast<const float*>(raw);
        packPanels(plan, static_cast<float*>(packed), [&](int64_t k, int64_t column) { return w[index(k, column)]; });
        return;
    }
    const auto* w = static_cast<const uint16_t*>(raw);
    if (form == Form::Pairs) {
        packPanels(plan, static_cast<uint32_t*>(packed), [&](int64_t k, int64_t column) {
            return uint32_t{w[index(2 * k, column)]} | uint32_t{w[index(2 * k + 1, column)]} << 16;
        });
    } else {
        packPanels(plan, static_cast<uint16_t*>(packed), [&](int64_t k, int64_t column) { return w[index(k, column)]; });
    }
}

}  // namespace sinter::gemm
