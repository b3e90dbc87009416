#pragma once
#include "core/kernel.h"
#include "cpu/matmul/epilogue.h"

namespace sinter::conv {

/// Layouts and view rules that all channels-last convolutions share: channels last in and out, any channel slice.
TacticInfo layoutsOf(const LayerDesc& layer, const gemm::Epilogue& epilogue);

}  // namespace sinter::conv
