#pragma once
#include <optional>

#include "cuda/gemm/problem.h"

namespace sinter::cuda::gemm {

/// Channels of a depthwise layer come in groups of so many.
constexpr int kDepthwiseChannels = 8;

/// A depthwise convolution (one filter a channel, up to 25 taps); nothing when the layer is none. Its operand type TF32 means float32,
/// which these kernels compute in.
std::optional<Problem> depthwiseOf(const LayerDesc& layer);
const char* depthwiseType(Operand operand);
std::optional<Epilogue> depthwiseEpilogue(const LayerDesc& layer, const Problem& problem);

/// Weights as [taps][channels]; int8 weights are followed by one float factor a channel.
Packing depthwisePacking(const Problem& problem);
void packDepthwise(const LayerDesc& layer, const void* raw, void* packed);

}  // namespace sinter::cuda::gemm
