#pragma once
#include "core/device.h"

namespace sinter {

/// The processor as a device: tactics are the rows of the kernel registry, memory is host memory, a stream executes at
/// once on its own thread pool.
class CpuDevice final : public Device {
public:
    CpuDevice();
    const DeviceInfo& info() const override { return info_; }
    bool sharesHostMemory() const override { return true; }
    std::vector<Tactic> enumerate(const LayerDesc& layer, int threads) const override;
    TacticInfo describe(const LayerDesc& layer, std::string_view tactic, int threads) const override;
    std::unique_ptr<Buffer> allocate(uint64_t bytes) override;
    std::unique_ptr<Buffer> bindWeights(std::span<const std::byte> mapped, bool shared) override;
    std::unique_ptr<Stream> createStream(int threads) override;
    void pack(const LayerDesc& layer, std::string_view tactic, int input, const void* raw, void* packed) const override;
    std::unique_ptr<Launch> prepare(const LayerDesc& layer, std::string_view tactic, int threads) override;
    Ceilings ceilings(int threads, const StopToken* stop) override;

private:
    DeviceInfo info_;
};

}  // namespace sinter
