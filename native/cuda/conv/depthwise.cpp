// Depthwise convolutions of channels-last images (conv_depthwise.cu).
#include <algorithm>

#include "cuda/codegen/types.h"
#include "cuda/conv/depthwise.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda::gemm {
namespace {

struct Tile {
    int h, w;  ///< result pixels of a thread
};
constexpr Tile kTiles[] = {{1, 1}, {1, 2}, {1, 4}, {2, 2}, {2, 4}};
constexpr int kThreads = 128;

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const auto g = depthwiseOf(d);
    if (!g || g->operand != operand || (t.h > 1 && g->p < 2) || (t.w > g->q) || !depthwiseEpilogue(d, *g)) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, g->result, info, "nhwc");
    info.outputViews.assign(d.outputs.size(), kDepthwiseChannels);
    info.inputLayouts[0] = "nhwc";
    info.inputViews[0] = kDepthwiseChannels;
    info.inputViews[1] = 0;
    info.packing[1] = depthwisePacking(*g);
    const auto ceilDiv = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
    const double threads = static_cast<double>(g->images * ceilDiv(g->p, t.h) * ceilDiv(g->q, t.w) * g->groups / kDepthwiseChannels);
    const double span = static_cast<double>((t.h - 1) * g->strideH + g->r) * static_cast<double>((t.w - 1) * g->strideW + g->s);
    // Nanoseconds: vectors that a multiprocessor's first-level cache delivers, latency of one thread, memory.
    const double turns = std::max(1.0, threads / (device.multiprocessors * 1024.0));
    // Overlapping windows are read again, through the second-level cache where that holds the image (MobileNet-v2, batch 32, on an
    // H100: 1.4 to 1.6 times the bytes' time, with stride 2 1.3 times for images of 77 MB and none for smaller ones).
    const bool cached = static_cast<double>(d.inputs[0].count() * g->bytes()) < static_cast<double>(device.l2Bytes);
    const double again = g->r <= g->strideH ? 1 : g->strideH == 1 ? 1.5 : cached ? 1 : 1.35;
    info.estimate = std::max(moveEstimate(d, device, again), 1500 + turns * (400 + span * 55));
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t) {
    const Problem g = *depthwiseOf(d);
    const Epilogue epilogue = *depthwiseEpilogue(d, g);
    Source source;
    source.file = "conv_depthwise.cu";
    Problem whole = g;
    whole.channels = whole.columns = g.groups;
    defineProblem(source, whole);
    source.defines.emplace_back("X_T", storageType(operandStorage(g.operand)));
    source.defines.emplace_back("SUM_T", g.operand == Operand::I8 ? "int" : "float");
    source.define("CHANNELS", kDepthwiseChannels);
    source.define("TILE_H", t.h);
    source.define("TILE_W", t.w);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [t, g, whole, epilogue, dependent = device.arch() >= 90](const KernelArgs& args) {
                LaunchSpec spec;
                const int64_t items = g.images * ((g.p + t.h - 1) / t.h) * ((g.q + t.w - 1) / t.w) * (g.groups / kDepthwiseChannels);
                spec.entry = "conv_depthwise";
                spec.grid = {static_cast<uint32_t>((items + kThreads - 1) / kThreads), 1, 1};
                spec.block = {kThreads, 1, 1};
                spec.dependent = dependent;
                spec.params.add(args.inputs[0].data).add(args.inputs[1].data).add(static_cast<int32_t>(pixelPitch(args.inputs[0], whole)));
                epilogue.addParams(spec.params, args);
                return std::vector{spec};
            }};
}

std::vector<KernelRow> allRows() {
    std::vector<KernelRow> rows;
    for (const Operand operand : {Operand::F16, Operand::BF16, Operand::I8, Operand::TF32}) {
        for (const Tile& t : kTiles) {
            KernelRow row;
            row.name = std::string(depthwiseType(operand)) + "_conv2d_dw__cuda_" + std::to_string(t.h) + "x" + std::to_string(t.w);
            row.op = "Conv";
            row.supports = [t, operand](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, operand); };
            row.make = [t](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, t); };
            row.pack = [](const LayerDesc& d, int, const void* raw, void* packed) { packDepthwise(d, raw, packed); };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(conv_depthwise)(allRows());

}  // namespace
}  // namespace sinter::cuda::gemm
