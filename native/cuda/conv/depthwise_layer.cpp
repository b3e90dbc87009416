#include <cstring>

#include "core/number_formats.h"
#include "cuda/codegen/types.h"
#include "cuda/conv/depthwise.h"
#include "cuda/layers/weights.h"

namespace sinter::cuda::gemm {

std::optional<Problem> depthwiseOf(const LayerDesc& d) {
    const auto g = geometryOf(d);
    if (!g || !g->convolution || g->groups < 2 || g->channels != 1 || g->columns != 1 || g->groups % kDepthwiseChannels != 0) return std::nullopt;
    if (g->taps() > 25) return std::nullopt;  // a thread holds all weights of its channels
    return g;
}

const char* depthwiseType(Operand operand) { return operand == Operand::TF32 ? "f32" : operandName(operand); }

namespace {
uint64_t factorsAt(const Problem& g) { return (static_cast<uint64_t>(g.groups * g.taps() * g.bytes()) + 63) / 64 * 64; }
}  // namespace

std::optional<Epilogue> depthwiseEpilogue(const LayerDesc& d, const Problem& g) {
    Epilogue::Options options{.biasInput = d.opInputs > 2 ? 2 : -1, .even = true};
    if (g.operand == Operand::I8) {
        options.scaleInput = 1;
        options.scaleOffset = factorsAt(g);
    }
    // Threads hold eight channels: an epilogue that stores four at a time (float32) is called twice as wide, which it takes.
    return Epilogue::of(d, g.result, options);
}

Packing depthwisePacking(const Problem& g) {
    Packing packing{std::string("cuda_rsc_") + depthwiseType(g.operand), static_cast<uint64_t>(g.groups * g.taps() * g.bytes())};
    if (g.operand == Operand::I8) packing.bytes = factorsAt(g) + static_cast<uint64_t>(g.groups) * sizeof(float);
    return packing;
}

void packDepthwise(const LayerDesc& d, const void* raw, void* packed) {
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
    const DType type = operandStorage(g.operand);
    std::vector<std::byte> converted(static_cast<size_t>(channels * taps) * dtypeSize(type));
    castElements(d.inputs[1].dtype, raw, type, converted.data(), static_cast<size_t>(channels * taps));
    scatter(converted.data(), packed, channels * taps, dtypeSize(type), place);
}

}  // namespace sinter::cuda::gemm
