// Convolutions with few channels by patches of the image in shared memory, with or without a 2 × 2 maximum behind them (conv_patch.cu).
#include <algorithm>
#include <cmath>

#include "core/conv_max_pool.h"
#include "cuda/gemm/problem.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda::gemm {
namespace {

/// Rows of a patch (eight pixels wide), how many rows of the result the epilogue stages at once, and warpgroups.
struct Tile {
    int h, rows, consumers;
    bool pooled = false;    ///< with the maximum behind it
    bool streamed = false;  ///< weights come once a patch instead of staying
};
constexpr Tile kTiles[] = {{28, 4, 2},       {16, 4, 3},       {14, 2, 3},       {14, 2, 2},
                           {28, 7, 2, true}, {32, 8, 2, true}, {16, 8, 2, true}, {14, 7, 2, true},
                           {28, 4, 2, false, true}, {16, 4, 3, false, true}, {16, 4, 2, false, true}, {14, 2, 3, false, true}};
constexpr int kWidth = 8, kColumns = 64, kMostStages = 3, kWeightStages = 8;
constexpr int64_t kResidentSlabs = 2;  ///< of 128 bytes of channels: the weights of more do not fit
constexpr int64_t kLine = 128;  ///< bytes of a pixel in shared memory

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The sizes that conv_patch.cu derives from its macros.
struct Patch {
    int64_t slabs, w, h, stacked, tiles, columns;
    int stages;  ///< 0: does not fit
    uint32_t shared;
};
Patch patchOf(const Problem& g, const Tile& t, const DeviceProperties& device) {
    Patch p{};
    p.slabs = ceilDiv(g.channels * g.bytes(), kLine);
    p.w = kWidth + (g.s - 1) * g.dilationW;
    p.h = t.h + (g.r - 1) * g.dilationH;
    // Small images lie one above the other, with as many rows between them as the filter reaches beyond its first.
    const int64_t between = (g.r - 1) * g.dilationH;
    p.stacked = !t.pooled && g.taps() > 1 && p.h % (g.p + between) == 0 ? p.h / (g.p + between) : 1;
    p.tiles = ceilDiv(g.images, p.stacked) * (p.stacked > 1 ? 1 : ceilDiv(g.p, t.h)) * ceilDiv(g.q, kWidth);
    p.columns = ceilDiv(g.columns, kColumns);
    const int64_t stage = ceilDiv(p.w * p.h * kLine, 1024) * 1024;
    const int64_t scratch = g.order != ColumnOrder::Plain ? t.h * kWidth * kColumns
                            : t.pooled                    ? t.rows * (kWidth / 2) * (kColumns + 8) * 4
                                                          : t.rows * kWidth * (kColumns + 4) * 4;
    const int64_t weights = (t.streamed ? kWeightStages : p.slabs * g.taps()) * kColumns * kLine, fixed = 1024 + weights + t.consumers * scratch;
    p.stages = static_cast<int>(std::clamp<int64_t>((device.sharedPerBlock - fixed) / stage, 0, kMostStages));
    p.shared = static_cast<uint32_t>(fixed + p.stages * stage);
    return p;
}
/// Blocks that share the patches of 64 output channels; of all of them where weights do not stay.
int64_t blocksOf(const Tile& t, const Patch& p, const DeviceProperties& device) {
    if (t.streamed) return std::min<int64_t>(device.multiprocessors, p.tiles * p.columns);
    return std::clamp<int64_t>(device.multiprocessors / p.columns, 1, p.tiles);
}

/// A layer as a convolution, and what follows its sums.
struct Parts {
    LayerDesc conv;
    Problem whole, g;  ///< the convolution's, and as the kernel sees it
    Epilogue epilogue;
};
std::optional<Parts> partsOf(const LayerDesc& d, Operand operand, const Tile& t) {
    const bool pooled = t.pooled;
    // The maximum is taken of the sums: nothing behind them may decrease or tell pixels apart.
    if (pooled && !risesWithFirst(d.program)) return std::nullopt;
    const auto conv = pooled ? convolutionIn(d) : d;
    if (!conv) return std::nullopt;
    auto g = problemOf(*conv);
    if (!g || g->operand != operand || !g->convolution || g->groups != 1) return std::nullopt;
    if (g->strideH != 1 || g->strideW != 1 || g->channels * g->bytes() % 16 != 0) return std::nullopt;
    const int64_t slabs = ceilDiv(g->channels * g->bytes(), kLine);
    if (t.streamed ? slabs < 2 : slabs > kResidentSlabs) return std::nullopt;
    if (pooled) g->result = {d.outputs[0].dims, 1};
    else orderColumns(*g, d, ColumnOrder::Exchanged);
    auto epilogue = productEpilogue(d, *g);
    if (!epilogue) return std::nullopt;
    Problem seen = *g;
    if (g->taps() == 1) {
        // Of products on single pixels only those that are mostly results: pixels in a row are rows of eight of one image.
        // Beside a residual sum the tiles of conv_wgmma.cu, which request it before the products, are faster in whole engines.
        const bool residual = std::any_of(d.inputs.begin() + static_cast<std::ptrdiff_t>(d.opInputs), d.inputs.end(), [&](const TensorInfo& i) { return i.dims == d.outputs[0].dims; });
        if (residual || pooled || t.h == 14 || slabs > 1 || g->windowed() || g->rows % kWidth != 0 || 4 * g->columns < 3 * kColumns * ceilDiv(g->columns, kColumns)) return std::nullopt;
        seen.images = 1;
        seen.h = seen.p = g->rows / kWidth;
        seen.w = seen.q = kWidth;
    }
    return Parts{*conv, *g, seen, std::move(*epilogue)};
}

/// Nanoseconds of a block's patch: products at the rate that shared memory feeds them, beside the epilogues of other patches.
double patchTime(const Problem& g, const Tile& t, const Patch& p, const DeviceProperties& device) {
    const double steps = static_cast<double>(p.slabs > 1 ? p.slabs * 4 : ceilDiv(g.channels * g.bytes(), 32));
    const double products = static_cast<double>(g.taps()) * steps * t.h * 4 / (device.clockGhz * 0.67), epilogue = t.h * (t.pooled ? 40.0 : g.taps() == 1 ? 60.0 : 120.0);
    // Slabs of the next patch have to be under way while the last one's are multiplied.
    if (p.stages <= p.slabs && p.slabs > 1 && !t.streamed) return 1.2 * std::max(products, (products + epilogue) / t.consumers);
    // What the second-level cache delivers to one multiprocessor of many, bytes a nanosecond.
    constexpr double kDelivered = 55;
    const double loaded = static_cast<double>(p.slabs * kLine * (p.w * p.h + (t.streamed ? g.taps() * kColumns : 0))) / kDelivered;
    return std::max({products, (products + epilogue) / t.consumers, loaded});
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const auto parts = partsOf(d, operand, t);
    if (!parts) return std::nullopt;
    const Problem* const g = &parts->g;
    const Patch p = patchOf(*g, t, device);
    if (p.stages < 2 || p.w > 256 || p.h > 256 || p.columns > 65535 || p.tiles > (int64_t{1} << 30)) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, g->result, info, "nhwc", g->order == ColumnOrder::Plain ? 0 : 16);
    info.inputLayouts[0] = "nhwc";
    info.inputViews[0] = static_cast<uint32_t>(16 / g->bytes());
    info.inputViews[1] = 0;
    info.packing[1] = packingOf(*g);
    const double blocks = static_cast<double>(blocksOf(t, p, device));
    const double turns = t.streamed ? std::ceil(static_cast<double>(p.tiles * p.columns) / blocks)
                                    : std::ceil(static_cast<double>(p.tiles) / blocks) * std::ceil(static_cast<double>(p.columns) / device.multiprocessors);
    const double work = turns * patchTime(*g, t, p, device), traffic = moveEstimate(d, device) - 1500;
    // The weights arrive before anything is computed.
    const double fill = (t.streamed ? t.h * 120.0 : static_cast<double>(p.slabs * g->taps() * kColumns * kLine) / 60) + 700;
    info.estimate = std::max(work, traffic) + 0.2 * std::min(work, traffic) + fill;
    return info;
}

LaunchSpec launchOf(const Problem& whole, const Problem& g, const Tile& t, const Patch& p, const Epilogue& epilogue, const DeviceProperties& device, const KernelArgs& args) {
    const auto at = [](int64_t v) { return static_cast<uint64_t>(v); };
    const auto depth = static_cast<uint32_t>(kLine / g.bytes());
    const uint64_t pitch = at(pixelPitch(args.inputs[0], whole) * g.bytes());
    const bool round = g.operand == Operand::TF32;
    LaunchSpec spec;
    spec.entry = "conv_patch";
    spec.grid = {static_cast<uint32_t>(blocksOf(t, p, device)), t.streamed ? 1 : static_cast<uint32_t>(p.columns), 1};
    spec.block = {static_cast<uint32_t>(128 * (t.consumers + 1)), 1, 1};
    spec.dynamicShared = p.shared;
    spec.dependent = true;
    spec.params.add(encode(TiledMap{.address = args.inputs[0].data, .dtype = operandStorage(g.operand), .dims = {at(g.channels), at(g.w), at(g.h), at(g.images)},
                                    .strides = {pitch, pitch * at(g.w), pitch * at(g.w * g.h)},
                                    .box = {depth, static_cast<uint32_t>(p.w), static_cast<uint32_t>(p.h / p.stacked), static_cast<uint32_t>(p.stacked)}, .elementStrides = {}, .swizzle = Swizzle::B128, .roundTf32 = round}));
    spec.params.add(encode(TiledMap{.address = args.inputs[1].data, .dtype = operandStorage(g.operand), .dims = {at(g.channels), at(g.taps()), at(g.columns)},
                                    .strides = {at(g.channels * g.bytes()), at(g.reduction() * g.bytes())}, .box = {depth, 1, kColumns}, .elementStrides = {}, .swizzle = Swizzle::B128}));
    epilogue.addParams(spec.params, args);
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const Parts parts = *partsOf(d, operand, t);
    const Problem& g = parts.g;
    const Patch p = patchOf(g, t, device);
    Source source;
    source.file = "conv_patch.cu";
    source.architectureSpecific = true;
    source.define("OPERAND", static_cast<int64_t>(operand));
    defineProblem(source, g);
    source.define("TILE_H", t.h);
    source.define("CHUNK_ROWS", t.rows);
    source.define("STAGES", p.stages);
    source.define("WEIGHT_STAGES", t.streamed ? kWeightStages : 0);
    source.define("STACKED", p.stacked);
    source.define("CONSUMERS", t.consumers);
    source.define("BYTE_RESULTS", parts.g.order != ColumnOrder::Plain);
    source.define("POOLED", t.pooled ? 1 : 0);
    source.generated.emplace_back("epilogue.cuh", parts.epilogue.text());
    return {std::move(source), [t, whole = parts.whole, g, p, epilogue = parts.epilogue, device](const KernelArgs& args) { return std::vector{launchOf(whole, g, t, p, epilogue, device, args)}; }};
}

KernelRow rowOf(Operand operand, const Tile& t) {
    KernelRow row;
    row.name = std::string(operandName(operand)) + (t.pooled ? "_conv2d_maxpool" : "_conv2d") + "__sm90_patch_" + std::to_string(t.h) + "x" + std::to_string(kWidth) + "x" +
               std::to_string(kColumns) + "_c" + std::to_string(t.consumers) + (t.streamed ? "_w" : "");
    row.op = t.pooled ? "ConvMaxPool" : "Conv";
    row.leastArch = row.mostArch = 90;
    row.supports = [=](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, operand); };
    row.make = [=](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, t, operand); };
    row.pack = [=](const LayerDesc& d, int, const void* raw, void* packed) {
        if (const auto parts = partsOf(d, operand, t)) packWeights(parts->conv, parts->g, raw, packed);
    };
    return row;
}

std::vector<KernelRow> allRows() {
    std::vector<KernelRow> rows;
    for (const Operand operand : {Operand::F16, Operand::BF16, Operand::I8, Operand::TF32}) {
        for (const Tile& t : kTiles) {
            // Where TF32 is not allowed a layer must have something else: of the two in one there is nothing else.
            if (!t.pooled || operand != Operand::TF32) rows.push_back(rowOf(operand, t));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(conv_patch)(allRows());

}  // namespace
}  // namespace sinter::cuda::gemm
