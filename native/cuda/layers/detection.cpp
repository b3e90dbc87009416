// DetectionOutput.
#include <algorithm>

#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

constexpr int64_t kMostSorted = int64_t{1} << 20;

int64_t powerOfTwo(int64_t n) {
    int64_t p = 2;
    while (p < n) p *= 2;
    return p;
}

/// Sizes, and where the parts of the workspace begin (detection.cu names them).
struct Parts {
    int64_t images, classes, boxes, labels, considered, sorted, collected, rows;
    uint64_t boxesAt = 0, keys = 0, places = 0, kept = 0, counts = 0, best = 0, order = 0, chosen = 0, bytes = 0;

    explicit Parts(const LayerDesc& d) {
        images = d.inputs[0].dims[0];
        classes = d.intAttr("num_classes", 1);
        boxes = d.inputs[2].dims[2] / 4;
        labels = d.intAttr("share_location", 1) != 0 ? 1 : classes;
        const int64_t most = d.intAttr("nms_top_k", -1);
        considered = std::max<int64_t>(1, most >= 0 ? std::min(most, boxes) : boxes);
        sorted = powerOfTwo(boxes);
        collected = powerOfTwo(classes * considered);
        rows = d.outputs[0].dims[2] / images;
        const auto take = [&](int64_t n, uint64_t size) {
            const uint64_t at = bytes;
            bytes += (static_cast<uint64_t>(n) * size + 255) / 256 * 256;
            return at;
        };
        boxesAt = take(images * boxes * labels, 16);
        keys = take(images * classes * sorted, 4);
        places = take(images * classes * sorted, 4);
        kept = take(images * classes * considered, 4);
        counts = take(images * classes, 4);
        best = take(images * collected, 4);
        order = take(images * collected, 4);
        chosen = take(images * collected, 1);
    }
};

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || d.intAttr("nms_top_k", -1) == 0) return std::nullopt;
    const Parts p(d);
    if (p.sorted > kMostSorted || p.collected > kMostSorted || p.rows < 1) return std::nullopt;
    TacticInfo info = anyStrides(d);
    for (size_t i = 0; i < 3; ++i) {
        info.inputLayouts[i] = "linear";
        info.inputViews[i] = 0;
    }
    info.workspace = p.bytes;
    info.estimate = moveEstimate(d, device) + 200'000;
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const Parts p(d);
    const std::string code = d.stringAttr("code_type", "CORNER");
    Source source;
    source.file = "detection.cu";
    const std::pair<const char*, int64_t> values[] = {{"CLASSES", p.classes}, {"BOXES", p.boxes}, {"LABELS", p.labels}, {"BACKGROUND", d.intAttr("background_label_id", 0)},
                                                      {"CODE", code == "CORNER" ? 0 : code == "CENTER_SIZE" ? 1 : 2}, {"ENCODED", d.intAttr("variance_encoded_in_target", 0) != 0},
                                                      {"CONSIDERED", p.considered}, {"SORTED", p.sorted}, {"COLLECTED", p.collected}, {"ROWS", p.rows}};
    for (const auto& [name, value] : values) source.define(name, value);
    const float threshold = static_cast<float>(d.floatAttr("nms_threshold", 0.3)), eta = static_cast<float>(d.floatAttr("eta", 1)), confidence = static_cast<float>(d.floatAttr("confidence_threshold", 0));
    return {std::move(source), [p, threshold, eta, confidence, device](const KernelArgs& args) -> std::vector<LaunchSpec> {
                DeviceView y;
                y.data = args.outputs[0].data;
                y.strides[0] = args.outputs[0].strides[2];
                y.strides[1] = args.outputs[0].strides[3];
                ParameterBlock block;
                for (size_t i = 0; i < 3; ++i) block.put(args.inputs[i].data);
                block.put(y);
                for (const uint64_t at : {p.boxesAt, p.keys, p.places, p.kept, p.counts, p.best, p.order, p.chosen}) block.put(static_cast<void*>(static_cast<std::byte*>(args.workspace) + at));
                block.put(static_cast<int32_t>(p.images)).put(threshold).put(eta).put(confidence);
                std::vector<LaunchSpec> list{launchOver("decode", p.images * p.boxes * p.labels, device), launchOver("suppress", 1, device), launchOver("collect", 1, device)};
                list[1].grid = {static_cast<uint32_t>(p.images * p.classes), 1, 1};
                list[2].grid = {static_cast<uint32_t>(p.images), 1, 1};
                list[1].block = list[2].block = {512, 1, 1};
                for (LaunchSpec& spec : list) block.addTo(spec.params);
                return list;
            }};
}

SINTER_CUDA_KERNEL(detection)({.name = "f32_detection_output__cuda", .op = "DetectionOutput", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
