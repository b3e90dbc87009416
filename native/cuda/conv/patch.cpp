// Convolutions with few channels by patches of the image in shared memory (conv_patch.cu).
#include <algorithm>
#include <cmath>

#include "cuda/gemm/problem.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda::gemm {
namespace {

/// Rows of a patch's results (eight pixels wide), how many of them the epilogue stages at once, and warpgroups.
struct Tile {
    int h, rows, consumers;
};
constexpr Tile kTiles[] = {{28, 4, 2}, {32, 4, 2}, {14, 2, 2}, {16, 4, 2}};
constexpr int kWidth = 8, kColumns = 64, kMostStages = 3;
constexpr int64_t kLine = 128;  ///< bytes of a pixel in shared memory

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The sizes that conv_patch.cu derives from its macros.
struct Patch {
    int64_t slabs, w, h, tiles, columns;
    int stages;  ///< 0: does not fit
    uint32_t shared;
};
Patch patchOf(const Problem& g, const Tile& t, const DeviceProperties& device) {
    Patch p{};
    p.slabs = ceilDiv(g.channels * g.bytes(), kLine);
    p.w = kWidth + (g.s - 1) * g.dilationW;
    p.h = t.h + (g.r - 1) * g.dilationH;
    p.tiles = g.images * ceilDiv(g.p, t.h) * ceilDiv(g.q, kWidth);
    p.columns = ceilDiv(g.columns, kColumns);
    const int64_t stage = ceilDiv(p.w * p.h * kLine, 1024) * 1024;
    const int64_t scratch = g.order == ColumnOrder::Plain ? t.rows * kWidth * (kColumns + 4) * 4 : t.h * kWidth * kColumns;
    const int64_t fixed = 1024 + p.slabs * g.taps() * kColumns * kLine + t.consumers * scratch;
    p.stages = static_cast<int>(std::clamp<int64_t>((device.sharedPerBlock - fixed) / stage, 0, kMostStages));
    p.shared = static_cast<uint32_t>(fixed + p.stages * stage);
    return p;
}
/// Blocks that share the patches of 64 output channels.
int64_t blocksOf(const Patch& p, const DeviceProperties& device) { return std::clamp<int64_t>(device.multiprocessors / p.columns, 1, p.tiles); }

std::optional<Problem> problemAs(const LayerDesc& d, Operand operand) {
    auto g = problemOf(d);
    if (!g || g->operand != operand || !g->convolution || g->groups != 1 || g->taps() < 2) return std::nullopt;
    if (g->strideH != 1 || g->strideW != 1 || g->channels * g->bytes() % 16 != 0 || g->channels * g->bytes() > 2 * kLine) return std::nullopt;
    orderColumns(*g, d, ColumnOrder::Exchanged);
    return g;
}

/// Nanoseconds of a block's patch: products at the rate that shared memory feeds them, beside the epilogues of other patches.
double patchTime(const Problem& g, const Tile& t, const Patch& p, const DeviceProperties& device) {
    const double products = static_cast<double>(p.slabs * g.taps()) * t.h * 16 * std::min(1.0, static_cast<double>(ceilDiv(g.channels * g.bytes(), 32)) / 4) / (device.clockGhz * 0.67), epilogue = t.h * 120.0;
    return std::max(products, (products + epilogue) / t.consumers);
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const auto g = problemAs(d, operand);
    if (!g) return std::nullopt;
    const Patch p = patchOf(*g, t, device);
    if (p.stages < 2 || p.w > 256 || p.h > 256 || p.columns > 65535 || p.tiles > (int64_t{1} << 30) || !productEpilogue(d, *g)) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, g->result, info, "nhwc", g->order == ColumnOrder::Plain ? 0 : 16);
    info.inputLayouts[0] = "nhwc";
    info.inputViews[0] = static_cast<uint32_t>(16 / g->bytes());
    info.inputViews[1] = 0;
    info.packing[1] = packingOf(*g);
    const double turns = std::ceil(static_cast<double>(p.tiles) / static_cast<double>(blocksOf(p, device))) * std::ceil(static_cast<double>(p.columns) / device.multiprocessors);
    const double work = turns * patchTime(*g, t, p, device), traffic = moveEstimate(d, device) - 1500;
    // The weights arrive before anything is computed.
    const double fill = static_cast<double>(p.slabs * g->taps() * kColumns * kLine) / 60 + 700;
    info.estimate = std::max(work, traffic) + 0.2 * std::min(work, traffic) + fill;
    return info;
}

LaunchSpec launchOf(const Problem& g, const Tile& t, const Patch& p, const Epilogue& epilogue, const DeviceProperties& device, const KernelArgs& args) {
    const auto at = [](int64_t v) { return static_cast<uint64_t>(v); };
    const auto depth = static_cast<uint32_t>(kLine / g.bytes());
    const uint64_t pitch = at(pixelPitch(args.inputs[0], g) * g.bytes());
    const bool round = g.operand == Operand::TF32;
    LaunchSpec spec;
    spec.entry = "conv_patch";
    spec.grid = {static_cast<uint32_t>(blocksOf(p, device)), static_cast<uint32_t>(p.columns), 1};
    spec.block = {static_cast<uint32_t>(128 * (t.consumers + 1)), 1, 1};
    spec.dynamicShared = p.shared;
    spec.dependent = true;
    spec.params.add(encode(TiledMap{.address = args.inputs[0].data, .dtype = operandStorage(g.operand), .dims = {at(g.channels), at(g.w), at(g.h), at(g.images)},
                                    .strides = {pitch, pitch * at(g.w), pitch * at(g.w * g.h)},
                                    .box = {depth, static_cast<uint32_t>(p.w), static_cast<uint32_t>(p.h), 1}, .elementStrides = {}, .swizzle = Swizzle::B128, .roundTf32 = round}));
    spec.params.add(encode(TiledMap{.address = args.inputs[1].data, .dtype = operandStorage(g.operand), .dims = {at(g.channels), at(g.taps()), at(g.columns)},
                                    .strides = {at(g.channels * g.bytes()), at(g.reduction() * g.bytes())}, .box = {depth, 1, kColumns}, .elementStrides = {}, .swizzle = Swizzle::B128}));
    epilogue.addParams(spec.params, args);
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const Problem g = *problemAs(d, operand);
    const Patch p = patchOf(g, t, device);
    const Epilogue epilogue = *productEpilogue(d, g);
    Source source;
    source.file = "conv_patch.cu";
    source.architectureSpecific = true;
    source.define("OPERAND", static_cast<int64_t>(operand));
    defineProblem(source, g);
    source.define("TILE_H", t.h);
    source.define("CHUNK_ROWS", t.rows);
    source.define("STAGES", p.stages);
    source.define("CONSUMERS", t.consumers);
    source.define("BYTE_RESULTS", g.order != ColumnOrder::Plain);
    source.define("POOLED", 0);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [t, g, p, epilogue, device](const KernelArgs& args) { return std::vector{launchOf(g, t, p, epilogue, device, args)}; }};
}

std::vector<KernelRow> allRows() {
    std::vector<KernelRow> rows;
    for (const Operand operand : {Operand::F16, Operand::BF16, Operand::I8, Operand::TF32}) {
        for (const Tile& t : kTiles) {
            KernelRow row;
            row.name = std::string(operandName(operand)) + "_conv2d__sm90_patch_" + std::to_string(t.h) + "x" + std::to_string(kWidth) + "x" + std::to_string(kColumns) + "_c" + std::to_string(t.consumers);
            row.op = "Conv";
            row.leastArch = row.mostArch = 90;
            row.supports = [t, operand](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, operand); };
            row.make = [t, operand](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, t, operand); };
            row.pack = [operand](const LayerDesc& d, int, const void* raw, void* packed) {
                if (const auto g = problemAs(d, operand)) packWeights(d, *g, raw, packed);
            };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(conv_patch)(allRows());

}  // namespace
}  // namespace sinter::cuda::gemm
