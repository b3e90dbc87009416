#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/kernel.h"

namespace sinter::cuda {

/// What kernels may ask about the card they are made for.
struct DeviceProperties {
    int major = 0, minor = 0;           ///< compute capability
    int multiprocessors = 0;
    uint32_t sharedPerBlock = 0;        ///< bytes of dynamic shared memory one block may have (opt-in limit)
    uint32_t sharedPerMultiprocessor = 0;
    uint32_t registersPerMultiprocessor = 65536;
    int threadsPerMultiprocessor = 0;
    uint64_t l2Bytes = 0;
    uint64_t memoryBytes = 0;
    double bytesPerNs = 1000;           ///< memory bandwidth, for estimates
    double clockGhz = 1;
    int arch() const { return major * 10 + minor; }
};

/// A tensor map for the bulk copy engine: the bytes of a CUtensorMap, passed to a kernel as `const __grid_constant__`.
struct alignas(64) TensorMap {
    std::array<std::byte, 128> bytes{};
};

enum class Swizzle : uint8_t { None, B32, B64, B128 };

/// Arguments of cuTensorMapEncodeTiled, innermost dimension first. `strides` are bytes, of dimensions 1 … rank-1.
struct TiledMap {
    const void* address = nullptr;
    DType dtype = DType::F16;
    std::vector<uint64_t> dims;
    std::vector<uint64_t> strides;
    std::vector<uint32_t> box;
    std::vector<uint32_t> elementStrides;  ///< empty = all 1
    Swizzle swizzle = Swizzle::None;
    bool roundTf32 = false;                ///< float32 numbers arrive rounded to TF32
};
/// Arguments of cuTensorMapEncodeIm2col: dims are C, W, H, N.
struct Im2colMap {
    const void* address = nullptr;
    DType dtype = DType::F16;
    std::vector<uint64_t> dims;
    std::vector<uint64_t> strides;
    std::vector<int> lowerCorner, upperCorner;  ///< spatial dims only, innermost first
    uint32_t channels = 0, pixels = 0;          ///< of one copy
    std::vector<uint32_t> elementStrides;       ///< of every dimension (1, stride in W, stride in H, 1); empty = all 1
    Swizzle swizzle = Swizzle::None;
    bool roundTf32 = false;                     ///< float32 numbers arrive rounded to TF32
};
/// Both call the driver. Throw Error(Kernel) when it refuses.
TensorMap encode(const TiledMap& map);
TensorMap encode(const Im2colMap& map);

/// The parameters of one launch, in the order of the kernel's declaration.
class Params {
public:
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    Params& add(const T& value) {
        return addBytes(&value, sizeof(T), alignof(T));
    }
    Params& addBytes(const void* data, size_t size, size_t align);
    /// Pointers to each parameter, for the driver; valid while this object lives and does not change.
    std::vector<void*> pointers() const;
    /// Bytes of each parameter, in order.
    std::span<const size_t> sizes() const { return sizes_; }
    bool operator==(const Params&) const = default;

private:
    std::vector<std::byte> bytes_;
    std::vector<size_t> offsets_, sizes_;
};

/// One kernel launch of a layer.
struct LaunchSpec {
    std::string entry;                      ///< extern "C" __global__ function of the source
    std::array<uint32_t, 3> grid{1, 1, 1};
    std::array<uint32_t, 3> block{1, 1, 1};
    std::array<uint32_t, 3> cluster{1, 1, 1};
    uint32_t dynamicShared = 0;
    /// The kernel calls wait_for_producers (prelude_launch.cuh) before it reads anything an earlier kernel wrote and before it
    /// writes: from compute capability 9.0 on it is then started while that one drains. False: plain stream order.
    bool dependent = false;
    /// All blocks must be resident at once: the kernel makes them wait for each other.
    bool cooperative = false;
    Params params;
    /// Bytes at `zeroed` to clear before this launch (split-K semaphores); null = none. Must lie in the workspace.
    void* zeroed = nullptr;
    uint64_t zeroedBytes = 0;
};

/// What NVRTC compiles for one layer: an embedded source file, its macros and generated headers. Equal sources are
/// compiled once and stored once in an engine.
struct Source {
    std::string file;                                             ///< of native/cuda/kernels, e.g. "conv_mma.cu"
    std::vector<std::pair<std::string, std::string>> defines;     ///< -DNAME=VALUE
    std::vector<std::pair<std::string, std::string>> generated;   ///< header name → text, e.g. {"epilogue.cuh", …}
    bool architectureSpecific = false;                            ///< sm_90a, sm_100a: wgmma, setmaxnreg, tcgen05

    void define(std::string name, int64_t value) { defines.emplace_back(std::move(name), std::to_string(value)); }
};

/// A kernel made for one layer with concrete shapes.
struct Specialization {
    Source source;
    /// Launches for these addresses and strides, in order. Called when an execution plan is bound (and again when its
    /// addresses change), not per run. Packed constants arrive with `data` at the packed bytes on the device.
    std::function<std::vector<LaunchSpec>(const KernelArgs&)> launches;
    /// Kernels of other sources that run before, in order: a layer may use another layer's kernel for a part of its work.
    std::vector<Specialization> before = {};
    /// For kernels that report faults (fault.cuh): the sentence for the numbers that one reported, given the layer's name.
    std::string (*fault)(const std::string& layer, int64_t value, int64_t limit) = nullptr;
};

/// Sources of all kernels of a layer.
void collectSources(const Specialization& kernel, std::vector<Source>& sources);

/// FaultSlot as a kernel parameter (Fault in fault.cuh), and what it points at.
struct DeviceFault {
    void* record = nullptr;
    int32_t layer = 0;
};
struct FaultRecord {
    int32_t reported = 0, layer = 0;
    int64_t value = 0, limit = 0;
};

/// One row: a tactic on CUDA devices. The compiled form is part of the engine; nothing here runs on the card.
struct KernelRow {
    std::string name;    ///< dtype_op_epilogue__isa_tile, e.g. f16_conv2d__sm80_mma_128x128x32_s3
    std::string op;      ///< Layer.op
    int leastArch = 70;  ///< compute capability × 10
    int mostArch = 999;  ///< architecture-specific rows (wgmma): equal to leastArch
    /// Tactic for this layer, or nothing when the kernel cannot run it. `estimate` is in nanoseconds.
    std::function<std::optional<TacticInfo>(const LayerDesc&, const DeviceProperties&)> supports;
    std::function<Specialization(const LayerDesc&, const DeviceProperties&)> make;
    /// Converts constant `input` (row-major, dense, host memory) into its packing. Absent when no input is packed.
    std::function<void(const LayerDesc&, int input, const void* raw, void* packed)> pack;
    /// The same where the form depends on the card.
    std::function<void(const LayerDesc&, const DeviceProperties&, int input, const void* raw, void* packed)> packFor = {};
};

/// All rows, in name order.
class KernelTable {
public:
    static KernelTable& instance();
    void add(KernelRow row);
    std::vector<const KernelRow*> find(std::string_view op, const DeviceProperties& device) const;
    const KernelRow* byName(std::string_view name) const;
    std::span<const KernelRow> all() const { return rows_; }

private:
    std::vector<KernelRow> rows_;
};

struct KernelRegistration {
    explicit KernelRegistration(KernelRow row) { KernelTable::instance().add(std::move(row)); }
    explicit KernelRegistration(std::vector<KernelRow> rows) {
        for (KernelRow& row : rows) KernelTable::instance().add(std::move(row));
    }
};
/// At namespace scope of a kernel's host file: `SINTER_CUDA_KERNEL(conv_mma)(rowsOfConvMma());`
#define SINTER_CUDA_KERNEL(id) static const ::sinter::cuda::KernelRegistration sinterCudaKernel_##id

}  // namespace sinter::cuda
