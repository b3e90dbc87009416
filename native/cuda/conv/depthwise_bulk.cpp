// Depthwise convolutions of channels-last images by pieces that the copy engine brings (conv_depthwise_bulk.cu).
#include <algorithm>
#include <cmath>

#include "cuda/codegen/types.h"
#include "cuda/conv/depthwise.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda::gemm {
namespace {

struct Tile {
    int channels, h, w;     ///< of a piece's results
    int threadH, threadW;   ///< results of a thread, of kVector channels
    int blocks;             ///< on a multiprocessor
};
constexpr Tile kTiles[] = {{32, 14, 28, 14, 2, 3}, {32, 14, 28, 7, 4, 3}, {32, 7, 28, 7, 2, 3}, {32, 8, 14, 4, 2, 3},  {48, 14, 14, 7, 2, 3}, {48, 7, 14, 7, 2, 4},
                           {64, 7, 14, 7, 2, 3},   {64, 7, 7, 7, 1, 4},   {32, 7, 14, 7, 2, 5}, {48, 8, 14, 4, 2, 3},  {16, 8, 28, 4, 2, 4}};
constexpr int kVector = 4, kStages = 2;

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The sizes that conv_depthwise_bulk.cu derives from its macros.
struct Piece {
    int64_t w, h, workers, tiles;
    uint32_t shared;
};
Piece pieceOf(const Problem& g, const Tile& t) {
    Piece p{};
    const int64_t columns = ceilDiv(t.w, t.threadW), strips = ceilDiv(t.h, t.threadH);
    p.w = (columns * t.threadW - 1) * g.strideW + g.s;
    p.h = (strips * t.threadH - 1) * g.strideH + g.r;
    p.workers = t.channels / kVector * columns * strips;
    p.tiles = g.images * ceilDiv(g.p, t.h) * ceilDiv(g.q, t.w) * (g.groups / t.channels);
    p.shared = static_cast<uint32_t>(128 + kStages * ((p.w * p.h * t.channels * g.bytes() + 127) / 128 * 128));
    return p;
}
int64_t threadsOf(const Piece& p) { return (p.workers + 31) / 32 * 32; }
int64_t residentOf(const Piece& p, const Tile& t, const DeviceProperties& device) {
    return std::clamp<int64_t>(device.sharedPerMultiprocessor / (p.shared + 1024), 1, t.blocks);
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const auto g = depthwiseOf(d);
    if (!g || g->operand != operand || g->groups % t.channels != 0 || g->taps() > 9 || g->dilationH != 1 || g->dilationW != 1 || g->strideH > 2 || g->strideW > 2) return std::nullopt;
    const Piece p = pieceOf(*g, t);
    if (p.w > 256 || p.h > 256 || p.shared > device.sharedPerBlock || p.tiles > (int64_t{1} << 30)) return std::nullopt;
    // Results computed beside the image are lost work.
    if (3 * ceilDiv(g->p, t.h) * t.h * ceilDiv(g->q, t.w) * t.w > 4 * g->p * g->q || !depthwiseEpilogue(d, *g)) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, g->result, info, "nhwc");
    info.outputViews.assign(d.outputs.size(), kDepthwiseChannels);
    info.inputLayouts[0] = "nhwc";
    info.inputViews[0] = std::max<uint32_t>(kDepthwiseChannels, static_cast<uint32_t>(16 / g->bytes()));
    info.inputViews[1] = 0;
    info.packing[1] = depthwisePacking(*g);
    // Nanoseconds: some 28 instructions a result, of which a multiprocessor issues 128 threads' a clock; a piece alone takes its latency.
    const double resident = static_cast<double>(residentOf(p, t, device)), turns = std::ceil(static_cast<double>(p.tiles) / (device.multiprocessors * resident));
    const double work = static_cast<double>(t.h * t.w * t.channels) * (g->taps() + 19) / (128 * device.clockGhz);
    // The first pieces have to arrive before anything is computed, from the second-level cache where that holds the image.
    const double delivered = device.bytesPerNs * (static_cast<double>(d.inputs[0].count() * g->bytes()) < static_cast<double>(device.l2Bytes) ? 2.5 : 1);
    const double fill = p.shared / kStages * resident * std::min<double>(device.multiprocessors, static_cast<double>(p.tiles)) / delivered;
    info.estimate = std::max(moveEstimate(d, device, 1.1), 1500 + turns * std::max(work * resident, 700.0)) + fill;
    return info;
}

LaunchSpec launchOf(const Problem& g, const Tile& t, const Epilogue& epilogue, const DeviceProperties& device, const KernelArgs& args) {
    const Piece p = pieceOf(g, t);
    Problem whole = g;
    whole.channels = whole.columns = g.groups;
    const auto at = [](int64_t v) { return static_cast<uint64_t>(v); };
    const uint64_t pitch = at(pixelPitch(args.inputs[0], whole) * g.bytes());
    LaunchSpec spec;
    spec.entry = "conv_depthwise_bulk";
    spec.grid = {static_cast<uint32_t>(std::min<int64_t>(p.tiles, device.multiprocessors * residentOf(p, t, device))), 1, 1};
    spec.block = {static_cast<uint32_t>(threadsOf(p)), 1, 1};
    spec.dynamicShared = p.shared;
    spec.dependent = true;
    spec.params.add(encode(TiledMap{.address = args.inputs[0].data, .dtype = operandStorage(g.operand), .dims = {at(g.groups), at(g.w), at(g.h), at(g.images)},
                                    .strides = {pitch, pitch * at(g.w), pitch * at(g.w * g.h)},
                                    .box = {static_cast<uint32_t>(t.channels), static_cast<uint32_t>(p.w), static_cast<uint32_t>(p.h), 1}, .elementStrides = {}}));
    spec.params.add(args.inputs[1].data);
    epilogue.addParams(spec.params, args);
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t) {
    const Problem g = *depthwiseOf(d);
    const Epilogue epilogue = *depthwiseEpilogue(d, g);
    Source source;
    source.file = "conv_depthwise_bulk.cu";
    Problem whole = g;
    whole.channels = whole.columns = g.groups;
    defineProblem(source, whole);
    source.defines.emplace_back("X_T", storageType(operandStorage(g.operand)));
    source.defines.emplace_back("SUM_T", g.operand == Operand::I8 ? "int" : "float");
    const std::pair<const char*, int> values[] = {{"VECTOR", kVector}, {"CHANNELS", t.channels}, {"TILE_H", t.h},     {"TILE_W", t.w},
                                                  {"THREAD_H", t.threadH}, {"THREAD_W", t.threadW}, {"STAGES", kStages}, {"MIN_BLOCKS", t.blocks}};
    for (const auto& [name, value] : values) source.define(name, value);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [t, g, epilogue, device](const KernelArgs& args) { return std::vector{launchOf(g, t, epilogue, device, args)}; }};
}

std::vector<KernelRow> allRows() {
    std::vector<KernelRow> rows;
    for (const Operand operand : {Operand::F16, Operand::BF16, Operand::I8, Operand::TF32}) {
        for (const Tile& t : kTiles) {
            KernelRow row;
            row.name = std::string(depthwiseType(operand)) + "_conv2d_dw__sm90_bulk_" + std::to_string(t.h) + "x" + std::to_string(t.w) + "x" + std::to_string(t.channels) + "_t" +
                       std::to_string(t.threadH) + "x" + std::to_string(t.threadW);
            row.op = "Conv";
            row.leastArch = 90;
            row.supports = [t, operand](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, operand); };
            row.make = [t](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, t); };
            row.pack = [](const LayerDesc& d, int, const void* raw, void* packed) { packDepthwise(d, raw, packed); };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(conv_depthwise_bulk)(allRows());

}  // namespace
}  // namespace sinter::cuda::gemm
