#include "core/engine_writer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <numeric>

#include <protozero/pbf_writer.hpp>

#include "core/crc32.h"
#include "core/describe.h"
#include "core/engine_checks.h"
#include "core/engine_format.h"
#include "core/error.h"
#include "core/output_file.h"
#include "core/profile_choice.h"
#include "core/weight_evaluator.h"

namespace sinter {
namespace {

constexpr size_t kBlock = 4 << 20;

/// Appends to the blob: checksum, progress and the stop token per block.
class BlobWriter {
public:
    BlobWriter(OutputFile& file, uint64_t total, const std::function<void(WriteProgress)>& progress, const StopToken* stop)
        : file_(file), total_(total), progress_(progress), stop_(stop) {}

    void append(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            throwIfStopped(stop_);
            const auto block = bytes.first(std::min(bytes.size(), kBlock));
            file_.write(block);
            crc_ = crc32(block, crc_);
            at_ += block.size();
            bytes = bytes.subspan(block.size());
            if (progress_) progress_({at_, total_});
        }
    }
    void padTo(uint64_t offset) {
        static constexpr std::array<std::byte, 4096> zeros{};
        while (at_ < offset) append(std::span(zeros).first(static_cast<size_t>(std::min<uint64_t>(offset - at_, zeros.size()))));
    }
    uint32_t crc() const { return crc_; }

private:
    OutputFile& file_;
    uint64_t total_;
    const std::function<void(WriteProgress)>& progress_;
    const StopToken* stop_;
    uint64_t at_ = 0;
    uint32_t crc_ = 0;
};

std::string labelOf(size_t i) { return "weight " + std::to_string(i); }

/// A layer, the values that it works on, and the optimization profile whose plan it is part of.
struct PlacedLayer {
    const schema::Layer* layer;
    std::span<const schema::Value> values;
    size_t profile;
};

/// Layers in the order that Weight.layer counts them: each before those of its regions.
void collectLayers(const std::vector<schema::Layer>& layers, std::span<const schema::Value> values, size_t profile, std::vector<PlacedLayer>& all) {
    for (const schema::Layer& l : layers) {
        all.push_back({&l, values, profile});
        for (const schema::Region& r : l.regions) collectLayers(r.layers, r.values, profile, all);
    }
}

/// The layers of all plans, one plan after the other.
std::vector<PlacedLayer> layersOf(const schema::Engine& engine) {
    std::vector<PlacedLayer> all;
    collectLayers(engine.layers, engine.values, 0, all);
    for (size_t p = 0; p < engine.profiles.size(); ++p) {
        if (const auto& plan = engine.profiles[p].plan) collectLayers(plan->layers, plan->values, p, all);
    }
    return all;
}

/// Whether the shapes of a layer's operands are known before it runs.
bool isDecided(const schema::Layer& l, std::span<const schema::Value> values, const SymbolValues& symbols) {
    const auto known = [&](int64_t v) {
        if (v < 0 || static_cast<size_t>(v) >= values.size()) return true;
        const auto& shape = values[static_cast<size_t>(v)].shape;
        return std::all_of(shape.begin(), shape.end(), [&](const schema::DimExpr& d) { return evaluable(d, symbols); });
    };
    return std::all_of(l.inputs.begin(), l.inputs.end(), known) && std::all_of(l.outputs.begin(), l.outputs.end(), known);
}

/// Packs one evaluated weight for its layer's tactic.
HostMemory packed(const schema::Engine& engine, std::span<const PlacedLayer> layers, Device& device, size_t index, const WeightData& data) {
    const schema::Weight& w = engine.weights[index];
    if (w.layer >= layers.size()) throw Error(ErrorCode::Corrupt, labelOf(index) + " is packed for a missing layer");
    const schema::Layer& layer = *layers[w.layer].layer;
    const LayerDesc desc = describeLayer(layer, layers[w.layer].values, symbolsAtOpt(engine, layers[w.layer].profile), engine.symbols);
    const TacticInfo info = device.describe(desc, layer.tactic, static_cast<int>(std::max(1U, engine.threads)));
    const Packing packing = w.input < info.packing.size() ? info.packing[w.input] : Packing{};
    if (packing.recipe != w.recipe || packing.bytes != w.length) {
        throw Error(ErrorCode::Kernel,
                    "layer \"" + layer.name + "\": kernel \"" + layer.tactic + "\" packs input " + std::to_string(w.input) + " as \"" +
                        packing.recipe + "\" in " + std::to_string(packing.bytes) + " bytes, the header says \"" + w.recipe + "\" in " +
                        std::to_string(w.length),
                    layer.name);
    }
    const TensorInfo& input = desc.inputs[w.input];
    if (input.dtype != data.dtype || input.count() != data.count()) {
        throw Error(ErrorCode::Shape, labelOf(index) + " is " + std::string(dtypeName(data.dtype)) + " " + shapeText(data.shape) +
                                          ", layer \"" + layer.name + "\" takes " + std::string(dtypeName(input.dtype)) + " " +
                                          shapeText(input.dims),
                    layer.name);
    }
    HostMemory raw;
    const std::byte* from = data.bytes.data();
    if (reinterpret_cast<uintptr_t>(from) % 64 != 0) {  // a model file places its weights anywhere
        raw = HostMemory(data.bytes.size());
        std::memcpy(raw.data(), from, data.bytes.size());
        from = raw.data();
    }
    HostMemory result(w.length);
    std::memset(result.data(), 0, static_cast<size_t>(w.length));  // padding is the same bytes every time
    device.pack(desc, layer.tactic, static_cast<int>(w.input), from, result.data());
    return result;
}

std::vector<size_t> inOffsetOrder(const schema::Engine& engine) {
    std::vector<size_t> order(engine.weights.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return engine.weights[a].offset < engine.weights[b].offset; });
    uint64_t end = 0;
    for (const size_t i : order) {
        const schema::Weight& w = engine.weights[i];
        if (w.offset < end || w.length > (1ULL << 62) - w.offset) throw Error(ErrorCode::Corrupt, labelOf(i) + " overlaps another one");
        end = w.offset + w.length;
    }
    return order;
}

/// What an engine must carry for one device: code for every layer at the corners of its profile. Other sizes within run with
/// the same code where it does not depend on them, are compiled when they come, or, where there is no compiler, are left to
/// a kernel whose code does not (a general one, any_…): that is carried too where one takes the layer's constants as they are
/// packed.
class KernelCollector {
public:
    KernelCollector(const schema::Engine& engine, Device& device, const StopToken* stop) : engine_(engine), device_(device), stop_(stop) {}

    void add(const PlacedLayer& at) {
        const auto& [placed, values, profile] = at;
        const schema::Layer& layer = *placed;
        if (layer.tactic.empty() || !isDecided(layer, values, symbolsAtOpt(engine_, profile))) return;  // chosen while running
        std::vector<LayerTactic> mine;
        for (const SymbolValues& symbols : profileCorners(engine_, profile)) {
            const bool optimal = mine.empty();
            try {
                LayerDesc desc = describeLayer(layer, values, symbols, engine_.symbols);
                const bool empty = std::all_of(desc.outputs.begin(), desc.outputs.end(), [](const TensorInfo& t) { return t.count() == 0; });
                if (empty) continue;
                if (!optimal) device_.describe(desc, layer.tactic, threads());
                mine.push_back({&descs_.emplace_back(std::move(desc)), layer.tactic});
            } catch (const Error&) {
                if (optimal) throw;  // elsewhere: sizes that the network cannot have, or another kernel takes over
            }
        }
        tactics_.insert(tactics_.end(), mine.begin(), mine.end());
        if (mine.size() > 1) open_.push_back(std::move(mine));
    }

    std::vector<KernelBinary> binaries() {
        if (open_.empty()) return device_.compile(tactics_, stop_);
        device_.compile(tactics_, stop_);  // all at once, on all cores; what follows finds them compiled
        for (const auto& layer : open_) {
            if (device_.compile(layer, stop_).size() > 1) addStandIn(layer);
        }
        return device_.compile(tactics_, stop_);
    }

private:
    int threads() const { return static_cast<int>(std::max(1U, engine_.threads)); }

    void addStandIn(const std::vector<LayerTactic>& mine) {
        const LayerDesc& desc = *mine.front().layer;
        const TacticInfo chosen = device_.describe(desc, mine.front().tactic, threads());
        for (const Tactic& t : device_.enumerate(desc, threads())) {
            if (t.name == mine.front().tactic || !t.name.starts_with("any_") || t.info.packing != chosen.packing) continue;
            std::vector<LayerTactic> other;
            for (const LayerTactic& l : mine) other.push_back({l.layer, t.name});
            try {
                for (const LayerTactic& l : other) device_.describe(*l.layer, t.name, threads());
                if (device_.compile(other, stop_).size() != 1) continue;
            } catch (const Error&) {
                continue;
            }
            tactics_.insert(tactics_.end(), other.begin(), other.end());
            return;
        }
    }

    const schema::Engine& engine_;
    Device& device_;
    const StopToken* stop_;
    std::deque<LayerDesc> descs_;
    std::vector<LayerTactic> tactics_;
    std::vector<std::vector<LayerTactic>> open_;  ///< per layer at several sizes
};

/// The header followed by the kernels that the device compiles for its layers: in protobuf, to append is to add.
std::vector<std::byte> withKernels(std::span<const std::byte> header, const schema::Engine& engine, std::span<const PlacedLayer> layers, Device& device,
                                   const StopToken* stop) {
    if (device.sharesHostMemory()) return {header.begin(), header.end()};
    KernelCollector kernels(engine, device, stop);
    for (const PlacedLayer& l : layers) kernels.add(l);
    std::string out(reinterpret_cast<const char*>(header.data()), header.size());
    protozero::pbf_writer message(out);
    for (const KernelBinary& k : kernels.binaries()) {
        protozero::pbf_writer kernel(message, 15);
        kernel.add_string(1, k.key);
        kernel.add_bytes(2, k.cubin);
        kernel.add_bytes(3, k.ptx);
    }
    const auto bytes = std::as_bytes(std::span(out));
    return {bytes.begin(), bytes.end()};
}

}  // namespace

void writeEngine(const std::string& path, std::span<const std::byte> given, const std::vector<std::string>& files,
                 const std::function<void(WriteProgress)>& progress, const StopToken* stop) {
    const schema::Engine engine = schema::decodeEngine({reinterpret_cast<const char*>(given.data()), given.size()});
    const std::vector<size_t> order = inOffsetOrder(engine);
    const uint64_t end = order.empty() ? 0 : engine.weights[order.back()].offset + engine.weights[order.back()].length;
    const uint64_t blobBytes = format::alignUp(end);
    const auto device = checkRequirements(engine);
    checkStructure(engine, blobBytes);
    const std::vector<PlacedLayer> layers = layersOf(engine);
    const std::vector<std::byte> header = withKernels(given, engine, layers, *device, stop);
    if (header.size() >= format::kMaxHeader) throw Error(ErrorCode::Argument, "the engine header is larger than 1 GB");

    format::Preamble preamble{};
    std::memcpy(preamble.magic, format::kMagic, sizeof preamble.magic);
    preamble.version = format::kVersion;
    preamble.headerBytes = header.size();
    preamble.blobOffset = format::alignUp(sizeof preamble + header.size());
    preamble.blobBytes = blobBytes;
    preamble.headerCrc = crc32(header);

    OutputFile file(path);
    file.write(std::as_bytes(std::span(&preamble, 1)));
    file.write(header);
    const std::vector<std::byte> padding(preamble.blobOffset - sizeof preamble - header.size());
    file.write(padding);

    WeightEvaluator evaluator(files, DeviceRegistry::instance().find("cpu"), stop);
    for (const size_t i : order) evaluator.announce(schema::decodeWeightExpr(engine.weights[i].expr));
    BlobWriter blob(file, blobBytes, progress, stop);
    for (const size_t i : order) {
        const schema::Weight& w = engine.weights[i];
        const schema::WeightExpr expr = schema::decodeWeightExpr(w.expr);
        const WeightData data = evaluator.evaluate(expr);
        blob.padTo(w.offset);
        if (w.recipe.empty()) {
            if (data.bytes.size() != w.length) {
                throw Error(ErrorCode::Corrupt, labelOf(i) + " has " + std::to_string(data.bytes.size()) + " bytes, the header says " +
                                                    std::to_string(w.length));
            }
            blob.append(data.bytes);
        } else {
            blob.append(packed(engine, layers, *device, i, data).span());
        }
    }
    blob.padTo(blobBytes);
    preamble.blobCrc = blob.crc();
    file.patch(0, std::as_bytes(std::span(&preamble, 1)));
    throwIfStopped(stop);
    file.commit();
}

}  // namespace sinter
