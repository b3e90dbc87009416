#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/thread_pool.h"
#include "cpu/matmul/gemm.h"
#include "cpu/matmul/split_kernels.h"

/// Products whose factors are split into bfloat16 parts: see split_kernels.h.
namespace sinter::gemm {

constexpr int64_t kSplitBlock = 32;

/// Rows of the left operand as split rows of one pitch: row q of tap t starts `tapRows[t]` rows after row q.
/// Rows come in lines of `pitch`, of which the first `width` are results.
struct SplitShape {
    int64_t images = 1;
    int64_t imageRows = 0;             ///< split rows held per image, without the slack behind the last
    int64_t lines = 0, pitch = 0, width = 0;
    int64_t k = 0;                     ///< of one tap
    std::vector<int64_t> tapRows{0};

    int64_t paddedK() const { return (k + kSplitBlock - 1) / kSplitBlock * kSplitBlock; }
    int64_t rowHalves() const { return 2 * paddedK(); }                           ///< bfloat16 numbers of a split row
    int64_t rows() const { return (lines - 1) * pitch + width; }                  ///< of an image, gaps included
    int64_t halves() const { return (images * imageRows + 32) * rowHalves(); }    ///< of the whole split operand
    int64_t flopsPerColumn() const { return 2 * images * ((rows() + 15) / 16 * 16) * static_cast<int64_t>(tapRows.size()) * paddedK(); }
};

/// Panels of 32 columns; `packed` counts bfloat16 numbers.
PanelPlan planSplitPanels(const SplitShape& shape, int64_t columns, std::span<const int64_t> splits);

/// element(tap, k, column) reads the weight.
template <typename Element>
void packSplitPanels(const SplitShape& shape, const PanelPlan& plan, uint16_t* packed, Element element);

uint64_t splitWorkspaceBytes(const SplitShape& shape, const Epilogue& epilogue, int threads);

/// `operands.a` is not used: `split` holds the left operand; operands.weights points at the packed panels.
void runSplit(const SplitShape& shape, const PanelPlan& plan, const Epilogue& epilogue, const Operands& operands,
              const uint16_t* split, ThreadPool* pool, float* workspace);

/// Nanoseconds of the product on one thread: arithmetic, splitting, weights from memory.
double splitEstimate(const SplitShape& shape, const PanelPlan& plan, const Epilogue& epilogue);

/// The bfloat16 nearest to x, and what it leaves.
inline uint16_t nearestBf16(float x) {
    union {
        float f;
        uint32_t u;
    } v{x};
    if ((v.u & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((v.u >> 16) | 0x40u);
    return static_cast<uint16_t>((v.u + 0x7fffu + ((v.u >> 16) & 1u)) >> 16);
}
inline float fromBf16(uint16_t h) {
    union {
        uint32_t u;
        float f;
    } v{static_cast<uint32_t>(h) << 16};
    return v.f;
}

template <typename Element>
void packSplitPanels(const SplitShape& shape, const PanelPlan& plan, uint16_t* packed, Element element) {
    const int64_t blocks = shape.paddedK() / kSplitBlock;
    for (const Panel& p : plan.panels) {
        uint16_t* out = packed + p.packed;
        for (size_t tap = 0; tap < shape.tapRows.size(); ++tap) {
            for (int64_t block = 0; block < blocks; ++block, out += p.vecs * 1024) {
                for (int half = 0; half < p.vecs; ++half) {
                    for (int pair = 0; pair < 16; ++pair) {
                        for (int column = 0; column < 16; ++column) {
                            for (int odd = 0; odd < 2; ++odd) {
                                const int64_t k = block * kSplitBlock + pair * 2 + odd;
                                const int64_t j = half * 16 + column;
                                const float w = k < shape.k && j < p.width ? element(static_cast<int64_t>(tap), k, p.column + j) : 0.0f;
                                const uint16_t hi = nearestBf16(w);
                                const bool finite = (hi & 0x7f80u) != 0x7f80u;
                                const int64_t at = half * 512 + pair * 32 + column * 2 + odd;
                                out[at] = hi;
                                out[p.vecs * 512 + at] = finite ? nearestBf16(w - fromBf16(hi)) : uint16_t{0};
                            }
                        }
                    }
                }
            }
        }
    }
}

}  // namespace sinter::gemm
