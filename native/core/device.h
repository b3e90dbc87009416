#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/kernel.h"
#include "core/kernel_tracer.h"

namespace sinter {

struct DeviceInfo {
    std::string id;     ///< "cpu", "cuda:0"
    std::string kind;   ///< "cpu", "cuda"
    std::string name;
    std::vector<std::string> features;
    int cores = 0;
    std::vector<std::string> notes;
    uint64_t cacheBytes = 0;   ///< of the last cache that all cores share; 0 = not told
};

struct Tactic {
    std::string name;
    TacticInfo info;
};

/// Cancellation, polled between layers, tactics and weight blocks.
using StopToken = std::atomic<bool>;
/// Throws Error(Stopped) when `stop` is given and set.
void throwIfStopped(const StopToken* stop);

/// Memory on a device. The host may only touch it through the device.
class Buffer {
public:
    virtual ~Buffer() = default;
    virtual void* address() const = 0;   ///< device address
    virtual uint64_t bytes() const = 0;
};

/// A point in a stream's work; elapsed times come from pairs of them.
class Event {
public:
    virtual ~Event() = default;
    virtual void synchronize() = 0;
    /// Nanoseconds from `start` to this event; both must have completed.
    virtual double since(const Event& start) const = 0;
};

/// How a layer's kernels run, for profiles; negative = the device does not say.
struct LaunchFacts {
    int kernels = -1;         ///< launches of one run
    int registers = -1;       ///< a thread, in the largest kernel
    int64_t sharedBytes = -1; ///< a block, static and dynamic
    double occupancy = -1;    ///< resident warps of those a multiprocessor could hold, 0 … 1
};

/// A layer ready to be launched on a stream.
class Launch {
public:
    virtual ~Launch() = default;
    virtual LaunchFacts facts() const { return {}; }
    /// Whether it may be part of a Recording.
    virtual bool recordable() const { return true; }
};

/// What a device reaches when it is asked for nothing else.
struct Ceilings {
    std::vector<std::pair<std::string, double>> flops;  ///< element type → operations a second; a multiply-add counts two
    double bandwidth = 0;                               ///< bytes read plus written a second by a copy; 0 = unknown
};

/// A sequence of launches that the device replays as one.
class Recording {
public:
    virtual ~Recording() = default;
};

/// An ordered queue of work. The CPU's executes at once on its thread pool.
class Stream {
public:
    virtual ~Stream() = default;
    virtual void launch(Launch& launch, const KernelArgs& args) = 0;
    /// `to` is an address on the device.
    virtual void copyIn(void* to, const void* from, uint64_t bytes) = 0;
    void copyIn(Buffer& to, uint64_t offset, const void* from, uint64_t bytes) {
        copyIn(static_cast<std::byte*>(to.address()) + offset, from, bytes);
    }
    /// `from` is an address on the device.
    virtual void copyOut(void* to, const void* from, uint64_t bytes) = 0;
    void copyOut(void* to, const Buffer& from, uint64_t offset, uint64_t bytes) {
        copyOut(to, static_cast<const std::byte*>(from.address()) + offset, bytes);
    }
    /// Both are addresses on the device, of stretches that do not overlap.
    virtual void copyWithin(void* to, const void* from, uint64_t bytes) = 0;
    virtual std::unique_ptr<Event> record() = 0;
    virtual void wait(const Event& event) = 0;
    virtual void synchronize() = 0;
    /// What kernels of this stream find wrong with their inputs is thrown when `other` is synchronized; it outlives this one.
    virtual void reportTo(Stream& other) { (void)other; }
    /// Records what `work` launches on this stream instead of running it. Null where the device has no such thing: then
    /// `work` has not been called. Every launch must have run once before with the same arguments.
    virtual std::unique_ptr<Recording> capture(const std::function<void()>& work) {
        (void)work;
        return nullptr;
    }
    virtual void replay(Recording& recording) { (void)recording; }
};

/// Compiled code for one or several layers, named by everything that decides what it is.
struct KernelBinary {
    std::string key;
    std::string cubin;
    std::string ptx;  ///< for drivers that refuse the cubin
};

struct LayerTactic {
    const LayerDesc* layer = nullptr;
    std::string tactic;
};

struct Measurement {
    std::string tactic;
    bool ok = false;
    std::string error;
    uint64_t minNs = 0, medianNs = 0, maxNs = 0;
};

/// The one interface that native/cpu and native/cuda implement. Everything in core/ sees only this.
class Device {
public:
    virtual ~Device() = default;
    virtual const DeviceInfo& info() const = 0;
    /// True when buffers are plain host memory: inputs and outputs are then bound in place, without copies.
    virtual bool sharesHostMemory() const = 0;
    /// Tactics for a layer, best estimate first, ties by name; reference kernels always last.
    virtual std::vector<Tactic> enumerate(const LayerDesc& layer, int threads) const = 0;
    /// Tactics that can be prepared at once for a layer whose shapes were decided a moment ago: nothing is compiled for them.
    virtual std::vector<Tactic> enumerateReady(const LayerDesc& layer, int threads) const { return enumerate(layer, threads); }
    /// What `enumerate` says of one tactic. Throws Error(Kernel) when it cannot run the layer here.
    virtual TacticInfo describe(const LayerDesc& layer, std::string_view tactic, int threads) const = 0;
    /// Called before an engine is loaded: brings back a device that a failed kernel has made unusable. Throws Error(Device).
    virtual void reopen() {}
    /// True when nothing runs there any more until it is reopened.
    virtual bool lost() const { return false; }
    /// Tactics that a library of somebody else's has for a layer, best estimate first; nothing where it is not found or cannot
    /// run the layer. Opens the library, which takes a while.
    virtual std::vector<Tactic> libraryTactics(const LayerDesc& layer, std::string_view source) const {
        (void)layer, (void)source;
        return {};
    }
    /// Whether a tactic is a library's: what it computes is compared with the device's own kernels before it is timed.
    virtual bool isForeign(std::string_view tactic) const { return (void)tactic, false; }
    /// Throws Error(Device), one sentence, when a library that an engine needs is not here in that very version.
    virtual void requireLibrary(std::string_view source, std::string_view version) const;
    virtual std::unique_ptr<Buffer> allocate(uint64_t bytes) = 0;
    /// Memory that the host reads and writes too, at the same address; what the device still does there must be waited for.
    virtual std::unique_ptr<Buffer> allocateShared(uint64_t bytes) { return allocate(bytes); }
    /// Weights: wraps mapped host memory where the device can read it, else uploads once. `shared`: the host reads them
    /// at the same address.
    virtual std::unique_ptr<Buffer> bindWeights(std::span<const std::byte> mapped, bool shared) = 0;
    virtual std::unique_ptr<Stream> createStream(int threads) = 0;
    /// Converts a constant to the form the tactic wants.
    virtual void pack(const LayerDesc& layer, std::string_view tactic, int input, const void* raw, void* packed) const = 0;
    virtual std::unique_ptr<Launch> prepare(const LayerDesc& layer, std::string_view tactic, int threads) = 0;
    /// The code that an engine with these layers must carry, in key order. Nothing where kernels are part of the runtime.
    virtual std::vector<KernelBinary> compile(std::span<const LayerTactic> layers, const StopToken* stop) {
        (void)layers, (void)stop;
        return {};
    }
    /// Compiles ahead, on all cores, what measuring these will need; what does not compile is left to fail there. The
    /// results reach other processes through the device's own cache.
    virtual void prefetch(std::span<const LayerTactic> layers, const StopToken* stop) { (void)layers, (void)stop; }
    /// Takes over an engine's code, before its layers are prepared.
    virtual void addKernels(std::span<const KernelBinary> kernels) { (void)kernels; }
    /// Hears of every kernel it runs from now on; null where the device has no such thing.
    virtual std::unique_ptr<KernelTracer> traceKernels() { return nullptr; }
    /// Measures its ceilings with these threads; takes about a second. Throws Error(Stopped).
    virtual Ceilings ceilings(int threads, const StopToken* stop) {
        (void)threads, (void)stop;
        return {};
    }
};

/// A library of the system that a backend opens at run time.
struct SupportLibrary {
    std::string name;                   ///< "NVIDIA driver"
    std::string path;                   ///< where it was found; empty when it was not
    std::string version;                ///< empty when unknown
    std::string problem;                ///< what is wrong and what that costs, one sentence; empty when all is well
    std::vector<std::string> searched;  ///< where it was looked for, in this order
};

/// What a backend finds on this machine.
struct Devices {
    std::vector<std::shared_ptr<Device>> devices;
    std::vector<std::string> notes;  ///< what is missing and what it costs, one sentence each
};

/// The devices of this process. Backends register a factory at start-up; devices are made once, when first asked for.
class DeviceRegistry {
public:
    using Factory = std::function<Devices()>;
    static DeviceRegistry& instance();
    void add(Factory factory);
    /// The CPU first.
    std::span<const std::shared_ptr<Device>> all();
    /// What backends miss here.
    std::span<const std::string> notes();
    /// A backend tells about its libraries only when it is asked to: opening them takes time.
    void addLibraries(std::function<std::vector<SupportLibrary>()> tell) { libraries_.push_back(std::move(tell)); }
    std::vector<SupportLibrary> libraries() const;
    /// "" means the CPU. Throws Error(Device) that lists what there is.
    std::shared_ptr<Device> find(std::string_view id);

private:
    std::vector<Factory> factories_;
    std::vector<std::shared_ptr<Device>> devices_;
    std::vector<std::string> notes_;
    std::vector<std::function<std::vector<SupportLibrary>()>> libraries_;
    std::once_flag made_;
};

struct DeviceRegistration {
    explicit DeviceRegistration(DeviceRegistry::Factory f) { DeviceRegistry::instance().add(std::move(f)); }
};
struct LibraryRegistration {
    explicit LibraryRegistration(std::function<std::vector<SupportLibrary>()> tell) { DeviceRegistry::instance().addLibraries(std::move(tell)); }
};

}  // namespace sinter
