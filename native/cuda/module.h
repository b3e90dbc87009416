#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/device.h"
#include "cuda/context.h"
#include "cuda/driver.h"
#include "cuda/kernel.h"

namespace sinter::cuda {

/// Names everything that decides what a source compiles to, the compiler's own version apart: "sm_90a:" and 32 hex digits.
std::string keyOf(const Source& source, const DeviceProperties& device);

/// Compiles for `target` ("sm_90a"). Throws Error(Kernel) with the compiler's first message, Error(Device) without NVRTC.
KernelBinary compileSource(const Source& source, const std::string& target, std::string key);

/// Code on a device.
class Module {
public:
    /// The cubin, or the PTX where the driver refuses the cubin. Throws Error(Device).
    Module(const Context& context, const KernelBinary& binary);
    ~Module();
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;
    /// An entry point that may use `dynamicShared` bytes. Throws Error(Kernel).
    CuFunction function(const std::string& entry, uint32_t dynamicShared);
    /// False when the device has lost it.
    bool alive() const { return context_.epoch() == epoch_; }

private:
    const Context& context_;
    uint64_t epoch_;
    CuModule module_ = nullptr;
    std::mutex mutex_;
    std::map<std::string, std::pair<CuFunction, uint32_t>> functions_;
};

/// The modules of one device: what engines brought along, and what was compiled here.
class ModuleCache {
public:
    ModuleCache(const DeviceProperties& device, const Context& context) : device_(device), context_(context) {}
    /// Takes over the kernels of an engine.
    void add(std::span<const KernelBinary> binaries);
    /// Compiles what is not there yet, on all cores.
    void compile(std::span<const Source> sources, const StopToken* stop);
    /// The same, leaving out what does not compile.
    void prefetch(std::span<const Source> sources, const StopToken* stop);
    /// Whether a source has been compiled.
    bool has(const Source& source);
    /// The binaries of sources, each once, in key order; all of them must be there (see compile).
    std::vector<KernelBinary> binaries(std::span<const Source> sources);
    /// The loaded module of a source, compiled when it is not there.
    std::shared_ptr<Module> module(const Source& source);

private:
    void adopt(const std::string& key);
    void compileMissing(std::span<const Source> sources, const StopToken* stop, bool tolerant);
    struct Entry {
        KernelBinary binary;
        std::weak_ptr<Module> module;
    };
    const DeviceProperties& device_;
    const Context& context_;
    std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

}  // namespace sinter::cuda
