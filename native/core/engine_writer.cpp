#include "core/engine_writer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include <protozero/pbf_writer.hpp>

#include "core/crc32.h"
#include "core/describe.h"
#include "core/engine_checks.h"
#include "core/engine_format.h"
#include "core/error.h"
#include "core/output_file.h"
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

/// A layer and the values that it works on.
struct PlacedLayer {
    const schema::Layer* layer;
    std::span<const schema::Value> values;
};

/// Layers in the order that Weight.layer counts them: each before those of its regions.
void collectLayers(const std::vector<schema::Layer>& layers, std::span<const schema::Value> values, std::vector<PlacedLayer>& all) {
    for (const schema::Layer& l : layers) {
        all.push_back({&l, values});
        for (const schema::Region& r : l.regions) collectLayers(r.layers, r.values, all);
    }
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
HostMemory packed(const schema::Engine& engine, std::span<const PlacedLayer> layers, Device& device, size_t index, const WeightData& data,
                  const SymbolValues& symbols) {
    const schema::Weight& w = engine.weights[index];
    if (w.layer >= layers.size()) throw Error(ErrorCode::Corrupt, labelOf(index) + " is packed for a missing layer");
    const schema::Layer& layer = *layers[w.layer].layer;
    const LayerDesc desc = describeLayer(layer, layers[w.layer].values, symbols, engine.symbols);
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

/// The header followed by the kernels that the device compiles for its layers: in protobuf, to append is to add.
std::vector<std::byte> withKernels(std::span<const std::byte> header, const schema::Engine& engine, Device& device,
                                   const SymbolValues& symbols, const StopToken* stop) {
    if (device.sharesHostMemory()) return {header.begin(), header.end()};
    std::vector<PlacedLayer> placed;
    collectLayers(engine.layers, engine.values, placed);
    std::vector<LayerDesc> layers;
    layers.reserve(placed.size());
    std::vector<LayerTactic> tactics;
    for (const auto& [layer, values] : placed) {
        const schema::Layer& l = *layer;
        if (l.tactic.empty() || !isDecided(l, values, symbols)) continue;  // chosen while running
        layers.push_back(describeLayer(l, values, symbols, engine.symbols));
        const bool empty = std::all_of(layers.back().outputs.begin(), layers.back().outputs.end(), [](const TensorInfo& t) { return t.count() == 0; });
        if (!empty) tactics.push_back({&layers.back(), l.tactic});
    }
    std::string out(reinterpret_cast<const char*>(header.data()), header.size());
    protozero::pbf_writer message(out);
    for (const KernelBinary& k : device.compile(tactics, stop)) {
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
    const SymbolValues symbols = optimalSymbols(engine);
    const std::vector<std::byte> header = withKernels(given, engine, *device, symbols, stop);
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
    std::vector<PlacedLayer> layers;
    collectLayers(engine.layers, engine.values, layers);
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
            blob.append(packed(engine, layers, *device, i, data, symbols).span());
        }
    }
    blob.padTo(blobBytes);
    preamble.blobCrc = blob.crc();
    file.patch(0, std::as_bytes(std::span(&preamble, 1)));
    throwIfStopped(stop);
    file.commit();
}

}  // namespace sinter
