// First convolutions on Hopper's warpgroups (conv_stem_wgmma.cu): rows by operand type and tile.
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
    int blocksH, blocksW;  ///< of 8 × 8 results
    int resident;          ///< blocks on a multiprocessor
};
constexpr Tile kTiles[] = {{1, 2, 4}, {1, 1, 6}, {2, 1, 4}};
constexpr int64_t kStep = 32, kThreads = 128;

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
/// Bytes of a pixel in shared memory: windows of neighbouring results start 16 bytes apart.
int64_t pixelBytes(const Problem& g) { return 16 / g.strideW; }
int64_t rowSteps(const Problem& g) { return ceilDiv(g.s * pixelBytes(g), kStep); }
/// Channels of a block.
int64_t columnsOf(const Problem& g) { return g.columns <= 32 ? 32 : 64; }
int64_t weightBytes(const Problem& g) { return g.r * rowSteps(g) * columnsOf(g) * kStep; }
uint32_t sharedBytes(const Problem& g, const Tile& t) {
    const int64_t pieceH = (8 * t.blocksH - 1) * g.strideH + g.r, pitch = (8 * t.blocksW - 1) * 16 + rowSteps(g) * kStep;
    return static_cast<uint32_t>(weightBytes(g) + 2 * pieceH * pitch);
}

std::optional<Problem> problemAs(const LayerDesc& d, Operand operand) {
    auto g = stemOf(d, operand);
    if (!g || g->strideW > 2 || g->channels > pixelBytes(*g) / 2 || g->strideH > 8) return std::nullopt;
    return g;
}
/// Neighbouring columns of a thread.
int64_t runOf(const Problem& g) { return g.order == ColumnOrder::Plain ? 8 : 16; }

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const auto g = problemAs(d, operand);
    if (!g || sharedBytes(*g, t) > device.sharedPerBlock || !stemEpilogue(d, *g)) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, g->result, info, "nhwc", g->order == ColumnOrder::Plain ? 0 : 16);
    info.inputLayouts[0] = "linear";
    info.inputViews[0] = 1;
    info.inputViews[1] = 0;
    info.packing[1] = {std::string("cuda_stem") + std::to_string(pixelBytes(*g)) + "x" + std::to_string(columnsOf(*g)) + "_" + std::to_string(runOf(*g)) + "_" + operandName(operand),
                       static_cast<uint64_t>(weightBytes(*g) * ceilDiv(g->columns, columnsOf(*g)))};
    const double resident = std::clamp(std::floor(device.sharedPerMultiprocessor / (sharedBytes(*g, t) + 1024.0)), 1.0, static_cast<double>(t.resident));
    const int blocks = t.blocksH * t.blocksW;
    const double tiles = static_cast<double>(g->images * ceilDiv(g->p, 8 * t.blocksH) * ceilDiv(g->q, 8 * t.blocksW) * ceilDiv(g->columns, columnsOf(*g)));
    // Nanoseconds of a tile: products at the rate of shared memory, all blocks' together; fetch and results, which overlap.
    const double products = blocks * static_cast<double>(g->r * rowSteps(*g)) * 18, rest = 800 + blocks * 400;
    info.estimate = std::max(moveEstimate(d, device), 2000 + std::max(tiles / device.multiprocessors, 1.0) * products + std::max(tiles / (device.multiprocessors * resident), 1.0) * rest);
    return info;
}

void pack(const LayerDesc& d, Operand operand, const void* raw, void* packed) {
    const auto g = problemAs(d, operand);
    if (!g) return;
    const int64_t count = d.inputs[1].count(), pixel = pixelBytes(*g) / 2, steps = g->r * rowSteps(*g), width = columnsOf(*g);
    std::vector<uint16_t> elements(static_cast<size_t>(count));
    castElements(d.inputs[1].dtype, raw, operandStorage(operand), elements.data(), elements.size());
    auto* to = static_cast<uint16_t*>(packed);
    std::memset(packed, 0, static_cast<size_t>(weightBytes(*g) * ceilDiv(g->columns, width)));
    for (int64_t i = 0; i < count; ++i) {
        const int64_t s = i % g->s, r = i / g->s % g->r, c = i / (g->s * g->r) % g->channels, column = fragmentRow(i / (g->s * g->r * g->channels), runOf(*g));
        const int64_t inRow = s * pixel + c, step = r * rowSteps(*g) + inRow / 16, half = inRow / 8 % 2;
        to[(((column / width * steps + step) * 2 + half) * width + column % width) * 8 + inRow % 8] = elements[static_cast<size_t>(i)];
    }
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const Problem g = *problemAs(d, operand);
    const Epilogue epilogue = *stemEpilogue(d, g);
    Source source;
    source.file = "conv_stem_wgmma.cu";
    source.architectureSpecific = true;
    defineProblem(source, g);
    source.define("OPERAND", static_cast<int64_t>(g.operand));
    source.defines.emplace_back("X_T", storageType(d.inputs[0].dtype));
    source.define("BLOCKS_H", t.blocksH);
    source.define("BLOCKS_W", t.blocksW);
    source.define("TILE_N", columnsOf(g));
    source.define("MIN_BLOCKS", t.resident);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [t, g, epilogue, device](const KernelArgs& args) {
                const TensorView& x = args.inputs[0];
                LaunchSpec spec;
                spec.entry = "conv_stem_wgmma";
                const int64_t tiles = g.images * ceilDiv(g.p, 8 * t.blocksH) * ceilDiv(g.q, 8 * t.blocksW);
                spec.grid = {static_cast<uint32_t>(std::min<int64_t>(tiles, device.multiprocessors * t.resident)), static_cast<uint32_t>(ceilDiv(g.columns, columnsOf(g))), 1};
                spec.block = {kThreads, 1, 1};
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
            row.name = std::string(operandName(operand)) + "_conv2d_stem__sm90_wgmma_" + std::to_string(8 * t.blocksH) + "x" + std::to_string(8 * t.blocksW);
            row.op = "Conv";
            row.leastArch = row.mostArch = 90;
            row.supports = [t, operand](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, operand); };
            row.make = [t, operand](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, t, operand); };
            row.pack = [operand](const LayerDesc& d, int, const void* raw, void* packed) { pack(d, operand, raw, packed); };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(conv_stem_wgmma)(allRows());

}  // namespace
}  // namespace sinter::cuda::gemm
