// First convolutions: planes of up to four channels in, channels-last results out (conv_stem.cu).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/number_formats.h"
#include "cuda/codegen/types.h"
#include "cuda/conv/stem.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda::gemm {
namespace {

struct Tile {
    int h, w, blocks;  ///< result pixels of a block; blocks on a multiprocessor
};
constexpr Tile kTiles[] = {{8, 16, 3}, {4, 16, 4}, {8, 8, 4}, {4, 32, 3}};
constexpr int kWarps = 4, kColumns = 64;

/// Sums kept twice take the registers of a block.
int blocksOf(const Tile& t, Operand operand) { return operand == Operand::F32 && t.h * t.w > 64 ? 2 : t.blocks; }
bool isWide(const Problem& g) { return g.bytes() == 4; }
/// Product steps (32 bytes) of a filter row: four taps of four channels each, or eight numbers of the row in float32.
int64_t rowSteps(const Problem& g) { return isWide(g) ? (g.s * g.channels + 7) / 8 : (g.s + 3) / 4; }
/// Bytes of a packed weight row.
int64_t weightRow(const Problem& g) { return g.r * rowSteps(g) * 32; }

uint32_t sharedBytes(const Problem& g, const Tile& t) {
    const int64_t taps = isWide(g) ? (rowSteps(g) * 8 + g.channels - 1) / g.channels : rowSteps(g) * 4, pixel = isWide(g) ? g.channels * 4 : 8;
    const int64_t pieceH = (t.h - 1) * g.strideH + g.r, pieceW = (t.w - 1) * g.strideW + taps;
    return static_cast<uint32_t>(kColumns * (weightRow(g) + 16) + (pieceH * pieceW * pixel + 15) / 16 * 16 + kWarps * 16 * (kColumns + 8) * 4);
}

}  // namespace

std::optional<Epilogue> stemEpilogue(const LayerDesc& d, const Problem& g) {
    return Epilogue::of(d, g.result, {.biasInput = d.opInputs > 2 ? 2 : -1, .even = true, .bytes = g.order != ColumnOrder::Plain});
}

std::optional<Problem> stemOf(const LayerDesc& d, Operand operand) {
    if (d.op != "Conv" || d.inputs.empty() || d.inputs[0].quantized()) return std::nullopt;
    auto g = geometryOf(d);
    if (!g || g->groups != 1 || g->channels > 4 || g->r > 16 || g->s > 16 || g->dilationH != 1 || g->dilationW != 1) return std::nullopt;
    const TensorInfo& y = d.outputs[0];
    // Wide inputs lose precision here: that is the choice of whoever stores the result in 16 bits or in bytes.
    if (operand == Operand::F32 || operand == Operand::TF32) {
        if (y.quantized() || y.dtype != DType::F32 || d.inputs[0].dtype != DType::F32) return std::nullopt;
    } else if (y.quantized() ? operand != Operand::F16 || (y.dtype != DType::I8 && y.dtype != DType::U8) : y.dtype != (operand == Operand::F16 ? DType::F16 : DType::BF16)) {
        return std::nullopt;
    }
    g->operand = operand;
    if (y.quantized() && g->columns % kColumns == 0 && d.inputs.size() == d.opInputs) {
        g->order = ColumnOrder::Fragments;
        const auto epilogue = stemEpilogue(d, *g);
        if (!epilogue || !epilogue->hasBytes()) g->order = ColumnOrder::Plain;
    }
    return g;
}

namespace {

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const auto g = stemOf(d, operand);
    if (!g || sharedBytes(*g, t) > device.sharedPerBlock || !stemEpilogue(d, *g)) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, g->result, info, "nhwc", g->order == ColumnOrder::Plain ? 0 : 16);
    info.inputLayouts[0] = "linear";
    info.inputViews[0] = 1;
    info.inputViews[1] = 0;
    info.packing[1] = {std::string(isWide(*g) ? "cuda_krsc32_" : "cuda_krs4_") + operandName(operand) + (g->order == ColumnOrder::Plain ? "" : "_fragments"), static_cast<uint64_t>(g->columns * weightRow(*g))};
    const auto ceilDiv = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
    const double resident = std::clamp(std::floor(device.sharedPerMultiprocessor / (sharedBytes(*g, t) + 1024.0)), 1.0, static_cast<double>(blocksOf(t, operand)));
    const double blocks = static_cast<double>(g->images * ceilDiv(g->p, t.h) * ceilDiv(g->q, t.w) * ceilDiv(g->columns, kColumns));
    // Nanoseconds: a block's copy of its piece, its products, its results; blocks of one multiprocessor overlap.
    const double piece = static_cast<double>(((t.h - 1) * g->strideH + g->r) * ((t.w - 1) * g->strideW + g->s));
    const double block = 900 + piece * 0.6 + t.h * t.w * static_cast<double>(weightRow(*g)) * (operand == Operand::F32 ? 0.12 : operand == Operand::TF32 ? 0.04 : 0.02) + t.h * t.w * 4.0;
    info.estimate = std::max(moveEstimate(d, device), 2000 + std::max(1.0, blocks / (device.multiprocessors * resident)) * block);
    return info;
}

/// Weights of element type T (uint16_t: 16-bit floats) into their rows.
template <typename T>
void place(const Problem& g, const T* elements, int64_t count, void* packed) {
    auto* to = static_cast<T*>(packed);
    const int64_t row = weightRow(g) / static_cast<int64_t>(sizeof(T)), filterRow = row / g.r, pixel = isWide(g) ? g.channels : 4;
    std::memset(packed, 0, static_cast<size_t>(g.columns * weightRow(g)));
    for (int64_t i = 0; i < count; ++i) {
        const int64_t s = i % g.s, r = i / g.s % g.r, c = i / (g.s * g.r) % g.channels, m = i / (g.s * g.r * g.channels);
        to[(g.order == ColumnOrder::Plain ? m : fragmentRow(m)) * row + r * filterRow + s * pixel + c] = elements[static_cast<size_t>(i)];
    }
}

void pack(const LayerDesc& d, Operand operand, const void* raw, void* packed) {
    const auto g = stemOf(d, operand);
    if (!g) return;
    const int64_t count = d.inputs[1].count();
    if (isWide(*g)) {
        std::vector<float> elements(static_cast<size_t>(count));
        castElements(d.inputs[1].dtype, raw, DType::F32, elements.data(), elements.size());
        return place(*g, elements.data(), count, packed);
    }
    std::vector<uint16_t> elements(static_cast<size_t>(count));
    castElements(d.inputs[1].dtype, raw, operand == Operand::F16 ? DType::F16 : DType::BF16, elements.data(), elements.size());
    place(*g, elements.data(), count, packed);
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const Problem g = *stemOf(d, operand);
    const Epilogue epilogue = *stemEpilogue(d, g);
    Source source;
    source.file = "conv_stem.cu";
    defineProblem(source, g);
    source.define("OPERAND", static_cast<int64_t>(g.operand));
    source.defines.emplace_back("X_T", storageType(d.inputs[0].dtype));
    source.define("TILE_H", t.h);
    source.define("TILE_W", t.w);
    source.define("TILE_N", kColumns);
    source.define("WARPS", kWarps);
    source.define("MIN_BLOCKS", blocksOf(t, operand));
    source.define("BYTE_RESULTS", g.order != ColumnOrder::Plain);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [t, g, epilogue, device](const KernelArgs& args) {
                const TensorView& x = args.inputs[0];
                LaunchSpec spec;
                spec.entry = "conv_stem";
                const int64_t tiles = g.images * ((g.p + t.h - 1) / t.h) * ((g.q + t.w - 1) / t.w);
                spec.grid = {static_cast<uint32_t>(std::min<int64_t>(tiles, device.multiprocessors * blocksOf(t, g.operand))), static_cast<uint32_t>((g.columns + kColumns - 1) / kColumns), 1};
                spec.block = {32 * kWarps, 1, 1};
                spec.dynamicShared = sharedBytes(g, t);
                spec.dependent = true;
                spec.params.add(x.data).add(args.inputs[1].data).add(static_cast<int64_t>(x.strides[0])).add(static_cast<int32_t>(x.strides[1])).add(static_cast<int32_t>(x.strides[2]));
                epilogue.addParams(spec.params, args);
                return std::vector{spec};
            }};
}

std::vector<KernelRow> allRows() {
    std::vector<KernelRow> rows;
    for (const Operand operand : {Operand::F16, Operand::BF16, Operand::TF32, Operand::F32}) {
        for (const Tile& t : kTiles) {
            KernelRow row;
            row.name = std::string(operandName(operand)) + (operand == Operand::F32 ? "_conv2d_stem_tf32x3__sm80_mma_" : "_conv2d_stem__sm80_mma_") + std::to_string(t.h) + "x" + std::to_string(t.w) + "x" + std::to_string(kColumns);
            row.op = "Conv";
            row.leastArch = 80;
            row.supports = [t, operand](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, operand); };
            row.make = [t, operand](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, t, operand); };
            row.pack = [operand](const LayerDesc& d, int, const void* raw, void* packed) { pack(d, operand, raw, packed); };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(conv_stem)(allRows());

}  // namespace
}  // namespace sinter::cuda::gemm
