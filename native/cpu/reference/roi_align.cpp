// RoiAlign: regions of a feature map, each averaged (or maximized) into a grid of bins by bilinear samples.
#include <cmath>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

/// Inputs: x[N,C,H,W], regions[R,4] (x1, y1, x2, y2), the image of each region [R].
class RoiAlign final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || !hasInput(d, 2) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &r = d.inputs[1], &y = d.outputs[0];
        if (x.dims.size() != 4 || r.dims.size() != 2 || r.dims[1] != 4 || d.inputs[2].dims.size() != 1 || d.inputs[2].dims[0] != r.dims[0] || y.dims.size() != 4) return std::nullopt;
        if (!isFloatType(x.dtype) || !isFloatType(r.dtype) || isFloatType(d.inputs[2].dtype) || y.dims[0] != r.dims[0] || y.dims[1] != x.dims[1]) return std::nullopt;
        const std::string mode = d.stringAttr("mode", "avg");
        if (mode != "avg" && mode != "max") return std::nullopt;
        return static_cast<double>(y.count()) * 20 * kOperationNs;
    }
    explicit RoiAlign(const LayerDesc& d)
        : max_(d.stringAttr("mode", "avg") == "max"), half_(d.stringAttr("coordinate_transformation_mode", "half_pixel") == "half_pixel"),
          ratio_(d.intAttr("sampling_ratio", 0)), scale_(d.floatAttr("spatial_scale", 1)) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const auto image = loadAll<double>(x), regions = loadAll<double>(args.inputs[1]);
        const auto which = loadAll<int64_t>(args.inputs[2]);
        const int64_t channels = x.dims[1], height = x.dims[2], width = x.dims[3], bh = y.dims[2], bw = y.dims[3];
        std::vector<double> result(static_cast<size_t>(y.count()));
        for (int64_t r = 0; r < y.dims[0]; ++r) {
            const int64_t n = which[static_cast<size_t>(r)];
            if (n < 0 || n >= x.dims[0]) throw std::runtime_error("region " + std::to_string(r) + " lies in image " + std::to_string(n) + " of " + std::to_string(x.dims[0]));
            const double* box = regions.data() + 4 * r;
            const double shift = half_ ? 0.5 : 0;
            const double x1 = box[0] * scale_ - shift, y1 = box[1] * scale_ - shift;
            double w = box[2] * scale_ - shift - x1, h = box[3] * scale_ - shift - y1;
            if (!half_) {
                w = std::max(w, 1.0);
                h = std::max(h, 1.0);
            }
            const double stepY = h / static_cast<double>(bh), stepX = w / static_cast<double>(bw);
            const int64_t ny = ratio_ > 0 ? ratio_ : static_cast<int64_t>(std::ceil(stepY)), nx = ratio_ > 0 ? ratio_ : static_cast<int64_t>(std::ceil(stepX));
            parallel(args.pool, channels, 1, [&](int64_t begin, int64_t end, int) {
                for (int64_t c = begin; c < end; ++c) {
                    const double* plane = image.data() + (n * channels + c) * height * width;
                    for (int64_t i = 0; i < bh; ++i) {
                        for (int64_t j = 0; j < bw; ++j) {
                            double sum = 0, best = -INFINITY;
                            for (int64_t sy = 0; sy < ny; ++sy) {
                                for (int64_t sx = 0; sx < nx; ++sx) {
                                    const double py = y1 + static_cast<double>(i) * stepY + (static_cast<double>(sy) + 0.5) * stepY / static_cast<double>(ny);
                                    const double px = x1 + static_cast<double>(j) * stepX + (static_cast<double>(sx) + 0.5) * stepX / static_cast<double>(nx);
                                    accumulate(plane, height, width, py, px, sum, best);
                                }
                            }
                            const int64_t count = std::max<int64_t>(ny * nx, 1);
                            result[static_cast<size_t>(((r * channels + c) * bh + i) * bw + j)] = max_ ? (std::isinf(best) ? 0 : best) : sum / static_cast<double>(count);
                        }
                    }
                }
            });
        }
        storeAll(y, result);
    }

private:
    /// One bilinear sample; the maximum is over the weighted corners, as the standard's reference has it.
    static void accumulate(const double* plane, int64_t height, int64_t width, double y, double x, double& sum, double& best) {
        if (y < -1 || y > static_cast<double>(height) || x < -1 || x > static_cast<double>(width)) {
            best = std::max(best, 0.0);
            return;
        }
        y = std::max(y, 0.0);
        x = std::max(x, 0.0);
        auto y0 = static_cast<int64_t>(y), x0 = static_cast<int64_t>(x);
        int64_t y1 = y0 + 1, x1 = x0 + 1;
        if (y0 >= height - 1) {
            y0 = y1 = height - 1;
            y = static_cast<double>(y0);
        }
        if (x0 >= width - 1) {
            x0 = x1 = width - 1;
            x = static_cast<double>(x0);
        }
        const double ly = y - static_cast<double>(y0), lx = x - static_cast<double>(x0);
        const double v[4] = {(1 - ly) * (1 - lx) * plane[y0 * width + x0], (1 - ly) * lx * plane[y0 * width + x1], ly * (1 - lx) * plane[y1 * width + x0],
                             ly * lx * plane[y1 * width + x1]};
        sum += v[0] + v[1] + v[2] + v[3];
        best = std::max(best, std::max(std::max(v[0], v[1]), std::max(v[2], v[3])));
    }

    bool max_, half_;
    int64_t ratio_;
    double scale_;
};

SINTER_KERNEL(any_roialign){row<RoiAlign>("any_roialign__scalar", "RoiAlign")};

}  // namespace
}  // namespace sinter::ref
