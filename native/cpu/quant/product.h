#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/kernel.h"
#include "core/thread_pool.h"
#include "cpu/matmul/epilogue.h"
#include "cpu/matmul/epilogue_tail.h"
#include "cpu/matmul/panels.h"
#include "cpu/matmul/rows.h"
#include "cpu/quant/quantization.h"
#include "cpu/quant/move.h"
#include "cpu/quant/rows.h"
#include "cpu/quant/tile.h"
#include "cpu/simd/isa_family.h"

/// Products of 8-bit matrices: panels of packed weights, register tiles, the epilogue and the way back to 8 bits.
namespace sinter::quant {

/// An instruction set's kernels, and what its estimates need.
struct Family {
    Isa isa;
    const simd::IsaFamily& floats;     ///< for interpreted epilogues
    const Kernels& (*kernels)();
    RowMoveFn (*rowMove)();
    double macsPerNs;                  ///< sustained by one thread in large products
};
const Family& familyVnni();
const Family& familyAvx512();
const Family& familyAvx2();
const Family& familyAvx2Bytes();

/// True when the family's form takes these activations and weights.
bool formTakes(const LayerDesc& layer, const Family& f);
/// Sums of 32 bits, as the tiles add them.
inline int32_t wrapped(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
/// False where sums of so many products could leave 32 bits.
bool fitsInt32(const LayerDesc& layer, int64_t products);

/// float32, or an activation that is stored in 8 bits.
bool readableRow(const TensorInfo& t);

/// A run of output columns that one register tile computes; packed as [words][vecs · lanes] words, zero beyond `width`.
struct Panel {
    int64_t column = 0;
    int width = 0, vecs = 0, output = 0, group = 0;
    int64_t outputColumn = 0;
    int64_t packed = 0;  ///< bytes from the start of the packed weights
    int64_t padded = 0;  ///< columns before it, whole vectors
};

/// What is known of a product [rows, taps · klen] · [taps · klen, columns] before it has memory.
struct Plan {
    int64_t rows = 0, taps = 1, klen = 0, columns = 0;
    int64_t wordsPerTap = 0;
    int64_t groupBytes = 0;  ///< from one group's activations to the next group's
    std::vector<Panel> panels;
    int64_t weightBytes = 0, paddedColumns = 0;

    uint64_t packedBytes() const { return static_cast<uint64_t>((weightBytes + 63) / 64 * 64 + paddedColumns * 8); }
};
Plan planProduct(const Kernels& k, int64_t rows, int64_t taps, int64_t klen, int64_t columns, std::span<const int64_t> splits, int64_t groups);

/// Writes weights, the zero point's share of each column's sum, and the factors. element(tap, k, column) reads a weight.
template <typename Element>
void packProduct(const Plan& plan, const Kernels& kernels, const LayerDesc& layer, const std::vector<double>& scales, void* packed, Element element) {
    auto* bytes = static_cast<int8_t*>(packed);
    auto* start = reinterpret_cast<int32_t*>(bytes + (plan.weightBytes + 63) / 64 * 64);
    auto* factors = reinterpret_cast<float*>(start + plan.paddedColumns);
    const TensorInfo& x = layer.inputs[0];
    const int64_t zero = kernels.zeroOf(x.zeroPoint, x.dtype == DType::U8);
    for (const Panel& p : plan.panels) {
        const int64_t lanes = int64_t{p.vecs} * kernels.lanes;
        for (int64_t j = 0; j < lanes; ++j) {
            int64_t sum = 0;
            for (int64_t word = 0; word < plan.taps * plan.wordsPerTap; ++word) {
                for (int64_t e = 0; e < kernels.perWord; ++e) {
                    const int64_t k = word % plan.wordsPerTap * kernels.perWord + e;
                    const int16_t w = j < p.width && k < plan.klen ? element(word / plan.wordsPerTap, k, p.column + j) : int16_t{0};
                    sum += w;
                    const int64_t at = (word * lanes + j) * kernels.perWord + e;
                    if (kernels.perWord == 4) bytes[p.packed + at] = static_cast<int8_t>(w);
                    else reinterpret_cast<int16_t*>(bytes + p.packed)[at] = w;
                }
            }
            start[p.padded + j] = static_cast<int32_t>(-zero * sum);
            factors[p.padded + j] = j < p.width ? productScale(layer, scales[static_cast<size_t>(p.column + j)]) : 0.0f;
        }
    }
}

/// The epilogue with quantized operands, or nothing.
std::optional<gemm::Epilogue> compileEpilogue(const LayerDesc& layer, std::span<const int64_t> result, const Family& f);

/// Operands of one run. Activation row r lies at a + aRows(r), made ready by Kernels::widen.
struct Operands {
    const std::byte* a = nullptr;
    gemm::RowMap aRows;  ///< bytes
    std::span<const int64_t> tapOffsets;
    const void* packed = nullptr;
    const float* bias = nullptr;
    const int32_t* integerBias = nullptr;  ///< in its place
    std::span<const TensorView> extras;
    std::span<const TensorView> outputs;
    int columnAxis = 1;
    bool negative = false;  ///< some activation is
};

class Product {
public:
    Product(const LayerDesc& layer, Plan plan, std::vector<int64_t> result, const Family& f);
    static uint64_t workspaceBytes(const LayerDesc& layer, const Plan& plan, const gemm::Epilogue& e, const Kernels& k, int threads);
    void run(const Operands& operands, ThreadPool* pool, void* workspace) const;
    const Plan& plan() const { return plan_; }

private:
    struct Job;
    void tileRows(const Job& job, int64_t first, int rows, size_t panelBegin, size_t panelEnd, std::byte* own) const;
    void finish(const Job& job, int64_t first, int rows, size_t begin, size_t end, std::byte* own) const;

    std::vector<TensorInfo> extras_, outputs_;
    Plan plan_;
    std::vector<int64_t> result_;
    const Kernels& kernels_;
    RowMoveFn rowMove_;
    gemm::Epilogue epilogue_;
    bool requantizes_;
    std::vector<Quantizer> quantizers_;  ///< of the outputs, the clamp in their bounds
};

}  // namespace sinter::quant
