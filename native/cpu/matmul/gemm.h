#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/kernel.h"
#include "core/thread_pool.h"
#include "cpu/matmul/epilogue.h"
#include "cpu/matmul/epilogue_tail.h"
#include "cpu/matmul/gemm_kernels.h"
#include "cpu/matmul/panels.h"
#include "cpu/matmul/rows.h"

namespace sinter::gemm {

inline const Kernels& kernelsOf(const simd::IsaFamily& f, Form form = Form::F32) {
    const bool avx2 = f.isa == Isa::Avx2;
    switch (form) {
        case Form::WF16: return avx2 ? kernelsAvx2F16() : kernelsAvx512F16();
        case Form::WBF16: return avx2 ? kernelsAvx2Bf16() : kernelsAvx512Bf16();
        case Form::Pairs: return kernelsPairs();
        case Form::F32: break;
    }
    return avx2 ? kernelsAvx2() : kernelsAvx512();
}

/// Where the left operand's rows lie.
class RowSource {
public:
    virtual ~RowSource() = default;
    /// Pointers of rows first … first + count - 1: a[tap · count + i], each to klen 32-bit words (floats, or pairs).
    virtual void pointers(int64_t first, int count, const float** a) const = 0;
};

/// Rows in memory with K contiguous: one tap.
class StridedRows final : public RowSource {
public:
    /// `map` counts elements of `bytes` each.
    StridedRows(const void* base, RowMap map, int64_t bytes = 4) : base_(static_cast<const std::byte*>(base)), map_(map), bytes_(bytes) {}
    void pointers(int64_t first, int count, const float** a) const override;

private:
    const std::byte* base_;
    RowMap map_;
    int64_t bytes_;
};

/// What is known of an implicit matrix product [rows, taps · klen] · [taps · klen, columns] before it has memory.
struct Shape {
    int64_t rows = 0, taps = 1, klen = 0;
    int64_t groupStep = 0;  ///< words from one group's rows to the next group's
    bool copyRows = false;  ///< rows would fall on the same cache sets: all are copied side by side first; one tap only
};

struct Output {
    void* base = nullptr;
    RowMap rows;
    Numbers type = Numbers::F32;  ///< 16 bits with epilogues that are compiled into the store only
};

struct Operands {
    const RowSource* a = nullptr;
    const void* weights = nullptr;
    const float* bias = nullptr;
    float alpha = 1;
    std::span<const Output> outputs;
    std::span<const Extra> extras;
    Numbers residual = Numbers::F32;  ///< how the residual operand is stored
};

/// Bytes of workspace `run` needs.
uint64_t workspaceBytes(const Shape& shape, const Kernels& kernels, const Epilogue& epilogue, int threads);

void run(const Shape& shape, const Kernels& kernels, const PanelPlan& plan, const Epilogue& epilogue,
         const Operands& operands, ThreadPool* pool, void* workspace);

/// True when `rows` rows that lie `stride` floats apart crowd into few sets of a first-level cache.
bool crowdsCacheSets(int64_t stride, int rows);

}  // namespace sinter::gemm
