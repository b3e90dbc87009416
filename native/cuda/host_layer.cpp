#include "cuda/host_layer.h"

#include <algorithm>
#include <thread>

#include "core/error.h"
#include "core/host_memory.h"

namespace sinter::cuda {
namespace {

int threadCount() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 8U)); }

std::string hostName(std::string_view tactic) { return std::string(tactic.substr(kHostPrefix.size())); }

TacticInfo onHost(TacticInfo info, const LayerDesc& layer, double copyNsPerByte) {
    double bytes = 0;
    for (const auto* list : {&layer.inputs, &layer.outputs}) {
        for (const TensorInfo& t : *list) bytes += t.present() ? static_cast<double>(t.count()) * static_cast<double>(dtypeSize(t.dtype)) : 0;
    }
    constexpr double kRoundTrip = 40'000;  // two waits for the stream
    info.workspace = 0;                    // it lies on the host
    info.estimate += bytes * copyNsPerByte + kRoundTrip;
    return info;
}

/// The stretch of memory that a view touches.
uint64_t stretch(const TensorView& v) {
    if (v.count() == 0) return 0;
    int64_t last = 0;
    for (int a = 0; a < v.rank; ++a) last += (v.dims[a] - 1) * v.strides[a];
    return static_cast<uint64_t>(last + 1) * dtypeSize(v.dtype);
}

}  // namespace

std::vector<Tactic> hostTactics(const LayerDesc& layer, double copyNsPerByte) {
    std::vector<Tactic> found;
    for (Tactic& t : DeviceRegistry::instance().find("cpu")->enumerate(layer, threadCount())) {
        const bool packs = std::any_of(t.info.packing.begin(), t.info.packing.end(), [](const Packing& p) { return !p.recipe.empty(); });
        if (!packs) found.push_back({std::string(kHostPrefix) + t.name, onHost(std::move(t.info), layer, copyNsPerByte)});
    }
    return found;
}

TacticInfo describeHost(const LayerDesc& layer, std::string_view tactic, double copyNsPerByte) {
    return onHost(DeviceRegistry::instance().find("cpu")->describe(layer, hostName(tactic), threadCount()), layer, copyNsPerByte);
}

HostLaunch::HostLaunch(const LayerDesc& layer, std::string_view tactic)
    : launch_(DeviceRegistry::instance().find("cpu")->prepare(layer, hostName(tactic), threadCount())),
      workspace_(DeviceRegistry::instance().find("cpu")->describe(layer, hostName(tactic), threadCount()).workspace) {}

std::unique_ptr<Stream> HostLaunch::threads() { return DeviceRegistry::instance().find("cpu")->createStream(threadCount()); }

void HostLaunch::run(Stream& stream, Stream& threads, const KernelArgs& args) {
    std::vector<HostMemory> memory;
    const auto place = [&](const TensorView& v, bool fetch) {
        TensorView here = v;
        memory.emplace_back(stretch(v));
        here.data = memory.back().data();
        if (fetch && v.present() && v.count() > 0) stream.copyOut(here.data, v.data, memory.back().bytes());
        return here;
    };
    std::vector<TensorView> in, out;
    for (const TensorView& v : args.inputs) in.push_back(place(v, true));
    // Gaps between a strided output's elements belong to other tensors and go back as they came.
    for (const TensorView& v : args.outputs) out.push_back(place(v, !v.isLinear()));
    stream.synchronize();
    const HostMemory workspace(workspace_);
    KernelArgs host;
    host.inputs = in;
    host.outputs = out;
    host.workspace = workspace.data();
    threads.launch(*launch_, host);
    for (size_t i = 0; i < out.size(); ++i) {
        if (args.outputs[i].count() > 0) stream.copyIn(args.outputs[i].data, out[i].data, stretch(args.outputs[i]));
    }
    stream.synchronize();
}

}  // namespace sinter::cuda
