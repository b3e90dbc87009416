#pragma once
#include <array>
#include <cstdint>

#include "cuda/codegen/types.h"
#include "cuda/epilogue.h"
#include "cuda/kernel.h"

namespace sinter::cuda {

/// A tensor as kernels get it (View in prelude.cuh).
struct DeviceView {
    void* data = nullptr;
    int64_t strides[8] = {};
};
DeviceView deviceView(const TensorView& v);
/// With the strides of its axes broadcast to `rank` axes (numpy): 0 where it is repeated.
DeviceView broadcastView(const TensorView& v, std::span<const int64_t> dims);

/// Dimensions of up to 8 axes, as a kernel parameter (int dims[8], then the rank).
struct DeviceDims {
    int32_t dims[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    int32_t rank = 0;
    int32_t count = 1;
};
DeviceDims deviceDims(std::span<const int64_t> dims);

/// Enough blocks of `threads` for n items, at most so many as the device can hold several times over (kernels loop).
std::array<uint32_t, 3> gridFor(int64_t n, int threads, const DeviceProperties& device, int64_t perThread = 1);

/// Whether vectors of `vector` elements along `axis` (contiguous) start at multiples of their size, at most 16 bytes, everywhere.
bool alignedVectors(const TensorView& v, int axis, int64_t vector);

/// Layouts and views for a kernel that reads and writes any strides.
TacticInfo anyStrides(const LayerDesc& layer);
/// Nanoseconds of moving a layer's operands through memory once, and of starting a kernel.
double moveEstimate(const LayerDesc& layer, const DeviceProperties& device, double slowdown = 1);

}  // namespace sinter::cuda
