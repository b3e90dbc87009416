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
    /// `modules`: of the kernel's sources, as collectSources orders them.
    CudaLaunch(Specialization kernel, std::vector<std::shared_ptr<Module>> modules, const DeviceProperties& device, std::string layer)
        : kernel_(std::move(kernel)), modules_(std::move(modules)), device_(device), layer_(std::move(layer)) {}

    struct Step {
        LaunchSpec spec;
        CuFunction function = nullptr;
        std::vector<void*> parameters;  ///< into spec.params
        std::vector<CuLaunchAttribute> attributes;
    };
    const std::vector<Step>& steps(const KernelArgs& args);
    /// Of the launches of the last run: registers and shared memory of the largest kernel, occupancy of the least occupied.
    LaunchFacts facts() const override;
    const Specialization& kernel() const { return kernel_; }
    const std::string& layer() const { return layer_; }
    FaultSlot fault;  ///< given by the first stream that launches it

private:
    Specialization kernel_;
    std::vector<std::shared_ptr<Module>> modules_;
    const DeviceProperties& device_;
    std::string layer_;
    bool bound_ = false;
    std::vector<TensorView> inputs_, outputs_;
    void* workspace_ = nullptr;
    FaultSlot slot_;
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
    void copyWithin(void* to, const void* from, uint64_t bytes) override;
    using Stream::copyOut;
    void copyOut(void* to, const void* from, uint64_t bytes) override;
    std::unique_ptr<Event> record() override;
    void wait(const Event& event) override;
    void reportTo(Stream& other) override { reports_ = &static_cast<CudaStream&>(other); }
    /// Throws Error(Kernel) with the layer's name for a fault that a kernel reported, besides the driver's own failures.
    void synchronize() override;
    std::unique_ptr<Recording> capture(const std::function<void()>& work) override;
    void replay(Recording& recording) override;

private:
    void enter() const { context_.enter(epoch_); }

    const Driver& driver_;
    const Context& context_;
    uint64_t epoch_;
    /// Where the launch reports faults; the record is made when the first such launch comes.
    FaultSlot faultSlot(CudaLaunch& launch);

    CuStream stream_ = nullptr;
    std::unique_ptr<Stream> host_;  ///< the CPU's threads, once a layer needs them
    bool waits_ = false;  ///< the next launch follows work of another stream
    CudaStream* reports_ = this;
    FaultRecord* faults_ = nullptr;  ///< on the host, written by kernels
    struct Reporter {
        std::string layer;
        std::string (*sentence)(const std::string&, int64_t, int64_t);
    };
    std::vector<Reporter> reporters_;
};

}  // namespace sinter::cuda
