// Resize, linear and cubic.
#include <algorithm>

#include "cuda/layers/loop.h"
#include "cuda/layers/resize.h"

namespace sinter::cuda {
namespace {

constexpr int64_t kRow = 4;

/// As in interpolate.cu.
struct DeviceResized {
    DeviceResizeAxis axis;
    int64_t xStride = 0;
    int32_t loopAxis = 0;
};

std::vector<size_t> resizedAxes(const ResizeGeometry& g) {
    std::vector<size_t> axes;
    for (size_t a = 0; a < g.axes().size(); ++a) {
        if (!g.untouched(g.axes()[a])) axes.push_back(a);
    }
    return axes;
}

bool isHalf(DType t) { return t == DType::F16 || t == DType::BF16; }

/// The layer whose storage of 16 or 8 bits this is: what the reference judges.
LayerDesc meant(const LayerDesc& d) {
    LayerDesc plain = d;
    for (auto* list : {&plain.inputs, &plain.outputs}) {
        for (TensorInfo& t : *list) {
            if (t.quantized() || isHalf(t.dtype)) t.dtype = DType::F32;
            t.scale.clear();
        }
    }
    return plain;
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (d.stringAttr("mode", "nearest") == "nearest" || d.inputs.empty() || d.outputs.size() != 1 || !storable(d) || !d.program.empty() || !wellFormed(meant(d))) return std::nullopt;
    const auto g = ResizeGeometry::of(d);
    if (!g || d.inputs[0].scale.size() > 1 || d.outputs[0].scale.size() > 1) return std::nullopt;
    if (d.inputs[0].quantized() != d.outputs[0].quantized() && !isFloat(d.inputs[0].dtype) && !isFloat(d.outputs[0].dtype)) return std::nullopt;
    const size_t active = resizedAxes(*g).size();
    if (active < 1 || active > 4) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, g->mode() == "cubic" ? 6 : 2.5);
    return info;
}

template <typename Acc>
struct DeviceTail {
    float xScale = 1, xZero = 0, yInverse = 1, yZero = 0;
    Acc extrapolation = 0;
};

template <typename Acc>
DeviceTail<Acc> tailOf(const LayerDesc& d, double extrapolation) {
    DeviceTail<Acc> t;
    const TensorInfo &in = d.inputs[0], &out = d.outputs[0];
    if (in.quantized()) {
        t.xScale = static_cast<float>(in.scale[0]);
        t.xZero = static_cast<float>(in.zeroPoint);
    }
    if (out.quantized()) {
        t.yInverse = 1.0F / static_cast<float>(out.scale[0]);
        t.yZero = static_cast<float>(out.zeroPoint);
    }
    t.extrapolation = static_cast<Acc>(extrapolation);
    return t;
}

/// Neighbours of the innermost axis that one access may hold: that axis is contiguous in both and not resized.
int vectorOf(const std::vector<int64_t>& dims, const DeviceView& x, const DeviceView& y, const LayerDesc& d) {
    const size_t last = dims.size() - 1;
    const uint64_t xs = dtypeSize(d.inputs[0].dtype), ys = dtypeSize(d.outputs[0].dtype);
    int vector = static_cast<int>(std::min<uint64_t>(8, 16 / std::max(xs, ys)));
    if (x.strides[last] != 1 || y.strides[last] != 1) return 1;
    const auto fits = [&](int v) {
        const auto n = static_cast<uint64_t>(v);
        bool all = dims[last] % v == 0 && reinterpret_cast<uint64_t>(x.data) % (n * xs) == 0 && reinterpret_cast<uint64_t>(y.data) % (n * ys) == 0;
        for (size_t a = 0; a < last; ++a) all = all && (dims[a] == 1 || (x.strides[a] % v == 0 && y.strides[a] % v == 0));
        return all;
    };
    while (vector > 1 && !fits(vector)) vector /= 2;
    return vector;
}

std::vector<LaunchSpec> launches(const LayerDesc& d, const ResizeGeometry& g, bool wide, int compiled, const KernelArgs& args, const DeviceProperties& device) {
    const TensorView &x = args.inputs[0], &y = args.outputs[0];
    if (y.count() == 0) return {};
    const auto order = axesByStride(y);
    std::vector<int64_t> dims = inOrder(order, std::span(y.dims).first(static_cast<size_t>(y.rank)));
    DeviceView from = orderedView(x, order);
    const DeviceView to = orderedView(y, order);
    std::vector<DeviceResized> axes;
    bool vectors = true, rows = false;
    for (const size_t a : resizedAxes(g)) {
        const auto place = static_cast<size_t>(std::find(order.begin(), order.end(), a) - order.begin());
        axes.push_back({resizeAxis(g, a), x.strides[a], static_cast<int32_t>(place)});
        from.strides[place] = 0;
        vectors = vectors && place + 1 < order.size();
        // Taps of one axis may reach any of its elements: their distance must keep the alignment too.
        vectors = vectors && x.strides[a] % compiled == 0;
    }
    // Rows of results along a resized innermost axis: its taps come last.
    std::stable_sort(axes.begin(), axes.end(), [](const DeviceResized& a, const DeviceResized& b) { return a.loopAxis < b.loopAxis; });
    rows = !axes.empty() && static_cast<size_t>(axes.back().loopAxis) + 1 == order.size() && to.strides[order.size() - 1] == 1;
    const bool whole = compiled > 1 && vectors && vectorOf(dims, from, to, d) >= compiled;
    const auto size = static_cast<int32_t>(dims.back());
    bool aligned = size % kRow == 0 && reinterpret_cast<uint64_t>(to.data) % std::min<uint64_t>(16, static_cast<uint64_t>(kRow) * dtypeSize(y.dtype)) == 0;
    for (size_t a = 0; a + 1 < dims.size(); ++a) aligned = aligned && (dims[a] == 1 || to.strides[a] % kRow == 0);
    if (rows) dims.back() = (dims.back() + kRow - 1) / kRow;
    else if (whole) dims.back() /= compiled;
    LaunchSpec spec = launchOver(rows ? "interpolate_row" : whole || compiled == 1 ? "interpolate" : "interpolate_single", countOfDims(dims), device);
    ParameterBlock block;
    block.put(deviceLoop(dims)).put(from).put(to);
    for (const DeviceResized& a : axes) block.put(a);
    if (wide) block.put(tailOf<double>(d, g.extrapolation()));
    else block.put(tailOf<float>(d, g.extrapolation()));
    block.addTo(spec.params);
    if (rows) spec.params.add(size).add(static_cast<int32_t>(aligned));
    return {spec};
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const ResizeGeometry g = *ResizeGeometry::of(d);
    const DType x = d.inputs[0].dtype, y = d.outputs[0].dtype;
    const bool wide = x == DType::F64 || (!d.inputs[0].quantized() && !isFloat(x));
    Source source;
    source.file = "interpolate.cu";
    source.defines = {{"X_T", storageType(x)}, {"Y_T", storageType(y)}, {"ACC", wide ? "double" : "float"}, {"CUBIC_COEFFICIENT", literal(g.cubic(), wide ? "double" : "float")}};
    source.define("COORDINATE", coordinateCode(g.coordinate()));
    source.define("CUBIC", g.mode() == "cubic");
    source.define("ANTIALIAS", g.antialias());
    source.define("EXCLUDE_OUTSIDE", g.excludeOutside());
    source.define("ACTIVE", static_cast<int64_t>(resizedAxes(g).size()));
    source.define("QUANTIZED_X", d.inputs[0].quantized());
    source.define("QUANTIZED_Y", d.outputs[0].quantized());
    source.define("WHOLE", !d.outputs[0].quantized() && !isFloat(y));
    const int vector = static_cast<int>(std::min<size_t>(8, 16 / std::max(dtypeSize(x), dtypeSize(y))));
    source.define("VECTOR", vector);
    source.define("ROW", kRow);
    return {std::move(source), [d, g, wide, vector, device](const KernelArgs& args) { return launches(d, g, wide, vector, args, device); }};
}

SINTER_CUDA_KERNEL(interpolate)({.name = "any_resize__cuda", .op = "Resize", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
