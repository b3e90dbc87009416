#pragma once
#include <array>
#include <optional>

#include "cpu/conv/geometry.h"
#include "cpu/matmul/epilogue.h"

/// What the depthwise kernels on 8-bit activations ask of a layer.
namespace sinter::quant {

std::optional<conv::Geometry> depthwiseGeometry(const LayerDesc& layer);

/// The epilogue where it is a clamp or nothing.
std::optional<gemm::Epilogue> depthwiseClamp(const LayerDesc& layer, const conv::Geometry& g);

/// Elements from one position to the next along depth, height and width; 0 where there is no such axis.
std::array<int64_t, 3> spatialStrides(const TensorView& t);

/// Throws when a tensor is not channels last.
void wantChannelsLast(const std::string& layer, int64_t channels, const TensorView& x, const TensorView& y);

}  // namespace sinter::quant
