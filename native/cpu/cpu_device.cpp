#include "cpu/cpu_device.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/error.h"
#include "core/host_memory.h"
#include "core/thread_pool.h"
#include "cpu/ceilings/ceilings.h"
#include "cpu/cpu_info.h"

namespace sinter {
namespace {

const DeviceRegistration registration([] { return Devices{{std::make_shared<CpuDevice>()}, {}}; });

class OwnedBuffer final : public Buffer {
public:
    explicit OwnedBuffer(uint64_t bytes) : memory_(bytes) {}
    void* address() const override { return memory_.data(); }
    uint64_t bytes() const override { return memory_.bytes(); }

private:
    HostMemory memory_;
};

/// Weights stay where the file is mapped; the mapping outlives the buffer (the engine owns both).
class MappedBuffer final : public Buffer {
public:
    explicit MappedBuffer(std::span<const std::byte> bytes) : bytes_(bytes) {}
    // Kernels take inputs through the same view type as outputs; they never write to inputs, and the pages are read-only.
    void* address() const override { return const_cast<std::byte*>(bytes_.data()); }
    uint64_t bytes() const override { return bytes_.size(); }

private:
    std::span<const std::byte> bytes_;
};

class CpuEvent final : public Event {
public:
    using Clock = std::chrono::steady_clock;
    void synchronize() override {}
    double since(const Event& start) const override {
        return std::chrono::duration<double, std::nano>(at_ - static_cast<const CpuEvent&>(start).at_).count();
    }

private:
    Clock::time_point at_ = Clock::now();
};

class CpuLaunch final : public Launch {
public:
    explicit CpuLaunch(std::unique_ptr<Kernel> kernel) : kernel(std::move(kernel)) {}
    std::unique_ptr<Kernel> kernel;
};

class CpuStream final : public Stream {
public:
    explicit CpuStream(int threads) : pool_(threads) {}
    void launch(Launch& launch, const KernelArgs& args) override {
        KernelArgs here = args;
        here.pool = &pool_;
        static_cast<CpuLaunch&>(launch).kernel->run(here);
    }
    using Stream::copyIn;
    void copyIn(void* to, const void* from, uint64_t bytes) override { std::memcpy(to, from, bytes); }
    void copyWithin(void* to, const void* from, uint64_t bytes) override { std::memcpy(to, from, bytes); }
    using Stream::copyOut;
    void copyOut(void* to, const void* from, uint64_t bytes) override { std::memcpy(to, from, bytes); }
    std::unique_ptr<Event> record() override { return std::make_unique<CpuEvent>(); }
    void wait(const Event&) override {}
    void synchronize() override {}

private:
    ThreadPool pool_;
};

bool isReference(const KernelRow& row) { return row.isa == Isa::Scalar && row.name.ends_with("__scalar"); }

constexpr std::string_view kPluginRow = "plugin__";

/// The row that runs plugins is one; its tactics are named after the plugin.
std::string tacticName(const KernelRow& row, const LayerDesc& layer) {
    return row.name == kPluginRow ? row.name + layer.stringAttr("plugin.name", "") : row.name;
}

const KernelRow& usableRow(const LayerDesc& layer, std::string_view tactic) {
    const KernelRow* row = KernelRegistry::instance().byName(tactic.starts_with(kPluginRow) ? kPluginRow : tactic);
    if (row && tacticName(*row, layer) != tactic) row = nullptr;
    if (!row || row->op != layer.op) {
        throw Error(ErrorCode::Kernel, "layer \"" + layer.name + "\" (" + layer.op + ") asks for kernel \"" + std::string(tactic) +
                                           "\", which this runtime does not have",
                    layer.name);
    }
    if (row->isa > detectIsa()) {
        throw Error(ErrorCode::Device, "kernel \"" + row->name + "\" of layer \"" + layer.name + "\" needs " +
                                           std::string(isaName(row->isa)) + ", which this processor lacks",
                    layer.name);
    }
    return *row;
}

[[noreturn]] void cannotRun(const LayerDesc& layer, const KernelRow& row) {
    throw Error(ErrorCode::Kernel, "kernel \"" + row.name + "\" cannot run layer \"" + layer.name + "\" (" + layer.op +
                                       ") with these shapes and types",
                layer.name);
}

/// What a row says of a layer that it cannot make sense of is about that layer.
template <typename F>
auto askingRow(const LayerDesc& layer, F ask) {
    try {
        return ask();
    } catch (const Error&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw Error(ErrorCode::Memory, "layer \"" + layer.name + "\" (" + layer.op + "): there is not enough memory", layer.name);
    } catch (const std::exception& e) {
        throw Error(ErrorCode::Kernel, "layer \"" + layer.name + "\" (" + layer.op + "): " + e.what(), layer.name);
    }
}

}  // namespace

CpuDevice::CpuDevice() : info_(cpuInfo()) {}

std::vector<Tactic> CpuDevice::enumerate(const LayerDesc& layer, int threads) const {
    std::vector<Tactic> fast;
    std::vector<Tactic> reference;
    for (const KernelRow* row : KernelRegistry::instance().find(layer.op)) {
        if (auto info = row->supports(layer, threads)) {
            (isReference(*row) ? reference : fast).push_back({tacticName(*row, layer), std::move(*info)});
        }
    }
    // find() is in name order and the sort is stable: ties go by name.
    std::stable_sort(fast.begin(), fast.end(), [](const Tactic& a, const Tactic& b) { return a.info.estimate < b.info.estimate; });
    std::move(reference.begin(), reference.end(), std::back_inserter(fast));
    return fast;
}

TacticInfo CpuDevice::describe(const LayerDesc& layer, std::string_view tactic, int threads) const {
    const KernelRow& row = usableRow(layer, tactic);
    auto info = askingRow(layer, [&] { return row.supports(layer, threads); });
    if (!info) cannotRun(layer, row);
    return std::move(*info);
}

std::unique_ptr<Buffer> CpuDevice::allocate(uint64_t bytes) { return std::make_unique<OwnedBuffer>(bytes); }

std::unique_ptr<Buffer> CpuDevice::bindWeights(std::span<const std::byte> mapped, bool) {
    return std::make_unique<MappedBuffer>(mapped);
}

std::unique_ptr<Stream> CpuDevice::createStream(int threads) { return std::make_unique<CpuStream>(threads); }

void CpuDevice::pack(const LayerDesc& layer, std::string_view tactic, int input, const void* raw, void* packed) const {
    const KernelRow& row = usableRow(layer, tactic);
    if (!row.pack) throw Error(ErrorCode::Internal, "kernel \"" + row.name + "\" packs no constants", layer.name);
    askingRow(layer, [&] { row.pack(layer, input, raw, packed); });
}

std::unique_ptr<Launch> CpuDevice::prepare(const LayerDesc& layer, std::string_view tactic, int threads) {
    const KernelRow& row = usableRow(layer, tactic);
    auto kernel = askingRow(layer, [&] { return row.supports(layer, threads) ? row.make(layer, threads) : nullptr; });
    if (!kernel) cannotRun(layer, row);
    return std::make_unique<CpuLaunch>(std::move(kernel));
}

Ceilings CpuDevice::ceilings(int threads, const StopToken* stop) { return measureCpuCeilings(threads, stop); }

}  // namespace sinter
