// DetectionOutput: the last layer of SSD detectors (Liu et al. 2016), as the Caffe branch that defined it computes it.
#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

struct Box {
    float x0, y0, x1, y1;
    float area() const { return x1 < x0 || y1 < y0 ? 0.0f : (x1 - x0) * (y1 - y0); }
};

float overlap(const Box& a, const Box& b) {
    if (b.x0 > a.x1 || b.x1 < a.x0 || b.y0 > a.y1 || b.y1 < a.y0) return 0;
    const float shared = (std::min(a.x1, b.x1) - std::max(a.x0, b.x0)) * (std::min(a.y1, b.y1) - std::max(a.y0, b.y0));
    return shared / (a.area() + b.area() - shared);
}

struct Detection {
    float score;
    int64_t label;
    int64_t box;
};

enum class Code { Corner, CenterSize, CornerSize };

/// Inputs: offsets [N, P·L·4], scores [N, P·C], priors [1, 2, P·4]. Output: [1, 1, N·rows, 7], unused rows −1.
class DetectionOutput final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || !hasInput(d, 2) || d.inputs.size() != 3 || d.outputs.size() != 1) return std::nullopt;
        for (const auto* v : {&d.inputs[0], &d.inputs[1], &d.inputs[2], &d.outputs[0]})
            if (v->dtype != DType::F32 || v->dims.empty()) return std::nullopt;
        const auto &prior = d.inputs[2].dims, &y = d.outputs[0].dims;
        const int64_t classes = d.intAttr("num_classes", 0), n = d.inputs[0].dims[0];
        if (classes < 1 || n < 1 || prior.size() != 3 || prior[0] != 1 || prior[1] != 2 || prior[2] % 4 != 0 || prior[2] == 0) return std::nullopt;
        const int64_t boxes = prior[2] / 4, labels = d.intAttr("share_location", 1) != 0 ? 1 : classes;
        if (d.inputs[0].count() != n * boxes * labels * 4 || d.inputs[1].count() != n * boxes * classes || d.inputs[1].dims[0] != n) return std::nullopt;
        if (y.size() != 4 || y[0] != 1 || y[1] != 1 || y[3] != 7 || y[2] % n != 0 || !codeOf(d)) return std::nullopt;
        return static_cast<double>(n * boxes * classes) * 4 * kOperationNs;
    }

    explicit DetectionOutput(const LayerDesc& d)
        : classes_(d.intAttr("num_classes", 0)),
          background_(d.intAttr("background_label_id", 0)),
          topK_(d.intAttr("nms_top_k", -1)),
          labels_(d.intAttr("share_location", 1) != 0 ? 1 : classes_),
          encoded_(d.intAttr("variance_encoded_in_target", 0) != 0),
          code_(*codeOf(d)),
          nms_(static_cast<float>(d.floatAttr("nms_threshold", 0.3))),
          eta_(static_cast<float>(d.floatAttr("eta", 1))),
          confidence_(static_cast<float>(d.floatAttr("confidence_threshold", 0))) {}

    void run(const KernelArgs& args) override {
        const TensorView& y = args.outputs[0];
        const std::vector<float> loc = dense(args.inputs[0]), conf = dense(args.inputs[1]), prior = dense(args.inputs[2]);
        const int64_t n = args.inputs[0].dims[0], boxes = args.inputs[2].dims[2] / 4, rows = y.dims[2] / n;
        for (int64_t image = 0; image < n; ++image) {
            const std::vector<Box> decoded = decode(loc.data() + image * boxes * labels_ * 4, prior.data(), boxes);
            std::vector<Detection> kept;
            for (int64_t label = 0; label < classes_; ++label)
                if (label != background_) suppress(decoded, conf.data() + image * boxes * classes_, label, boxes, kept);
            if (static_cast<int64_t>(kept.size()) > rows) {
                std::stable_sort(kept.begin(), kept.end(), [](const Detection& a, const Detection& b) { return a.score > b.score; });
                kept.resize(static_cast<size_t>(rows));
                std::stable_sort(kept.begin(), kept.end(), [](const Detection& a, const Detection& b) { return a.label < b.label; });
            }
            for (int64_t r = 0; r < rows; ++r) {
                double row[7] = {-1, -1, -1, -1, -1, -1, -1};
                if (r < static_cast<int64_t>(kept.size())) {
                    const Detection& found = kept[static_cast<size_t>(r)];
                    const Box& b = decoded[static_cast<size_t>(found.box * labels_ + (labels_ == 1 ? 0 : found.label))];
                    const double values[7] = {static_cast<double>(image), static_cast<double>(found.label), found.score, b.x0, b.y0, b.x1, b.y1};
                    std::copy_n(values, 7, row);
                }
                store(y.dtype, y.data, (image * rows + r) * y.strides[2], y.strides[3], 7, row);
            }
        }
    }

private:
    static std::optional<Code> codeOf(const LayerDesc& d) {
        const std::string code = d.stringAttr("code_type", "CORNER");
        if (code == "CORNER") return Code::Corner;
        if (code == "CENTER_SIZE") return Code::CenterSize;
        if (code == "CORNER_SIZE") return Code::CornerSize;
        return std::nullopt;
    }

    static std::vector<float> dense(const TensorView& x) {
        std::vector<float> out(static_cast<size_t>(x.count()));
        Odometer at(dimsOf(x));
        for (float& v : out) {
            v = static_cast<float>(loadFloat(x, offsetOf(at.at(), x.strides)));
            at.next();
        }
        return out;
    }

    /// Boxes in the order [P, L] of the offsets.
    std::vector<Box> decode(const float* loc, const float* prior, int64_t boxes) const {
        std::vector<Box> out(static_cast<size_t>(boxes * labels_));
        for (int64_t p = 0; p < boxes; ++p) {
            const Box prior_box{prior[p * 4], prior[p * 4 + 1], prior[p * 4 + 2], prior[p * 4 + 3]};
            const float one[4] = {1, 1, 1, 1};
            const float* v = encoded_ ? one : prior + (boxes + p) * 4;
            const float w = prior_box.x1 - prior_box.x0, h = prior_box.y1 - prior_box.y0;
            for (int64_t l = 0; l < labels_; ++l) {
                const float* t = loc + (p * labels_ + l) * 4;
                const float d[4] = {v[0] * t[0], v[1] * t[1], v[2] * t[2], v[3] * t[3]};
                Box& b = out[static_cast<size_t>(p * labels_ + l)];
                if (code_ == Code::Corner) b = {prior_box.x0 + d[0], prior_box.y0 + d[1], prior_box.x1 + d[2], prior_box.y1 + d[3]};
                else if (code_ == Code::CornerSize) b = {prior_box.x0 + d[0] * w, prior_box.y0 + d[1] * h, prior_box.x1 + d[2] * w, prior_box.y1 + d[3] * h};
                else {
                    const float cx = d[0] * w + (prior_box.x0 + prior_box.x1) / 2, cy = d[1] * h + (prior_box.y0 + prior_box.y1) / 2;
                    const float bw = std::exp(d[2]) * w, bh = std::exp(d[3]) * h;
                    b = {cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2};
                }
            }
        }
        return out;
    }

    /// Greedy suppression within one class, best score first; the threshold shrinks by eta while it is above one half.
    void suppress(const std::vector<Box>& boxes, const float* conf, int64_t label, int64_t count, std::vector<Detection>& kept) const {
        std::vector<Detection> candidates;
        for (int64_t p = 0; p < count; ++p) {
            const float score = conf[p * classes_ + label];
            if (score > confidence_) candidates.push_back({score, label, p});
        }
        std::stable_sort(candidates.begin(), candidates.end(), [](const Detection& a, const Detection& b) { return a.score > b.score; });
        if (topK_ >= 0 && static_cast<int64_t>(candidates.size()) > topK_) candidates.resize(static_cast<size_t>(topK_));
        const auto boxOf = [&](const Detection& d) -> const Box& { return boxes[static_cast<size_t>(d.box * labels_ + (labels_ == 1 ? 0 : label))]; };
        const size_t first = kept.size();
        float threshold = nms_;
        for (const Detection& c : candidates) {
            const bool apart = std::all_of(kept.begin() + static_cast<std::ptrdiff_t>(first), kept.end(), [&](const Detection& k) { return overlap(boxOf(c), boxOf(k)) <= threshold; });
            if (!apart) continue;
            kept.push_back(c);
            if (eta_ < 1 && threshold > 0.5f) threshold *= eta_;
        }
    }

    int64_t classes_, background_, topK_, labels_;
    bool encoded_;
    Code code_;
    float nms_, eta_, confidence_;
};

SINTER_KERNEL(any_detection_output){row<DetectionOutput>("any_detection_output__scalar", "DetectionOutput")};

}  // namespace
}  // namespace sinter::ref
