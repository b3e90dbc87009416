#pragma once
#include "core/device.h"
#include "cuda/context.h"
#include "cuda/driver.h"
#include "cuda/kernel.h"
#include "cuda/module.h"

namespace sinter::cuda {

/// One NVIDIA GPU through the driver interface: tactics are the rows of the kernel table, memory is the card's, a stream
/// is the driver's. All work happens in the device's primary context.
class CudaDevice final : public Device {
public:
    /// Throws Error(Device).
    explicit CudaDevice(int ordinal);
    const DeviceInfo& info() const override { return info_; }
    bool sharesHostMemory() const override { return false; }
    std::vector<Tactic> enumerate(const LayerDesc& layer, int threads) const override;
    std::vector<Tactic> enumerateReady(const LayerDesc& layer, int threads) const override;
    TacticInfo describe(const LayerDesc& layer, std::string_view tactic, int threads) const override;
    void reopen() override { context_.reopen(); }
    bool lost() const override { return context_.lost(); }
    std::vector<Tactic> libraryTactics(const LayerDesc& layer, std::string_view source) const override;
    bool isForeign(std::string_view tactic) const override;
    void requireLibrary(std::string_view source, std::string_view version) const override;
    std::unique_ptr<Buffer> allocate(uint64_t bytes) override;
    std::unique_ptr<Buffer> allocateShared(uint64_t bytes) override;
    std::unique_ptr<Buffer> bindWeights(std::span<const std::byte> mapped, bool shared) override;
    std::unique_ptr<Stream> createStream(int threads) override;
    void pack(const LayerDesc& layer, std::string_view tactic, int input, const void* raw, void* packed) const override;
    std::unique_ptr<Launch> prepare(const LayerDesc& layer, std::string_view tactic, int threads) override;
    std::vector<KernelBinary> compile(std::span<const LayerTactic> layers, const StopToken* stop) override;
    void prefetch(std::span<const LayerTactic> layers, const StopToken* stop) override;
    void addKernels(std::span<const KernelBinary> kernels) override;
    std::unique_ptr<KernelTracer> traceKernels() override;
    Ceilings ceilings(int threads, const StopToken* stop) override;
    /// A kernel ready to be launched, compiled when its code is not there yet.
    std::unique_ptr<Launch> launchOf(Specialization kernel, std::string layer = {});

    const DeviceProperties& properties() const { return properties_; }
    const Context& context() const { return context_; }

private:
    /// Managed memory moves to where it is used; without that the device reads pinned host memory.
    bool managed_ = false;
    const KernelRow& usableRow(const LayerDesc& layer, std::string_view tactic) const;

    const Driver& driver_;
    Context context_;
    DeviceInfo info_;
    DeviceProperties properties_;
    ModuleCache modules_{properties_, context_};
};

}  // namespace sinter::cuda
