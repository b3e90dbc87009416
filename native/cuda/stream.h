#pragma once
#include <memory>
#include <vector>

#include "core/device.h"
#include "cuda/driver.h"
#include "cuda/kernel.h"
#include "cuda/module.h"

namespace sinter::cuda {

class CudaDevice;

/// A specialized kernel with its code on the device. Its launches are computed when the addresses change.
class CudaLaunch final : public Launch {
public:
    CudaLaunch(Specialization kernel, std::shared_ptr<Module> module, const DeviceProperties& device)
        : kernel_(std::move(kernel)), module_(std::move(module)), device_(device) {}

    struct Step {
        LaunchSpec spec;
        CuFunction function = nullptr;
        std::vector<void*> parameters;  ///< into spec.params
        std::vector<CuLaunchAttribute> attributes;
    };
    const std::vector<Step>& steps(const KernelArgs& args);
    /// Of the launches of the last run: registers and shared memory of the largest kernel, occupancy of the least occupied.
    LaunchFacts facts() const override;

private:
    Specialization kernel_;
    std::shared_ptr<Module> module_;
    const DeviceProperties& device_;
    bool bound_ = false;
    std::vector<TensorView> inputs_, outputs_;
    void* workspace_ = nullptr;
    std::vector<Step> steps_;
};

class CudaStream final : public Stream {
public:
    explicit CudaStream(const CudaDevice& device);
    ~CudaStream() override;
    CudaStream(const CudaStream&) = delete;
    CudaStream& operator=(const CudaStream&) = delete;
    void launch(Launch& launch, const KernelArgs& args) override;
    using Stream::copyIn;
    void copyIn(void* to, const void* from, uint64_t bytes) override;
    using Stream::copyOut;
    void copyOut(void* to, const void* from, uint64_t bytes) override;
    std::unique_ptr<Event> record() override;
    void wait(const Event& event) override;
    void synchronize() override;
    std::unique_ptr<Recording> capture(const std::function<void()>& work) override;
    void replay(Recording& recording) override;

private:
    void enter() const { context_.enter(epoch_); }

    const Driver& driver_;
    const Context& context_;
    uint64_t epoch_;
    CuStream stream_ = nullptr;
    bool waits_ = false;  ///< the next launch follows work of another stream
};

}  // namespace sinter::cuda
