#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "cuda/layers/strided.h"

namespace sinter::cuda {

/// Loop in loop.cuh: at most 8 axes, at most 2^31 - 1 elements.
struct DeviceDivider {
    uint32_t multiplier = 0, shift = 0, divisor = 1;
};
struct DeviceLoop {
    DeviceDivider axes[8];
    int32_t rank = 0, total = 1;
};
DeviceDivider deviceDivider(int64_t divisor);
DeviceLoop deviceLoop(std::span<const int64_t> dims);

/// A struct parameter put together field by field, for arrays whose length the layer decides. Its alignment is 8.
class ParameterBlock {
public:
    template <typename T>
    ParameterBlock& put(const T& value) {
        bytes_.resize((bytes_.size() + alignof(T) - 1) / alignof(T) * alignof(T));
        const auto* from = reinterpret_cast<const std::byte*>(&value);
        bytes_.insert(bytes_.end(), from, from + sizeof value);
        return *this;
    }
    void addTo(Params& params) {
        bytes_.resize((bytes_.size() + 7) / 8 * 8);
        params.addBytes(bytes_.data(), bytes_.size(), 8);
    }

private:
    std::vector<std::byte> bytes_;
};

/// Axes ordered by a tensor's strides, largest first: threads that follow each other then touch neighbours.
std::vector<size_t> axesByStride(const TensorView& v);
/// The entries of `values` in that order.
std::vector<int64_t> inOrder(const std::vector<size_t>& order, std::span<const int64_t> values);
/// A view with its strides in that order.
DeviceView orderedView(const TensorView& v, const std::vector<size_t>& order);
std::vector<int64_t> dimsOf(const TensorView& v);
int64_t countOfDims(std::span<const int64_t> dims);

/// The type of elements that are only moved: unsigned, of their size.
const char* plainType(DType t);
/// Axis counted from the end when negative.
size_t axisAt(int64_t axis, size_t rank);
/// A launch of 256 threads a block over n items, for kernels that begin with follow_producers.
LaunchSpec launchOver(std::string entry, int64_t items, const DeviceProperties& device);
/// Input i of the layer itself is given.
bool hasInput(const LayerDesc& d, size_t i);
bool given(const KernelArgs& args, const LayerDesc& d, size_t i);
/// No operand is quantized or is only moved between equal scales, all are storable, and the layer is well-formed.
bool plainLayer(const LayerDesc& d);
/// A copy of an input to an output of the same type and shape, for Specialization::before.
Specialization copying(const LayerDesc& d, size_t input, size_t output, const DeviceProperties& device);
/// A row without packing.
KernelRow plainRow(std::string name, std::string op, std::optional<TacticInfo> (*supports)(const LayerDesc&, const DeviceProperties&),
                   Specialization (*make)(const LayerDesc&, const DeviceProperties&));

}  // namespace sinter::cuda
