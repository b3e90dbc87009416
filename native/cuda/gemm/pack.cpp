#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "core/number_formats.h"
#include "cuda/gemm/problem.h"
#include "cuda/layers/weights.h"

namespace sinter::cuda::gemm {
namespace {

/// Nearest TF32 number, ties away from zero as the conversion instruction does.
float roundTf32(float x) {
    const auto bits = std::bit_cast<uint32_t>(x);
    if ((bits & 0x7f800000U) == 0x7f800000U) return x;
    return std::bit_cast<float>((bits + 0x1000U) & 0xffffe000U);
}

/// Moves row-major weights to their rows; `Bits` is an integer of the element's size.
template <typename Bits>
void place(const LayerDesc& d, const Problem& g, const void* elements, void* packed) {
    const auto* from = static_cast<const Bits*>(elements);
    auto* to = static_cast<Bits*>(packed);
    const int64_t rows = g.columns * g.groups, row = g.weightRow(), taps = g.taps();
    const auto rowOf = [&](int64_t n) {
        return row * (g.order == ColumnOrder::Fragments ? fragmentRow(n) : g.order == ColumnOrder::Exchanged ? n / 16 * 16 + n % 2 * 8 + n % 16 / 2 : n);
    };
    std::memset(packed, 0, static_cast<size_t>(rows * row) * sizeof(Bits));
    if (!g.convolution && !g.patches && d.intAttr("trans_b", 0) == 0) {
        for (int64_t k = 0; k < g.channels; ++k) {
            for (int64_t n = 0; n < rows; ++n) to[rowOf(n) + k] = from[k * rows + n];
        }
        return;
    }
    for (int64_t n = 0; n < rows; ++n) {
        for (int64_t c = 0; c < g.channels; ++c) {
            for (int64_t t = 0; t < taps; ++t) to[rowOf(n) + t * g.channels + c] = from[(n * g.channels + c) * taps + t];
        }
    }
}

}  // namespace

int64_t fragmentRow(int64_t column, int64_t run) {
    const int64_t at = column % (4 * run);
    return column - at + at % run / 2 * 8 + at / run * 2 + at % 2;
}

uint64_t factorsOffset(const Problem& g) { return (static_cast<uint64_t>(g.columns * g.groups * g.weightRow() * g.bytes()) + 63) / 64 * 64; }

Packing packingOf(const Problem& g) {
    uint64_t bytes = static_cast<uint64_t>(g.columns * g.groups * g.weightRow() * g.bytes() * g.parts);
    if (g.operand == Operand::I8) bytes = factorsOffset(g) + static_cast<uint64_t>(g.columns * g.groups) * sizeof(float);
    const char* const order = g.order == ColumnOrder::Fragments ? "_fragments" : g.order == ColumnOrder::Exchanged ? "_exchanged" : "";
    // Patches hold their channels outermost, as the constant does.
    return {std::string(g.patches ? "cuda_kcrs16_" : "cuda_krsc16_") + operandName(g.operand) + (g.parts > 1 ? "x" + std::to_string(g.parts) : "") + order, bytes};
}

bool orderColumns(Problem& g, const LayerDesc& d, ColumnOrder order) {
    const auto isByte = [](const TensorInfo& y) { return y.quantized() && dtypeSize(y.dtype) == 1; };
    if (g.operand != Operand::I8 || g.groups != 1 || g.columns % 64 != 0 || !std::all_of(d.outputs.begin(), d.outputs.end(), isByte)) return false;
    g.order = order;
    if (order == ColumnOrder::Fragments) return true;
    const auto epilogue = productEpilogue(d, g);
    if (!epilogue || !epilogue->hasBytes() || d.inputs.size() > d.opInputs + 1) g.order = ColumnOrder::Plain;
    return g.order == order;
}

std::optional<Epilogue> productEpilogue(const LayerDesc& d, const Problem& g) {
    Epilogue::Options options{.biasInput = d.opInputs > 2 ? 2 : -1, .even = true, .bytes = g.order != ColumnOrder::Plain, .rowStatistics = d.op == "MatMul" && g.operand != Operand::I8};
    if (g.operand == Operand::I8) {
        options.scaleInput = 1;  // MatMul's alpha is part of the factors
        options.scaleOffset = factorsOffset(g);
    } else if (d.op == "MatMul") {
        options.alpha = d.floatAttr("alpha", 1);
    }
    return Epilogue::of(d, g.result, options);
}

void packWeights(const LayerDesc& d, const Problem& g, const void* raw, void* packed) {
    const TensorInfo& w = d.inputs[1];
    const auto count = static_cast<size_t>(w.count());
    if (g.operand == Operand::I8) {
        const bool columnsLast = !g.convolution && d.intAttr("trans_b", 0) == 0;
        const int64_t columns = g.columns * g.groups, run = w.count() / columns;
        const IntegerWeights integer = integerWeights(d, raw, columns, [&](int64_t i) { return columnsLast ? i % columns : i / run; });
        place<uint8_t>(d, g, integer.values.data(), packed);
        std::memcpy(static_cast<std::byte*>(packed) + factorsOffset(g), integer.factors.data(), integer.factors.size() * sizeof(float));
        return;
    }
    const DType type = operandStorage(g.operand);
    std::vector<std::byte> converted;
    if (w.dtype != type) {
        converted.resize(count * dtypeSize(type));
        castElements(w.dtype, raw, type, converted.data(), count);
        raw = converted.data();
    }
    if (g.operand == Operand::F16 || g.operand == Operand::BF16) return place<uint16_t>(d, g, raw, packed);
    if (g.operand == Operand::F32 && g.parts == 1) return place<uint32_t>(d, g, raw, packed);
    std::vector<float> rest(count), rounded(count);
    std::memcpy(rest.data(), raw, count * sizeof(float));
    const auto partBytes = static_cast<size_t>(g.columns * g.groups * g.weightRow() * g.bytes());
    for (int part = 0; part < g.parts; ++part) {
        for (size_t i = 0; i < count; ++i) {
            rounded[i] = roundTf32(rest[i]);
            rest[i] -= rounded[i];
        }
        place<uint32_t>(d, g, rounded.data(), static_cast<std::byte*>(packed) + static_cast<size_t>(part) * partBytes);
    }
}

}  // namespace sinter::cuda::gemm
