// Conv and ConvTranspose of any kind: the rows that every other kernel is measured against.
#include <algorithm>
#include <cmath>

#include "cuda/codegen/types.h"
#include "cuda/layers/strided.h"
#include "cuda/layers/weights.h"

namespace sinter::cuda {
namespace {

using Dims = std::vector<int64_t>;

/// As in conv_any.cu.
struct DeviceShape {
    const void* x = nullptr;
    const void* w = nullptr;
    int64_t xImage = 0, xChannel = 0, xAxis[3] = {};
    int64_t wColumn = 0, wChannel = 0, wTap = 0, wGroup = 0;
    int32_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1}, pad[3] = {};
    int32_t rows = 0, groupChannels = 0, groupColumns = 0, groups = 1, taps = 1;
};

struct Geometry {
    bool transposed = false, integer = false;
    size_t spatial = 0;
    int64_t channels = 0, columns = 0, groups = 1, taps = 1;
    Dims result;  ///< logical, outputs joined
    int64_t groupChannels() const { return channels / groups; }
    int64_t groupColumns() const { return columns / groups; }
};

Geometry geometryOf(const LayerDesc& d) {
    Geometry g;
    g.transposed = d.op == "ConvTranspose";
    g.integer = isIntegerProduct(d);
    g.spatial = d.inputs[0].dims.size() - 2;
    g.groups = d.intAttr("group", 1);
    g.channels = d.inputs[0].dims[1];
    g.result = d.outputs[0].dims;
    for (size_t i = 1; i < d.outputs.size(); ++i) g.result[1] += d.outputs[i].dims[1];
    g.columns = g.result[1];
    for (const int64_t k : d.intsAttr("kernel_shape")) g.taps *= k;
    return g;
}

/// Packed weights: [group][tap][channel][column], so that neighbouring threads read neighbouring columns.
int64_t packedPlace(const LayerDesc& d, const Geometry& g, int64_t i) {
    const int64_t tap = i % g.taps;
    const int64_t inner = d.inputs[1].dims[1];
    const int64_t second = i / g.taps % inner, first = i / g.taps / inner;
    const int64_t perGroup = g.transposed ? g.groupChannels() : g.groupColumns();
    const int64_t group = first / perGroup;
    const int64_t channel = g.transposed ? first % perGroup : second;
    const int64_t column = g.transposed ? second : first % perGroup;
    return ((group * g.taps + tap) * g.groupChannels() + channel) * g.groupColumns() + column;
}

int64_t columnOf(const LayerDesc& d, const Geometry& g, int64_t i) {
    const int64_t inner = d.inputs[1].dims[1];
    const int64_t second = i / g.taps % inner, first = i / g.taps / inner;
    return g.transposed ? first / g.groupChannels() * g.groupColumns() + second : first;
}

bool packs(const LayerDesc& d) { return d.inputs[1].constant; }
size_t weightSize(const LayerDesc& d, const Geometry& g) { return g.integer ? 1 : dtypeSize(d.inputs[1].dtype); }
uint64_t factorsAt(const LayerDesc& d) { return (static_cast<uint64_t>(d.inputs[1].count()) + 63) / 64 * 64; }

std::optional<Epilogue> epilogueOf(const LayerDesc& d, const Geometry& g) {
    Epilogue::Options options{.biasInput = d.opInputs > 2 ? 2 : -1, .constantShape = false};
    if (g.integer) {
        options.scaleInput = 1;
        options.scaleOffset = factorsAt(d);
    }
    return Epilogue::of(d, {g.result, 1}, options);
}

bool takes(const LayerDesc& d) {
    if (!storable(d) || !wellFormed(d) || d.inputs.size() < 2 || d.outputs.empty() || d.inputs[0].dims.size() < 3 || d.inputs[0].dims.size() > 5) return false;
    if (d.inputs[0].quantized() ? !isIntegerProduct(d) : d.inputs[1].quantized()) return false;
    if (!d.inputs[0].quantized() && isFloat(d.inputs[0].dtype) != isFloat(d.inputs[1].dtype)) return false;
    return epilogueOf(d, geometryOf(d)).has_value();
}

double estimateOf(const LayerDesc& d, const Geometry& g, const DeviceProperties& device) {
    int64_t rows = 1;
    for (size_t a = 0; a < g.result.size(); ++a) rows *= a == 1 ? 1 : g.result[a];
    const double tiles = static_cast<double>((rows + 63) / 64) * static_cast<double>((g.groupColumns() + 63) / 64 * g.groups);
    const double waves = std::ceil(tiles / (2.0 * std::max(1, device.multiprocessors)));
    // Measured per tile: about 6 ns for each step of 16 through the inner dimension with two blocks on a multiprocessor.
    return waves * static_cast<double>((g.groupChannels() * g.taps + 15) / 16) * 600 + moveEstimate(d, device);
}

std::optional<TacticInfo> supportsIn(const LayerDesc& d, const DeviceProperties& device, const std::string& layout) {
    if (!takes(d)) return std::nullopt;
    const Geometry g = geometryOf(d);
    if (layout == "nhwc" && d.inputs[0].dims.size() != 4) return std::nullopt;
    TacticInfo info;
    Epilogue::describe(d, info, layout);
    info.inputLayouts[0] = layout;
    if (packs(d)) {
        info.packing[1] = {g.integer ? "cuda_rsck_i8" : "cuda_rsck", static_cast<uint64_t>(d.inputs[1].count()) * weightSize(d, g)};
        if (g.integer) info.packing[1].bytes = factorsAt(d) + static_cast<uint64_t>(g.columns) * sizeof(float);
        info.inputViews[1] = 0;
    }
    // Reading along channels is what its loads are coalesced for.
    info.estimate = estimateOf(d, g, device) * (layout == "nhwc" ? 1 : 2);
    return info;
}

LaunchSpec launchOf(const LayerDesc& d, const Geometry& g, const Epilogue& epilogue, const KernelArgs& args) {
    const TensorView& x = args.inputs[0];
    DeviceShape s;
    s.x = x.data;
    s.w = args.inputs[1].data;
    s.xImage = x.strides[0];
    s.xChannel = x.strides[1];
    if (packs(d)) {
        s.wColumn = 1;
        s.wChannel = g.groupColumns();
        s.wTap = g.groupChannels() * s.wChannel;
        s.wGroup = g.taps * s.wTap;
    } else {
        const auto& w = args.inputs[1].strides;
        s.wColumn = g.transposed ? w[1] : w[0];
        s.wChannel = g.transposed ? w[0] : w[1];
        s.wTap = w[static_cast<size_t>(x.rank) - 1];
        s.wGroup = w[0] * (g.transposed ? g.groupChannels() : g.groupColumns());
    }
    const Dims kernel = d.intsAttr("kernel_shape"), strides = d.intsAttr("strides"), dilations = d.intsAttr("dilations"), pads = d.intsAttr("pads");
    const size_t missing = 3 - g.spatial;
    for (size_t i = 0; i < g.spatial; ++i) {
        const size_t a = missing + i;
        s.xAxis[a] = x.strides[2 + i];
        s.in[a] = static_cast<int32_t>(x.dims[2 + i]);
        s.out[a] = static_cast<int32_t>(g.result[2 + i]);
        s.kernel[a] = static_cast<int32_t>(kernel[i]);
        s.stride[a] = static_cast<int32_t>(strides[i]);
        s.dilation[a] = dilations.empty() ? 1 : static_cast<int32_t>(dilations[i]);
        s.pad[a] = static_cast<int32_t>(pads[i]);
    }
    s.rows = static_cast<int32_t>(g.result[0]);
    for (size_t a = 2; a < g.result.size(); ++a) s.rows *= static_cast<int32_t>(g.result[a]);
    s.groupChannels = static_cast<int32_t>(g.groupChannels());
    s.groupColumns = static_cast<int32_t>(g.groupColumns());
    s.groups = static_cast<int32_t>(g.groups);
    s.taps = static_cast<int32_t>(g.taps);
    LaunchSpec spec;
    spec.dependent = true;
    spec.entry = "conv_any";
    spec.block = {256, 1, 1};
    spec.grid = {static_cast<uint32_t>((s.rows + 63) / 64), static_cast<uint32_t>((s.groupColumns + 63) / 64), static_cast<uint32_t>(s.groups)};
    spec.params.add(s);
    epilogue.addParams(spec.params, args);
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties&) {
    const Geometry g = geometryOf(d);
    const Epilogue epilogue = *epilogueOf(d, g);
    Source source;
    source.file = "conv_any.cu";
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"W_T", g.integer ? "int8_t" : storageType(d.inputs[1].dtype)}, {"SUM_T", g.integer ? "int" : "acc_t"}};
    source.define("ZERO", g.integer ? d.inputs[0].zeroPoint : 0);
    if (g.transposed) source.define("TRANSPOSED", 1);
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [d, g, epilogue](const KernelArgs& args) { return std::vector{launchOf(d, g, epilogue, args)}; }};
}

void pack(const LayerDesc& d, int, const void* raw, void* packed) {
    const Geometry g = geometryOf(d);
    const auto place = [&](int64_t i) { return packedPlace(d, g, i); };
    const int64_t count = d.inputs[1].count();
    if (!g.integer) return scatter(raw, packed, count, dtypeSize(d.inputs[1].dtype), place);
    const IntegerWeights w = integerWeights(d, raw, g.columns, [&](int64_t i) { return columnOf(d, g, i); });
    scatter(w.values.data(), packed, count, 1, place);
    std::memcpy(static_cast<std::byte*>(packed) + factorsAt(d), w.factors.data(), w.factors.size() * sizeof(float));
}

KernelRow row(const char* name, const char* op, const char* layout) {
    return {.name = name, .op = op,
            .supports = [layout = std::string(layout)](const LayerDesc& d, const DeviceProperties& p) { return supportsIn(d, p, layout); },
            .make = make, .pack = pack};
}

SINTER_CUDA_KERNEL(conv_any)(std::vector<KernelRow>{
    row("any_conv2d__cuda_nhwc", "Conv", "nhwc"),
    row("any_conv__cuda", "Conv", ""),
    row("any_convtranspose2d__cuda_nhwc", "ConvTranspose", "nhwc"),
    row("any_convtranspose__cuda", "ConvTranspose", ""),
});

}  // namespace
}  // namespace sinter::cuda
