// Pad, and Resize to the nearest element.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/number_formats.h"
#include "core/resize_geometry.h"
#include "cuda/layers/loop.h"
#include "cuda/layers/resize.h"

namespace sinter::cuda {
namespace {

/// Whether the axes only repeat their elements, a whole number of times each: the common case needs no divisions by scales.
bool repeats(const ResizeGeometry& g) {
    if (g.coordinate() != ResizeGeometry::Coordinate::Asymmetric || g.rounding() != ResizeGeometry::Rounding::Floor) return false;
    return std::all_of(g.axes().begin(), g.axes().end(), [&](const ResizeGeometry::Axis& a) {
        return g.untouched(a) || (a.scale >= 1 && a.scale == std::floor(a.scale) && static_cast<int64_t>(a.scale) * a.in == a.out);
    });
}

/// As in mapped.cu.
struct PadMap {
    int32_t begin = 0, in = 1;
};
template <typename Map>
struct DeviceMapped {
    DeviceLoop loop;
    DeviceView x, y;
    Map maps[8] = {};
    uint64_t fill = 0;
    int32_t inner = 1, straight = 0, whole = 0;
};

int vectorOf(const LayerDesc& d) { return std::min<int>(8, 16 / static_cast<int>(dtypeSize(d.outputs[0].dtype))); }

/// The value of elements that have no source, in its type's bits.
uint64_t fillBits(DType t, double value) {
    uint64_t bits = 0;
    if (!isFloat(t)) value = std::trunc(value);
    storeElement(t, reinterpret_cast<std::byte*>(&bits), 0, value);
    return bits;
}

/// `mapOf(axis)`: how the axis is mapped; `same(axis)`: whether it is not.
template <typename Map, typename MapOf, typename Same>
std::vector<LaunchSpec> launches(const LayerDesc& d, const KernelArgs& args, const DeviceProperties& device, uint64_t fill, MapOf mapOf, Same same) {
    const TensorView &x = args.inputs[0], &y = args.outputs[0];
    if (y.count() == 0) return {};
    const int vector = vectorOf(d);
    const auto order = axesByStride(y);
    std::vector<int64_t> dims = inOrder(order, std::span(y.dims).first(static_cast<size_t>(y.rank)));
    DeviceMapped<Map> m;
    m.fill = fill;
    m.x = orderedView(x, order);
    m.y = orderedView(y, order);
    if (dims.empty()) dims.push_back(1);
    const size_t last = dims.size() - 1;
    for (size_t a = 0; a < order.size(); ++a) m.maps[a] = mapOf(order[a]);
    if (order.empty()) m.maps[0] = mapOf(size_t{8});
    m.inner = static_cast<int32_t>(dims[last]);
    // Pieces of the innermost axis are whole where everything else keeps them aligned.
    const auto aligned = [&](const DeviceView& v) {
        const uint64_t piece = static_cast<uint64_t>(vector) * dtypeSize(d.outputs[0].dtype);
        bool all = v.strides[last] == 1 && dims[last] % vector == 0 && reinterpret_cast<uint64_t>(v.data) % std::min<uint64_t>(16, piece) == 0;
        for (size_t a = 0; a < last; ++a) all = all && (v.strides[a] % vector == 0 || dims[a] == 1);
        return all;
    };
    m.whole = aligned(m.y);
    m.straight = !order.empty() && same(order[last]) && aligned(m.x);
    dims[last] = (dims[last] + vector - 1) / vector;
    m.loop = deviceLoop(dims);
    LaunchSpec spec = launchOver("mapped", m.loop.total, device);
    spec.params.add(m);
    return {spec};
}

Source sourceOf(const LayerDesc& d, bool resize) {
    Source source;
    source.file = "mapped.cu";
    source.defines = {{"ELEMENT_T", plainType(d.outputs[0].dtype)}};
    source.define("VECTOR", vectorOf(d));
    source.define("RESIZE", resize);
    return source;
}

bool sameStorage(const LayerDesc& d) {
    const TensorInfo &x = d.inputs[0], &y = d.outputs[0];
    return x.dtype == y.dtype && x.scale == y.scale && x.zeroPoint == y.zeroPoint;
}

std::optional<TacticInfo> padSupports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || !sameStorage(d) || d.inputs[0].quantized()) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 1.3);
    return info;
}

Specialization padMake(const LayerDesc& d, const DeviceProperties& device) {
    const std::string mode = d.stringAttr("mode", "constant");
    Source source = sourceOf(d, false);
    source.define("MODE", mode == "reflect" ? 1 : mode == "edge" ? 2 : mode == "wrap" ? 3 : 0);
    return {std::move(source), [d, device, fill = fillBits(d.outputs[0].dtype, d.floatAttr("value", 0))](const KernelArgs& args) {
                const auto pads = d.intsAttr("pads");
                const auto mapOf = [&](size_t a) {
                    return a < pads.size() / 2 ? PadMap{static_cast<int32_t>(pads[a]), static_cast<int32_t>(args.inputs[0].dims[a])} : PadMap{};
                };
                const auto same = [&](size_t a) { return pads[a] == 0 && args.inputs[0].dims[a] == args.outputs[0].dims[a]; };
                return launches<PadMap>(d, args, device, fill, mapOf, same);
            }};
}

std::optional<TacticInfo> resizeSupports(const LayerDesc& d, const DeviceProperties& device) {
    if (d.stringAttr("mode", "nearest") != "nearest" || !plainLayer(d) || !sameStorage(d)) return std::nullopt;
    if (d.inputs[0].quantized() && d.stringAttr("coordinate_mode", "") == "tf_crop_and_resize") return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device, 1.3);
    return info;
}

Specialization resizeMake(const LayerDesc& d, const DeviceProperties& device) {
    const ResizeGeometry g = *ResizeGeometry::of(d);
    Source source = sourceOf(d, true);
    source.define("COORDINATE", coordinateCode(g.coordinate()));
    using Rounding = ResizeGeometry::Rounding;
    source.define("ROUNDING", g.rounding() == Rounding::Floor ? 0 : g.rounding() == Rounding::Ceil ? 1 : g.rounding() == Rounding::PreferFloor ? 2 : 3);
    source.define("REPEATS", repeats(g));
    return {std::move(source), [d, g, device, fill = fillBits(d.outputs[0].dtype, g.extrapolation())](const KernelArgs& args) {
                if (repeats(g)) {
                    const auto times = [&](size_t a) { return deviceDivider(a < g.axes().size() ? static_cast<int64_t>(g.axes()[a].scale) : 1); };
                    return launches<DeviceDivider>(d, args, device, fill, times, [&](size_t a) { return g.untouched(g.axes()[a]); });
                }
                const auto mapOf = [&](size_t a) {
                    DeviceResizeAxis none;
                    none.untouched = 1;
                    return a < g.axes().size() ? resizeAxis(g, a) : none;
                };
                return launches<DeviceResizeAxis>(d, args, device, fill, mapOf, [&](size_t a) { return g.untouched(g.axes()[a]); });
            }};
}

SINTER_CUDA_KERNEL(mapped)(std::vector<KernelRow>{
    plainRow("any_pad__cuda", "Pad", padSupports, padMake),
    plainRow("any_resize_nearest__cuda", "Resize", resizeSupports, resizeMake),
});

}  // namespace
}  // namespace sinter::cuda
