// MaxPool and AveragePool.
#include <algorithm>

#include "cuda/codegen/types.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

using Dims = std::vector<int64_t>;

/// As in pool.cu.
struct DeviceShape {
    const void* x = nullptr;
    int64_t image = 0, channel = 0, axis[3] = {};
    int32_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, pad[3] = {}, padEnd[3] = {};
    int32_t rows = 0, columns = 0, countPad = 0;
    float scale = 1, zero = 0;
};

/// The window, as macros of the kernel: axes that a layer does not have count 1.
struct Window {
    int64_t kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1};
    int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
};

/// As in pool.cu.
struct DeviceTarget {
    void* y = nullptr;
    int64_t image = 0, axis[2] = {};
};

bool isMax(const LayerDesc& d) { return d.op == "MaxPool"; }

Window windowOf(const LayerDesc& d) {
    const Dims kernel = d.intsAttr("kernel_shape"), strides = d.intsAttr("strides"), dilations = d.intsAttr("dilations");
    Window w;
    const size_t missing = 3 - kernel.size();
    for (size_t i = 0; i < kernel.size(); ++i) {
        w.kernel[missing + i] = kernel[i];
        w.stride[missing + i] = strides[i];
        if (!dilations.empty()) w.dilation[missing + i] = dilations[i];
    }
    return w;
}

/// Whether results are some of the input's elements, bit for bit, and windows are those of pool_window.
bool isPlain(const LayerDesc& d) {
    const TensorInfo &x = d.inputs[0], &y = d.outputs[0];
    if (!isMax(d) || !d.program.empty() || x.dims.size() != 4 || x.dtype != y.dtype || x.scale != y.scale || x.zeroPoint != y.zeroPoint || dtypeSize(x.dtype) > 4) return false;
    const Window w = windowOf(d);
    const Dims pads = d.intsAttr("pads");
    for (size_t i = 0; i < 2; ++i) {
        const int64_t last = (y.dims[2 + i] - 1) * w.stride[1 + i] - pads[i];  // where the last window starts
        if (w.dilation[1 + i] != 1 || w.kernel[1 + i] > 5 || pads[i] >= w.kernel[1 + i] || last >= x.dims[2 + i]) return false;
    }
    return true;
}

std::optional<Epilogue> epilogueOf(const LayerDesc& d) { return Epilogue::of(d, {d.outputs[0].dims, 1}, {.constantShape = false}); }

std::optional<TacticInfo> supportsIn(const LayerDesc& d, const DeviceProperties& device, const std::string& layout) {
    if (!storable(d) || !wellFormed(d) || d.outputs.size() != 1 || d.inputs[0].dims.size() > 5 || d.inputs[0].scale.size() > 1) return std::nullopt;
    if (layout == "nhwc" && d.inputs[0].dims.size() != 4) return std::nullopt;
    if (!epilogueOf(d)) return std::nullopt;
    TacticInfo info;
    Epilogue::describe(d, info, layout);
    info.inputLayouts[0] = layout;
    info.estimate = moveEstimate(d, device, layout == "nhwc" ? 1.2 : 3);
    return info;
}

LaunchSpec launchOf(const LayerDesc& d, const Epilogue& epilogue, const KernelArgs& args, const DeviceProperties& device) {
    const TensorView& x = args.inputs[0];
    const Dims pads = d.intsAttr("pads");
    DeviceShape s;
    s.x = x.data;
    s.image = x.strides[0];
    s.channel = x.strides[1];
    s.columns = static_cast<int32_t>(x.dims[1]);
    s.rows = static_cast<int32_t>(x.dims[0]);
    const size_t spatial = pads.size() / 2, missing = 3 - spatial;
    const int vector = 16 / static_cast<int>(dtypeSize(d.outputs[0].dtype));
    uint64_t granularity = static_cast<uint64_t>(x.strides[0]) | static_cast<uint64_t>(x.dims[1]);
    for (size_t i = 0; i < spatial; ++i) {
        const size_t a = missing + i;
        s.axis[a] = x.strides[2 + i];
        granularity |= static_cast<uint64_t>(x.strides[2 + i]);
        s.in[a] = static_cast<int32_t>(x.dims[2 + i]);
        s.out[a] = static_cast<int32_t>(d.outputs[0].dims[2 + i]);
        s.pad[a] = static_cast<int32_t>(pads[i]);
        s.padEnd[a] = static_cast<int32_t>(pads[spatial + i]);
        s.rows *= s.out[a];
    }
    s.countPad = d.intAttr("count_include_pad", 0) != 0;
    if (d.inputs[0].quantized()) {
        s.scale = static_cast<float>(d.inputs[0].scale[0]);
        s.zero = static_cast<float>(d.inputs[0].zeroPoint);
    }
    const int v = std::min(vector, 8);
    const bool aligned = reinterpret_cast<uint64_t>(x.data) % std::min<uint64_t>(16, static_cast<uint64_t>(v) * dtypeSize(x.dtype)) == 0;
    const bool vectors = x.strides[1] == 1 && granularity % static_cast<uint64_t>(v) == 0 && aligned && v > 1;
    // Where there is work enough a thread takes two vectors, for one set of addresses.
    const bool two = vectors && granularity % static_cast<uint64_t>(2 * v) == 0 && reinterpret_cast<uint64_t>(x.data) % 16 == 0 &&
                     static_cast<int64_t>(s.rows) * s.columns / (2 * v) >= device.multiprocessors * 64LL;
    LaunchSpec spec;
    spec.dependent = true;
    const TensorView& y = args.outputs[0];
    const int64_t images = x.dims[0] * s.out[1];
    if (isPlain(d) && images <= 65535 && alignedVectors(x, 1, vector) && alignedVectors(y, 1, vector)) {
        const int64_t threads = s.out[2] * (s.columns / vector), blocks = (threads + 255) / 256;
        spec.entry = "pool_window";
        spec.block = {static_cast<uint32_t>(((threads + blocks - 1) / blocks + 31) / 32 * 32), 1, 1};
        spec.grid = {static_cast<uint32_t>(blocks), static_cast<uint32_t>(images), 1};
        spec.params.add(s).add(DeviceTarget{y.data, y.strides[0], {y.strides[2], y.strides[3]}});
        return spec;
    }
    spec.entry = two ? "pool_vectors" : vectors ? "pool_vector" : "pool_scalar";
    spec.block = {128, 1, 1};
    spec.grid = gridFor(static_cast<int64_t>(s.rows) * s.columns, 128, device, two ? 2 * v : vectors ? v : 1);
    if (x.strides[1] == 1 && windowOf(d).taps() >= 16 && static_cast<int64_t>(s.rows) * s.columns < 32LL * 2048) {
        const int width = vectors ? v * 8 : 32;  // channels of a block
        spec.entry = vectors ? "pool_wide_vector" : "pool_wide";
        spec.block = {256, 1, 1};
        spec.grid = {static_cast<uint32_t>(s.rows * ((s.columns + width - 1) / width)), 1, 1};
    }
    spec.params.add(s);
    epilogue.addParams(spec.params, args);
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const Epilogue epilogue = *epilogueOf(d);
    Source source;
    source.file = "pool.cu";
    const bool quantized = d.inputs[0].quantized();
    source.defines = {{"X_T", storageType(d.inputs[0].dtype)}, {"SUM_T", quantized ? "int" : "acc_t"}};
    source.define("IS_MAX", isMax(d));
    source.define("QUANTIZED", quantized);
    const DType x = d.inputs[0].dtype;
    source.define("BYTES", isMax(d) && quantized && x == DType::I8);
    source.define("PAIRS", isMax(d) && !quantized && (x == DType::F16 || x == DType::BF16));
    source.define("PLAIN", isPlain(d));
    const Window window = windowOf(d);
    for (size_t a = 0; a < 3; ++a) {
        const std::string axis = std::to_string(a);
        source.define("KERNEL_" + axis, window.kernel[a]);
        source.define("STRIDE_" + axis, window.stride[a]);
        source.define("DILATION_" + axis, window.dilation[a]);
    }
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    return {std::move(source), [d, epilogue, device](const KernelArgs& args) { return std::vector{launchOf(d, epilogue, args, device)}; }};
}

KernelRow row(const char* name, const char* op, const char* layout) {
    return {.name = name, .op = op,
            .supports = [layout = std::string(layout)](const LayerDesc& d, const DeviceProperties& p) { return supportsIn(d, p, layout); },
            .make = make, .pack = {}};
}

SINTER_CUDA_KERNEL(pool)(std::vector<KernelRow>{
    row("any_maxpool2d__cuda_nhwc", "MaxPool", "nhwc"),
    row("any_maxpool__cuda", "MaxPool", ""),
    row("any_averagepool2d__cuda_nhwc", "AveragePool", "nhwc"),
    row("any_averagepool__cuda", "AveragePool", ""),
});

}  // namespace
}  // namespace sinter::cuda
