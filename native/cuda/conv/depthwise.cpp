// Depthwise convolutions of channels-last images (conv_depthwise.cu).
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/number_formats.h"
#include "cuda/codegen/types.h"
#include "cuda/gemm/problem.h"
#include "cuda/layers/strided.h"
#include "cuda/layers/weights.h"

namespace sinter::cuda::gemm {
namespace {

struct Tile {
    int h, w;  ///< result pixels of a thread
};
constexpr Tile kTiles[] = {{1, 1}, {1, 2}, {1, 4}, {2, 2}, {2, 4}};
constexpr int kThreads = 128;
constexpr int kChannels = 8;  ///< of a thread

DType storedAs(Operand operand) { return operand == Operand::F16 ? DType::F16 : operand == Operand::BF16 ? DType::BF16 : operand == Operand::I8 ? DType::I8 : DType::F32; }

std::optional<Problem> depthwiseOf(const LayerDesc& d) {
    const auto g = geometryOf(d);
    if (!g || !g->convolution || g->groups < 2 || g->channels != 1 || g->columns != 1 || g->groups % kChannels != 0) return std::nullopt;
    if (g->taps() > 25) return std::nullopt;  // a thread holds all weights of its channels
    return g;
}

const char* typeName(Operand operand) { return operand == Operand::TF32 ? "f32" : operandName(operand); }

uint64_t factorsAt(const Problem& g) { return (static_cast<uint64_t>(g.groups * g.taps() * g.bytes()) + 63) / 64 * 64; }

std::optional<Epilogue> epilogueOf(const LayerDesc& d, const Problem& g) {
    Epilogue::Options options{.biasInput = d.opInputs > 2 ? 2 : -1, .even = true};
    if (g.operand == Operand::I8) {
        options.scaleInput = 1;
        options.scaleOffset = factorsAt(g);
    }
    // Threads hold eight channels: an epilogue that stores four at a time (float32) is called twice as wide, which it takes.
    return Epilogue::of(d, g.result, options);
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand) {
    const auto g = depthwiseOf(d);
    if (!g || g->operand != operand || (t.h > 1 && g->p < 2) || (t.w > g->q) || !epilogueOf(d, *g)) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, g->result, info, "nhwc");
    info.outputViews.assign(d.outputs.size(), kChannels);
    info.inputLayouts[0] = "nhwc";
    info.inputViews[0] = kChannels;
    info.inputViews[1] = 0;
    info.packing[1] = {std::string("cuda_rsc_") + typeName(operand), static_cast<uint64_t>(g->groups * g->taps() * g->bytes())};
    if (operand == Operand::I8) info.packing[1].bytes = factorsAt(*g) + static_cast<uint64_t>(g->groups) * sizeof(float);
    const auto ceilDiv = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
    const double threads = static_cast<double>(g->images * ceilDiv(g->p, t.h) * ceilDiv(g->q, t.w) * g->groups / kChannels);
    const double span = static_cast<double>((t.h - 1) * g->strideH + g->r) * static_cast<double>((t.w - 1) * g->strideW + g->s);
    // Nanoseconds: vectors that a multiprocessor's first-level cache delivers, latency of one thread, memory.
    const double turns = std::max(1.0, threads / (device.multiprocessors * 1024.0));
    info.estimate = std::max(moveEstimate(d, device), 1500 + turns * (400 + span * 55));
    return info;
}

void pack(const LayerDesc& d, const void* raw, void* packed) {
    const auto problem = depthwiseOf(d);
    if (!problem) return;
    const Problem& g = *problem;
    const int64_t channels = g.groups, taps = g.taps();
    const auto place = [&](int64_t i) { return i % taps * channels + i / taps; };
    if (g.operand == Operand::I8) {
        const IntegerWeights w = integerWeights(d, raw, channels, [&](int64_t i) { return i / taps; });
        scatter(w.values.data(), packed, channels * taps, 1, place);
        std::memcpy(static_cast<std::byte*>(packed) + factorsAt(g), w.factors.data(), w.factors.size() * sizeof(float));
        return;
    }
    const DType type = storedAs(g.operand);
    std::vector<std::byte> converted(static_cast<size_t>(channels * taps) * dtypeSize(type));
    castElements(d.inputs[1].dtype, raw, type, converted.data(), static_cast<size_t>(channels * taps));
    scatter(converted.data(), packed, channels * taps, dtypeSize(type), place);
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t) {
    const Problem g = *depthwiseOf(d);
    const Epilogue epilogue = *epilogueOf(d, g);
    Source source;
    source.file = "conv_depthwise.cu";
    Problem whole = g;
    whole.channels = whole.columns = g.groups;
    defineProblem(source, whole);
    source.defines.emplace_back("X_T", storageType(storedAs(g.operand)));
    source.defines.emplace_back("SUM_T", g.operand == Operand::I8 ? "int" : "float");
    source.define("CHANNELS", kChannels);
    source.define("TILE_H", t.h);
    source.define("TILE_W", t.w);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [t, g, whole, epilogue, dependent = device.arch() >= 90](const KernelArgs& args) {
                LaunchSpec spec;
                const int64_t items = g.images * ((g.p + t.h - 1) / t.h) * ((g.q + t.w - 1) / t.w) * (g.groups / kChannels);
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
            row.name = std::string(typeName(operand)) + "_conv2d_dw__cuda_" + std::to_string(t.h) + "x" + std::to_string(t.w);
            row.op = "Conv";
            row.supports = [t, operand](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, operand); };
            row.make = [t](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, t); };
            row.pack = [](const LayerDesc& d, int, const void* raw, void* packed) { pack(d, raw, packed); };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(conv_depthwise)(allRows());

}  // namespace
}  // namespace sinter::cuda::gemm
