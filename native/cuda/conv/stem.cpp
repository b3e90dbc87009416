// First convolutions: planes of up to four channels in, channels-last 16-bit floats out (conv_stem.cu).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/number_formats.h"
#include "cuda/codegen/types.h"
#include "cuda/gemm/problem.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda::gemm {
namespace {

struct Tile {
    int h, w, blocks;  ///< result pixels of a block; blocks on a multiprocessor
};
constexpr Tile kTiles[] = {{8, 16, 3}, {4, 16, 4}, {8, 8, 4}, {4, 32, 3}};
constexpr int kWarps = 4, kColumns = 64;

/// Bytes of a packed weight row: filter rows of whole groups of four taps, four channels each.
int64_t weightRow(const Problem& g) { return g.r * ((g.s + 3) / 4) * 32; }

uint32_t sharedBytes(const Problem& g, const Tile& t) {
    const int64_t pieceH = (t.h - 1) * g.strideH + g.r, pieceW = (t.w - 1) * g.strideW + (g.s + 3) / 4 * 4;
    return static_cast<uint32_t>(kColumns * (weightRow(g) + 16) + (pieceH * pieceW * 8 + 15) / 16 * 16 + kWarps * 16 * (kColumns + 8) * 4);
}

std::optional<Problem> stemOf(const LayerDesc& d) {
    if (d.op != "Conv" || d.inputs.empty() || d.inputs[0].quantized()) return std::nullopt;
    auto g = geometryOf(d);
    if (!g || g->groups != 1 || g->channels > 4 || g->r > 16 || g->s > 16 || g->dilationH != 1 || g->dilationW != 1) return std::nullopt;
    const TensorInfo& y = d.outputs[0];
    // Wide inputs lose precision here: that is the choice of whoever stores the result in 16 bits or in bytes.
    if (y.quantized() ? y.dtype != DType::I8 && y.dtype != DType::U8 : y.dtype != DType::F16 && y.dtype != DType::BF16) return std::nullopt;
    g->operand = y.dtype == DType::BF16 ? Operand::BF16 : Operand::F16;
    return g;
}

std::optional<Epilogue> epilogueOf(const LayerDesc& d, const Problem& g) {
    return Epilogue::of(d, g.result, {.biasInput = d.opInputs > 2 ? 2 : -1, .even = true});
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const auto g = stemOf(d);
    if (!g || g->operand != operand || sharedBytes(*g, t) > device.sharedPerBlock || !epilogueOf(d, *g)) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, g->result, info, "nhwc");
    info.inputLayouts[0] = "linear";
    info.inputViews[0] = 1;
    info.inputViews[1] = 0;
    info.packing[1] = {std::string("cuda_krs4_") + operandName(operand), static_cast<uint64_t>(g->columns * weightRow(*g))};
    const auto ceilDiv = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
    const double resident = std::clamp(std::floor(device.sharedPerMultiprocessor / (sharedBytes(*g, t) + 1024.0)), 1.0, static_cast<double>(t.blocks));
    const double blocks = static_cast<double>(g->images * ceilDiv(g->p, t.h) * ceilDiv(g->q, t.w) * ceilDiv(g->columns, kColumns));
    // Nanoseconds: a block's copy of its piece, its products, its results; blocks of one multiprocessor overlap.
    const double piece = static_cast<double>(((t.h - 1) * g->strideH + g->r) * ((t.w - 1) * g->strideW + g->s));
    const double block = 900 + piece * 0.6 + t.h * t.w * static_cast<double>(weightRow(*g)) * 0.02 + t.h * t.w * 4.0;
    info.estimate = std::max(moveEstimate(d, device), 2000 + std::max(1.0, blocks / (device.multiprocessors * resident)) * block);
    return info;
}

void pack(const LayerDesc& d, const void* raw, void* packed) {
    const auto problem = stemOf(d);
    if (!problem) return;
    const Problem& g = *problem;
    const DType type = g.operand == Operand::F16 ? DType::F16 : DType::BF16;
    const auto count = static_cast<size_t>(d.inputs[1].count());
    std::vector<uint16_t> elements(count);
    castElements(d.inputs[1].dtype, raw, type, elements.data(), count);
    auto* to = static_cast<uint16_t*>(packed);
    const int64_t taps = (g.s + 3) / 4 * 4, row = weightRow(g) / 2;
    std::memset(packed, 0, static_cast<size_t>(g.columns * weightRow(g)));
    for (int64_t i = 0; i < static_cast<int64_t>(count); ++i) {
        const int64_t s = i % g.s, r = i / g.s % g.r, c = i / (g.s * g.r) % g.channels, m = i / (g.s * g.r * g.channels);
        to[m * row + (r * taps + s) * 4 + c] = elements[static_cast<size_t>(i)];
    }
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t) {
    const Problem g = *stemOf(d);
    const Epilogue epilogue = *epilogueOf(d, g);
    Source source;
    source.file = "conv_stem.cu";
    defineProblem(source, g);
    source.define("OPERAND", static_cast<int64_t>(g.operand));
    source.defines.emplace_back("X_T", storageType(d.inputs[0].dtype));
    source.define("TILE_H", t.h);
    source.define("TILE_W", t.w);
    source.define("TILE_N", kColumns);
    source.define("WARPS", kWarps);
    source.define("MIN_BLOCKS", t.blocks);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [t, g, epilogue, device](const KernelArgs& args) {
                const TensorView& x = args.inputs[0];
                LaunchSpec spec;
                spec.entry = "conv_stem";
                const int64_t tiles = g.images * ((g.p + t.h - 1) / t.h) * ((g.q + t.w - 1) / t.w);
                spec.grid = {static_cast<uint32_t>(std::min<int64_t>(tiles, device.multiprocessors * t.blocks)), static_cast<uint32_t>((g.columns + kColumns - 1) / kColumns), 1};
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
    for (const Operand operand : {Operand::F16, Operand::BF16}) {
        for (const Tile& t : kTiles) {
            KernelRow row;
            row.name = std::string(operandName(operand)) + "_conv2d_stem__sm80_mma_" + std::to_string(t.h) + "x" + std::to_string(t.w) + "x" + std::to_string(kColumns);
            row.op = "Conv";
            row.leastArch = 80;
            row.supports = [t, operand](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, operand); };
            row.make = [t](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, t); };
            row.pack = [](const LayerDesc& d, int, const void* raw, void* packed) { pack(d, raw, packed); };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(conv_stem)(allRows());

}  // namespace
}  // namespace sinter::cuda::gemm
