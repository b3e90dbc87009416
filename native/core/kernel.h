#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/layer.h"
#include "core/tensor.h"

namespace sinter {

class ThreadPool;

/// Instruction sets that CPU kernels are written for, weakest first. A kernel runs only where its set is present.
enum class Isa : uint8_t { Scalar, Avx2, Avx512, Avx512Vnni };
Isa detectIsa();
std::string_view isaName(Isa isa);

struct Packing {
    std::string recipe;   ///< "" = row-major as is
    uint64_t bytes = 0;   ///< size of the packed form
    bool operator==(const Packing&) const = default;
};

/// What a kernel says about one layer: see Tactic in optimizer/runtime.ts, which mirrors it.
struct TacticInfo {
    std::vector<std::string> inputLayouts;   ///< "" = any strides
    std::vector<std::string> outputLayouts;
    uint64_t workspace = 0;
    std::vector<Packing> packing;            ///< one per input; empty recipe where not a packed constant
    std::vector<uint32_t> inputViews;        ///< element alignment for strided views; 0 = dense only
    std::vector<uint32_t> outputViews;
    double estimate = 0;                     ///< nanoseconds, from FLOPs and bytes
};

/// Where kernels on a device, which cannot throw, report a fault: the record is shared by all layers of a stream.
struct FaultSlot {
    void* record = nullptr;  ///< in memory that the device writes; null = nobody listens
    int32_t layer = 0;       ///< which of the stream's layers this is
};

/// Everything a kernel needs for one execution. Packed constants arrive with data pointing at the packed bytes.
struct KernelArgs {
    std::span<const TensorView> inputs;
    std::span<const TensorView> outputs;
    void* workspace = nullptr;
    ThreadPool* pool = nullptr;
    FaultSlot fault = {};  ///< set by streams of devices for kernels that may fail on what their inputs hold
};

/// A kernel made for one layer. `run` never allocates what it returns; it may be called from one thread at a time.
class Kernel {
public:
    virtual ~Kernel() = default;
    virtual void run(const KernelArgs& args) = 0;
};

/// One row: feeds dispatch, the shared test cases and the benchmarks.
struct KernelRow {
    std::string name;  ///< dtype_op_epilogue__isa_tile, e.g. f32_conv2d__avx512_14x32; the reference ends in __scalar
    std::string op;    ///< Layer.op
    Isa isa = Isa::Scalar;
    /// Tactic for this layer, or nothing when the kernel cannot run it.
    std::function<std::optional<TacticInfo>(const LayerDesc&, int threads)> supports;
    /// Kernel for a supported layer with these concrete shapes.
    std::function<std::unique_ptr<Kernel>(const LayerDesc&, int threads)> make;
    /// Converts constant `input` (row-major, dense) into its packing. Absent when no input is packed.
    std::function<void(const LayerDesc&, int input, const void* raw, void* packed)> pack;
};

class KernelRegistry {
public:
    static KernelRegistry& instance();
    void add(KernelRow row);
    /// Rows for an op that this machine's instruction set can run, in name order.
    std::vector<const KernelRow*> find(std::string_view op) const;
    const KernelRow* byName(std::string_view name) const;
    std::span<const KernelRow> all() const { return rows_; }

private:
    std::vector<KernelRow> rows_;
};

struct KernelRegistration {
    explicit KernelRegistration(KernelRow row) { KernelRegistry::instance().add(std::move(row)); }
};
/// Put one at namespace scope of a kernel file: `SINTER_KERNEL(f32_relu) {{.name = …}};`
#define SINTER_KERNEL(id) static const ::sinter::KernelRegistration sinterKernel_##id

}  // namespace sinter
