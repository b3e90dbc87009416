#include "cuda/cuda_device.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "cuda/ceilings.h"
#include "cuda/codegen/types.h"
#include "cuda/host_layer.h"
#include "cuda/libraries/cupti.h"
#include "cuda/libraries/tactic_library.h"
#include "cuda/stream.h"

namespace sinter::cuda {
namespace {

Devices makeDevices() {
    Devices found;
    const Driver* driver = Driver::get();
    if (!driver) {
        found.notes.push_back(Driver::problem());
        return found;
    }
    int count = 0;
    if (driver->deviceCount(&count) != 0) count = 0;
    for (int i = 0; i < count; ++i) {
        try {
            found.devices.push_back(std::make_shared<CudaDevice>(i));
        } catch (const Error& e) {
            found.notes.push_back("GPU " + std::to_string(i) + " cannot be used: " + e.what());
        }
    }
    if (count == 0) found.notes.emplace_back("the NVIDIA driver is installed but lists no GPU");
    return found;
}

const DeviceRegistration registration(makeDevices);

/// A little slack follows the end of every buffer, so that a vector load at the last element stays inside.
constexpr uint64_t kSlack = 256;

/// `Free` gives an address back to the driver.
template <auto Free>
class DriverBuffer final : public Buffer {
public:
    DriverBuffer(const Context& context, void* address, uint64_t bytes) : context_(context), epoch_(context.epoch()), address_(address), bytes_(bytes) {}
    ~DriverBuffer() override {
        if (context_.tryEnter(epoch_)) Free(*Driver::get(), address_);
    }
    DriverBuffer(const DriverBuffer&) = delete;
    DriverBuffer& operator=(const DriverBuffer&) = delete;
    void* address() const override { return address_; }
    uint64_t bytes() const override { return bytes_; }

private:
    const Context& context_;
    uint64_t epoch_;
    void* address_;
    uint64_t bytes_;
};
using DeviceBuffer = DriverBuffer<[](const Driver& d, void* p) { d.free(reinterpret_cast<CuAddress>(p)); }>;
using PinnedBuffer = DriverBuffer<[](const Driver& d, void* p) { d.freeHost(p); }>;

std::string megabytes(uint64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

/// Says what was asked for and what there is.
void checkMemory(const Driver& driver, CuResult result, uint64_t bytes) {
    size_t free = 0, total = 0;
    if (result == kOutOfMemory && driver.memoryInfo(&free, &total) == 0) {
        throw Error(ErrorCode::Memory, "the GPU is out of memory: " + megabytes(bytes) + " were asked for, " + megabytes(free) + " of its " + megabytes(total) + " are free");
    }
    check(result, "allocating memory");
}

constexpr unsigned kAttachGlobal = 1, kPortable = 1, kMapped = 2;

/// Pageable memory over PCIe, about 12 GB/s.
constexpr double kHostCopyNsPerByte = 0.08;

/// Layers whose rows read shapes and attributes without looking twice: what contradicts itself never reaches them.
bool isContraction(const LayerDesc& l) { return l.op == "Conv" || l.op == "ConvMaxPool" || l.op == "ConvTranspose" || l.op == "MatMul" || l.op == "Attention"; }

bool isFallback(const std::string& name) { return name.starts_with("any_"); }

}  // namespace

CudaDevice::CudaDevice(int ordinal) : driver_(*Driver::get()) {
    CuDevice device = 0;
    check(driver_.device(&device, ordinal), "opening it");
    const auto get = [&](int which) {
        int value = 0;
        driver_.deviceAttribute(&value, which, device);
        return value;
    };
    DeviceProperties& p = properties_;
    p.major = get(attribute::kMajor);
    p.minor = get(attribute::kMinor);
    if (p.arch() < 70) {
        throw Error(ErrorCode::Device, "its compute capability " + std::to_string(p.major) + "." + std::to_string(p.minor) + " is below 7.0");
    }
    p.multiprocessors = get(attribute::kMultiprocessors);
    p.sharedPerBlock = static_cast<uint32_t>(get(attribute::kSharedPerBlockOptIn));
    p.sharedPerMultiprocessor = static_cast<uint32_t>(get(attribute::kSharedPerMultiprocessor));
    p.registersPerMultiprocessor = static_cast<uint32_t>(get(attribute::kRegistersPerMultiprocessor));
    p.threadsPerMultiprocessor = get(attribute::kThreadsPerMultiprocessor);
    managed_ = get(attribute::kConcurrentManagedAccess) != 0;
    p.l2Bytes = static_cast<uint64_t>(get(attribute::kL2Bytes));
    if (const int khz = get(attribute::kClockKhz); khz > 0) p.clockGhz = khz / 1e6;
    const double memoryKhz = get(attribute::kMemoryClockKhz);
    if (const int bits = get(attribute::kBusWidth); bits > 0 && memoryKhz > 0) p.bytesPerNs = 2 * memoryKhz * 1e-6 * bits / 8;
    size_t memory = 0;
    driver_.deviceMemory(&memory, device);
    p.memoryBytes = memory;
    info_.id = "cuda:" + std::to_string(ordinal);
    context_.open(device, info_.id);

    std::array<char, 256> name{};
    driver_.deviceName(name.data(), static_cast<int>(name.size()) - 1, device);
    info_.kind = "cuda";
    info_.name = name.data();
    info_.cores = p.multiprocessors;
    info_.cacheBytes = p.l2Bytes;
    int version = 0;
    driver_.driverVersion(&version);
    info_.features = {"sm_" + std::to_string(p.arch()), std::to_string(memory >> 20) + " MiB",
                      "CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10)};
    if (const Compiler* c = Compiler::get()) {
        int major = 0, minor = 0;
        c->version(&major, &minor);
        info_.features.push_back("NVRTC " + std::to_string(major) + "." + std::to_string(minor));
    } else {
        info_.notes.push_back(Compiler::problem());
    }
}

const KernelRow& CudaDevice::usableRow(const LayerDesc& layer, std::string_view tactic) const {
    const KernelRow* row = KernelTable::instance().byName(tactic);
    if (!row || row->op != layer.op) {
        throw Error(ErrorCode::Kernel, "layer \"" + layer.name + "\" (" + layer.op + ") asks for kernel \"" + std::string(tactic) +
                                           "\", which this runtime does not have for GPUs",
                    layer.name);
    }
    if (row->leastArch > properties_.arch() || properties_.arch() > row->mostArch) {
        throw Error(ErrorCode::Device, "kernel \"" + row->name + "\" of layer \"" + layer.name + "\" does not run on " + info_.name, layer.name);
    }
    return *row;
}

std::vector<Tactic> CudaDevice::enumerate(const LayerDesc& layer, int) const {
    if (isContraction(layer) && !wellFormed(layer)) return {};
    std::vector<Tactic> fast, fallback;
    for (const KernelRow* row : KernelTable::instance().find(layer.op, properties_)) {
        if (auto info = row->supports(layer, properties_)) (isFallback(row->name) ? fallback : fast).push_back({row->name, std::move(*info)});
    }
    // find() is in name order and the sort is stable: ties go by name.
    std::stable_sort(fast.begin(), fast.end(), [](const Tactic& a, const Tactic& b) { return a.info.estimate < b.info.estimate; });
    std::move(fallback.begin(), fallback.end(), std::back_inserter(fast));
    if (!fast.empty()) return fast;
    std::vector<Tactic> host = hostTactics(layer, kHostCopyNsPerByte);
    host.resize(std::min<size_t>(host.size(), 1));
    return host;
}

std::vector<Tactic> CudaDevice::enumerateReady(const LayerDesc& layer, int) const { return hostTactics(layer, kHostCopyNsPerByte); }

TacticInfo CudaDevice::describe(const LayerDesc& layer, std::string_view tactic, int) const {
    if (isHostTactic(tactic)) return describeHost(layer, tactic, kHostCopyNsPerByte);
    if (const TacticLibrary* library = libraryOf(tactic)) {
        context_.enter();
        return library->describe(layer, tactic, properties_);
    }
    const KernelRow& row = usableRow(layer, tactic);
    auto info = isContraction(layer) && !wellFormed(layer) ? std::nullopt : row.supports(layer, properties_);
    if (!info) {
        throw Error(ErrorCode::Kernel, "kernel \"" + row.name + "\" cannot run layer \"" + layer.name + "\" (" + layer.op +
                                           ") with these shapes and types",
                    layer.name);
    }
    return std::move(*info);
}

std::vector<Tactic> CudaDevice::libraryTactics(const LayerDesc& layer, std::string_view source) const {
    const TacticLibrary* library = findLibrary(source);
    if (!library || (isContraction(layer) && !wellFormed(layer))) return {};
    context_.enter();
    return library->enumerate(layer, properties_);
}

bool CudaDevice::isForeign(std::string_view tactic) const { return tactic.find(':') != tactic.npos && findLibrary(tactic.substr(0, tactic.find(':'))); }

void CudaDevice::requireLibrary(std::string_view source, std::string_view version) const {
    const TacticLibrary* library = findLibrary(source);
    if (!library) throw Error(ErrorCode::Feature, "the engine needs the library \"" + std::string(source) + "\", which this release of the runtime does not know");
    requireVersion(*library, version);
}

std::unique_ptr<Buffer> CudaDevice::allocate(uint64_t bytes) {
    context_.enter();
    CuAddress address = 0;
    checkMemory(driver_, driver_.allocate(&address, bytes + kSlack), bytes);
    return std::make_unique<DeviceBuffer>(context_, reinterpret_cast<void*>(address), bytes);
}

std::unique_ptr<Buffer> CudaDevice::allocateShared(uint64_t bytes) {
    context_.enter();
    if (managed_) {
        CuAddress address = 0;
        checkMemory(driver_, driver_.allocateManaged(&address, bytes + kSlack, kAttachGlobal), bytes);
        return std::make_unique<DeviceBuffer>(context_, reinterpret_cast<void*>(address), bytes);
    }
    void* address = nullptr;
    check(driver_.allocateHost(&address, bytes + kSlack, kPortable | kMapped), "allocating memory of the host");
    return std::make_unique<PinnedBuffer>(context_, address, bytes);
}

std::unique_ptr<Buffer> CudaDevice::bindWeights(std::span<const std::byte> mapped, bool shared) {
    auto buffer = shared ? allocateShared(mapped.size()) : allocate(mapped.size());
    CudaStream stream(*this);
    stream.copyIn(*buffer, 0, mapped.data(), mapped.size());
    stream.synchronize();
    return buffer;
}

std::unique_ptr<Stream> CudaDevice::createStream(int) { return std::make_unique<CudaStream>(*this); }

void CudaDevice::pack(const LayerDesc& layer, std::string_view tactic, int input, const void* raw, void* packed) const {
    if (const TacticLibrary* library = libraryOf(tactic)) return library->pack(layer, tactic, input, raw, packed);
    const KernelRow& row = usableRow(layer, tactic);
    if (row.packFor) return row.packFor(layer, properties_, input, raw, packed);
    if (!row.pack) throw Error(ErrorCode::Internal, "kernel \"" + row.name + "\" packs no constants", layer.name);
    row.pack(layer, input, raw, packed);
}

std::unique_ptr<Launch> CudaDevice::prepare(const LayerDesc& layer, std::string_view tactic, int threads) {
    if (isHostTactic(tactic)) return std::make_unique<HostLaunch>(layer, tactic);
    describe(layer, tactic, threads);
    context_.enter();
    if (const TacticLibrary* library = libraryOf(tactic)) return library->prepare(layer, tactic, properties_);
    return launchOf(usableRow(layer, tactic).make(layer, properties_), layer.name);
}

std::unique_ptr<Launch> CudaDevice::launchOf(Specialization kernel, std::string layer) {
    context_.enter();
    std::vector<Source> sources;
    collectSources(kernel, sources);
    std::vector<std::shared_ptr<Module>> modules;
    for (const Source& s : sources) modules.push_back(modules_.module(s));
    return std::make_unique<CudaLaunch>(std::move(kernel), std::move(modules), properties_, std::move(layer));
}

std::unique_ptr<KernelTracer> CudaDevice::traceKernels() {
    context_.enter();
    return makeCuptiTracer();
}

Ceilings CudaDevice::ceilings(int, const StopToken* stop) {
    context_.enter();
    return measureCeilings(*this, stop);
}

std::vector<KernelBinary> CudaDevice::compile(std::span<const LayerTactic> layers, const StopToken* stop) {
    std::vector<Source> sources;
    std::vector<const LayerTactic*> from;
    for (const LayerTactic& l : layers) {
        if (isHostTactic(l.tactic) || libraryOf(l.tactic)) continue;
        collectSources(usableRow(*l.layer, l.tactic).make(*l.layer, properties_), sources);
        from.resize(sources.size(), &l);
    }
    try {
        modules_.compile(sources, stop);
    } catch (const Error& e) {
        if (e.code != ErrorCode::Kernel) throw;
        std::string message, layer;
        for (size_t i = 0; i < sources.size(); ++i) {
            if (modules_.has(sources[i]) || (i > 0 && from[i] == from[i - 1] && !message.empty() && !modules_.has(sources[i - 1]))) continue;
            message += (layer.empty() ? "" : "\n") + std::string("kernel \"") + from[i]->tactic + "\" of layer \"" + from[i]->layer->name + "\" does not compile";
            if (!layer.empty()) continue;
            layer = from[i]->layer->name;
            message += std::string(": ") + e.what();
        }
        throw Error(e.code, message, layer);
    }
    return modules_.binaries(sources);
}

void CudaDevice::prefetch(std::span<const LayerTactic> layers, const StopToken* stop) {
    std::vector<Source> sources;
    for (const LayerTactic& l : layers) {
        if (isHostTactic(l.tactic) || isForeign(l.tactic)) continue;
        try {
            describe(*l.layer, l.tactic, 1);
            collectSources(usableRow(*l.layer, l.tactic).make(*l.layer, properties_), sources);
        } catch (const Error&) {
            continue;  // measuring says why
        }
    }
    modules_.prefetch(sources, stop);
}

void CudaDevice::addKernels(std::span<const KernelBinary> kernels) { modules_.add(kernels); }

}  // namespace sinter::cuda
