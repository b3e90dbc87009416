// NonMaxSuppression: boxes that overlap a better one are dropped, greedily by score.
#include <array>
#include <numeric>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"
#include "cpu/resolve/contents.h"

namespace sinter::ref {
namespace {

struct Box {
    double y1, x1, y2, x2;
    double area() const { return (y2 - y1) * (x2 - x1); }
};

Box boxAt(const std::vector<double>& boxes, int64_t i, bool centred) {
    const double* b = boxes.data() + 4 * i;
    if (centred) return {b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
    return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
}

double overlap(const Box& a, const Box& b) {
    const double h = std::min(a.y2, b.y2) - std::max(a.y1, b.y1), w = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
    if (h <= 0 || w <= 0) return 0;
    const double both = h * w, all = a.area() + b.area() - both;
    return all > 0 ? both / all : 0;
}

/// Inputs: boxes[B,N,4], scores[B,C,N], most per class?, overlap threshold?, score threshold?. Rows of [batch, class, box].
std::vector<std::array<int64_t, 3>> selected(std::span<const TensorView> in, bool centred) {
    const TensorView &boxes = in[0], &scores = in[1];
    const auto has = [&](size_t i) { return i < in.size() && in[i].present() && in[i].count() > 0; };
    const int64_t most = has(2) ? scalarInt(in[2]) : 0;
    const double limit = has(3) ? scalarFloat(in[3]) : 0;
    const bool thresholded = has(4);
    const double least = thresholded ? scalarFloat(in[4]) : 0;
    const auto corners = loadAll<double>(boxes), score = loadAll<double>(scores);
    const int64_t batch = scores.dims[0], classes = scores.dims[1], n = scores.dims[2];
    std::vector<std::array<int64_t, 3>> kept;
    for (int64_t b = 0; b < batch; ++b) {
        for (int64_t c = 0; c < classes; ++c) {
            const double* s = score.data() + (b * classes + c) * n;
            std::vector<int64_t> order;
            for (int64_t i = 0; i < n; ++i) {
                if (!thresholded || s[i] > least) order.push_back(i);
            }
            std::stable_sort(order.begin(), order.end(), [&](int64_t x, int64_t y) { return s[x] > s[y]; });
            std::vector<Box> winners;
            for (const int64_t i : order) {
                if (static_cast<int64_t>(winners.size()) >= most) break;
                const Box box = boxAt(corners, b * n + i, centred);
                if (std::any_of(winners.begin(), winners.end(), [&](const Box& w) { return overlap(box, w) > limit; })) continue;
                winners.push_back(box);
                kept.push_back({b, c, i});
            }
        }
    }
    return kept;
}

bool takes(std::span<const TensorInfo> in) {
    return in.size() >= 2 && in[0].dims.size() == 3 && in[1].dims.size() == 3 && isFloatType(in[0].dtype) && isFloatType(in[1].dtype) && in[0].dims[2] == 4 &&
           in[0].dims[0] == in[1].dims[0] && in[0].dims[1] == in[1].dims[2];
}

class NonMaxSuppression final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!takes(d.inputs) || d.outputs.size() != 1 || d.outputs[0].dtype != DType::I64 || d.outputs[0].dims.size() != 2 || d.outputs[0].dims[1] != 3) return std::nullopt;
        return static_cast<double>(d.inputs[1].count()) * 20 * kOperationNs;
    }
    explicit NonMaxSuppression(const LayerDesc& d) : centred_(d.intAttr("center_point_box", 0) != 0) {}

    void run(const KernelArgs& args) override {
        const TensorView& y = args.outputs[0];
        const auto kept = selected(args.inputs, centred_);
        if (static_cast<int64_t>(kept.size()) != y.dims[0]) throw std::runtime_error("it keeps another number of boxes than its output has rows");
        std::vector<int64_t> rows;
        for (const auto& k : kept) rows.insert(rows.end(), k.begin(), k.end());
        storeAll(y, rows);
    }

private:
    bool centred_;
};

ResolvedLayer resolveBoxes(LayerDesc d, resolve::Inputs in) {
    if (!takes(d.inputs)) throw std::runtime_error("its boxes and scores do not fit each other");
    d.outputs[0].dims = {static_cast<int64_t>(selected(in, d.intAttr("center_point_box", 0) != 0).size()), 3};
    const size_t count = d.opInputs;
    return resolve::keeping(std::move(d), count);
}

SINTER_KERNEL(any_nms){row<NonMaxSuppression>("any_nonmaxsuppression__scalar", "NonMaxSuppression")};
SINTER_RESOLVER(nms){"NonMaxSuppression", resolveBoxes};

}  // namespace
}  // namespace sinter::ref
