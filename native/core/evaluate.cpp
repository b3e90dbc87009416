#include "core/evaluate.h"

#include "core/dim.h"
#include "core/error.h"
#include "core/strided_copy.h"

namespace sinter {
namespace {

std::string layoutFor(const std::vector<std::string>& wanted, size_t i, const TensorInfo& given) {
    return i < wanted.size() && !wanted[i].empty() ? wanted[i] : given.layout;
}

void checkInput(const LayerDesc& layer, size_t i, const TensorView& got) {
    const TensorInfo& want = layer.inputs[i];
    if (got.present() != want.present()) {
        throw Error(ErrorCode::Argument, "input " + std::to_string(i) + " of layer \"" + layer.name + "\" is " +
                                             (want.present() ? "missing" : "given but not described"),
                    layer.name);
    }
    if (!got.present()) return;
    const std::vector<int64_t> dims(got.dims.begin(), got.dims.begin() + got.rank);
    if (got.dtype != want.dtype || dims != want.dims) {
        throw Error(ErrorCode::Shape, "input " + std::to_string(i) + " of layer \"" + layer.name + "\" is " +
                                          std::string(dtypeName(got.dtype)) + " " + shapeText(dims) + ", its description says " +
                                          std::string(dtypeName(want.dtype)) + " " + shapeText(want.dims),
                    layer.name);
    }
}

uint64_t bytesOf(const TensorInfo& t) { return static_cast<uint64_t>(t.count()) * dtypeSize(t.dtype); }

std::string referenceTactic(const Device& device, const LayerDesc& layer, int threads) {
    const auto tactics = device.enumerate(layer, threads);
    if (tactics.empty()) {
        throw Error(ErrorCode::Kernel, "no kernel can compute layer \"" + layer.name + "\" (" + layer.op + ") with these shapes and types",
                    layer.name);
    }
    return tactics.back().name;
}

}  // namespace

std::vector<HostTensor> evaluateLayer(Device& device, Stream& stream, const LayerDesc& given, std::span<const TensorView> inputs,
                                      std::string_view tactic, int threads) {
    if (!device.sharesHostMemory()) throw Error(ErrorCode::Device, "single layers are evaluated on the CPU only", given.name);
    if (inputs.size() != given.inputs.size()) {
        throw Error(ErrorCode::Argument, "layer \"" + given.name + "\" has " + std::to_string(given.inputs.size()) + " inputs, got " +
                                             std::to_string(inputs.size()),
                    given.name);
    }
    for (size_t i = 0; i < inputs.size(); ++i) checkInput(given, i, inputs[i]);

    LayerDesc layer = given;
    const std::string name = tactic.empty() ? referenceTactic(device, layer, threads) : std::string(tactic);
    const TacticInfo info = device.describe(layer, name, threads);
    for (size_t i = 0; i < layer.inputs.size(); ++i) layer.inputs[i].layout = layoutFor(info.inputLayouts, i, layer.inputs[i]);
    for (size_t i = 0; i < layer.outputs.size(); ++i) layer.outputs[i].layout = layoutFor(info.outputLayouts, i, layer.outputs[i]);

    std::vector<HostMemory> kept;
    std::vector<TensorView> in(inputs.begin(), inputs.end());
    for (size_t i = 0; i < in.size(); ++i) {
        if (!in[i].present()) continue;
        const bool packed = i < info.packing.size() && !info.packing[i].recipe.empty();
        if (packed) {
            kept.emplace_back(info.packing[i].bytes);
            device.pack(layer, name, static_cast<int>(i), in[i].data, kept.back().data());
            in[i].data = kept.back().data();
        } else if (layer.inputs[i].layout == "nhwc" && in[i].rank >= 3) {
            kept.emplace_back(bytesOf(layer.inputs[i]));
            const TensorView converted = makeView(layer.inputs[i], kept.back().data());
            copyStrided(converted, in[i]);
            in[i] = converted;
        }
    }
    std::vector<HostTensor> results;
    std::vector<TensorView> out;
    bool any = false;
    for (const TensorInfo& o : layer.outputs) {
        results.push_back({o, o.present() ? HostMemory(bytesOf(o)) : HostMemory()});
        out.push_back(o.present() ? makeView(o, results.back().memory.data()) : TensorView{});
        any = any || (o.present() && o.count() > 0);
    }
    if (any) {
        const auto launch = device.prepare(layer, name, threads);
        const HostMemory workspace(info.workspace);
        KernelArgs args;
        args.inputs = in;
        args.outputs = out;
        args.workspace = info.workspace ? workspace.data() : nullptr;
        try {
            stream.launch(*launch, args);
            stream.synchronize();
        } catch (const Error&) {
            throw;
        } catch (const std::exception& e) {
            throw Error(ErrorCode::Kernel, "layer \"" + layer.name + "\" failed: " + e.what(), layer.name);
        }
    }
    for (size_t i = 0; i < results.size(); ++i) {
        results[i].info.layout.clear();
        if (!out[i].present() || out[i].isLinear()) continue;
        HostMemory linear(bytesOf(results[i].info));
        copyStrided(makeView(results[i].info, linear.data()), out[i]);
        results[i].memory = std::move(linear);
    }
    return results;
}

std::vector<HostTensor> evaluateLayer(Device& device, const LayerDesc& layer, std::span<const TensorView> inputs,
                                      std::string_view tactic, int threads) {
    const auto stream = device.createStream(threads);
    return evaluateLayer(device, *stream, layer, inputs, tactic, threads);
}

}  // namespace sinter
