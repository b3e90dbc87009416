#include "cases/device_rows.h"

#include "core/device.h"
#include "core/error.h"

namespace sinter::cases {
namespace {

/// The stretch of memory that a view touches.
struct Stretch {
    std::byte* begin = nullptr;
    uint64_t bytes = 0;
};
Stretch stretchOf(const TensorView& v) {
    if (v.count() == 0) return {};
    int64_t last = 0;
    for (int a = 0; a < v.rank; ++a) last += (v.dims[a] - 1) * v.strides[a];
    return {static_cast<std::byte*>(v.data), static_cast<uint64_t>(last + 1) * dtypeSize(v.dtype)};
}

class DeviceKernel final : public Kernel {
public:
    DeviceKernel(Device& device, const LayerDesc& layer, const std::string& tactic)
        : device_(device), info_(device.describe(layer, tactic, 1)), launch_(device.prepare(layer, tactic, 1)), stream_(device.createStream(1)) {}

    void run(const KernelArgs& args) override {
        std::vector<std::unique_ptr<Buffer>> memory;
        const auto upload = [&](const TensorView& v, uint64_t packed) {
            TensorView there = v;
            if (!v.present()) return there;
            const Stretch s = packed > 0 ? Stretch{static_cast<std::byte*>(v.data), packed} : stretchOf(v);
            memory.push_back(device_.allocate(s.bytes + 64));
            // The same place within 64 bytes: kernels look at the alignment of what they get.
            const uint64_t shift = reinterpret_cast<uint64_t>(v.data) % 64;
            stream_->copyIn(*memory.back(), shift, s.begin, s.bytes);
            there.data = static_cast<std::byte*>(memory.back()->address()) + shift;
            return there;
        };
        std::vector<TensorView> in, out;
        for (size_t i = 0; i < args.inputs.size(); ++i) {
            const bool packed = i < info_.packing.size() && !info_.packing[i].recipe.empty();
            in.push_back(upload(args.inputs[i], packed ? info_.packing[i].bytes : 0));
        }
        for (const TensorView& v : args.outputs) out.push_back(upload(v, 0));
        const auto workspace = device_.allocate(info_.workspace + 64);
        stream_->launch(*launch_, {in, out, workspace->address(), nullptr});
        stream_->synchronize();
        for (size_t i = 0; i < out.size(); ++i) {
            const Stretch s = stretchOf(args.outputs[i]);
            if (s.bytes > 0) stream_->copyOut(s.begin, out[i].data, s.bytes);
        }
        stream_->synchronize();
    }

private:
    Device& device_;
    TacticInfo info_;
    std::unique_ptr<Launch> launch_;
    std::unique_ptr<Stream> stream_;
};

}  // namespace

std::vector<KernelRow> deviceRows(const LayerDesc& layer) {
    std::vector<KernelRow> rows;
    for (const auto& device : DeviceRegistry::instance().all()) {
        if (device->info().kind == "cpu") continue;
        std::vector<Tactic> tactics = device->enumerate(layer, 1);
        for (const char* library : {"cublaslt", "cudnn"}) {
            for (Tactic& t : device->libraryTactics(layer, library)) tactics.push_back(std::move(t));
        }
        for (const Tactic& t : tactics) {
            if (t.name.starts_with("cpu:")) continue;  // those run on their own
            KernelRow row;
            row.name = t.name;
            row.op = layer.op;
            row.supports = [device, name = t.name](const LayerDesc& d, int) -> std::optional<TacticInfo> {
                try {
                    return device->describe(d, name, 1);
                } catch (const Error&) {
                    return std::nullopt;
                }
            };
            row.make = [device, name = t.name](const LayerDesc& d, int) { return std::make_unique<DeviceKernel>(*device, d, name); };
            row.pack = [device, name = t.name](const LayerDesc& d, int input, const void* raw, void* packed) { device->pack(d, name, input, raw, packed); };
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

void compileAhead(std::span<const Case> cases, const Selection& selection) {
    for (const auto& device : DeviceRegistry::instance().all()) {
        if (device->info().kind == "cpu") continue;
        std::vector<LayerDesc> descs;
        std::vector<std::string> tactics;
        for (size_t at = selection.from; at < cases.size(); at += selection.step) {
            std::vector<Tactic> offered = device->enumerate(cases[at].desc, 1);
            std::erase_if(offered, [](const Tactic& t) { return t.name.starts_with("cpu:"); });
            std::vector<std::string> names;
            for (const Tactic& t : offered) names.push_back(t.name);
            for (const size_t chosen : selection.choose(names, at)) {
                const Tactic& t = offered[chosen];
                LayerDesc desc = cases[at].desc;
                for (size_t i = 0; i < desc.inputs.size(); ++i)
                    if (!desc.inputs[i].constant) desc.inputs[i].layout = t.info.inputLayouts[i];
                for (size_t i = 0; i < desc.outputs.size(); ++i) desc.outputs[i].layout = t.info.outputLayouts[i];
                descs.push_back(std::move(desc));
                tactics.push_back(t.name);
            }
        }
        std::vector<LayerTactic> all;
        for (size_t i = 0; i < descs.size(); ++i) all.push_back({&descs[i], tactics[i]});
        device->prefetch(all, nullptr);
    }
}

}  // namespace sinter::cases
