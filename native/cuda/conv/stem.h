#pragma once
#include <optional>

#include "cuda/gemm/problem.h"

namespace sinter::cuda::gemm {

/// The first convolution of an image network as kernels of this operand type see it: up to four channels in planes of floats,
/// results stored in 16 bits or, multiplied in 16, in bytes (F16, BF16), or float32 (TF32, F32). Nothing when the layer is none.
/// Results of bytes in the short form (epilogue_bytes.h) have the order Fragments.
std::optional<Problem> stemOf(const LayerDesc& layer, Operand operand);
std::optional<Epilogue> stemEpilogue(const LayerDesc& layer, const Problem& problem);

}  // namespace sinter::cuda::gemm
