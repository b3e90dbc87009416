// DeformConv: a convolution whose taps are moved by offsets that the network computes.
#include <cmath>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

/// Inputs: x[N,C,H,W], w[M,C/g,kH,kW], offsets[N, og·kH·kW·2, oH, oW] (y then x), bias[M]?, mask[N, og·kH·kW, oH, oW]?.
class DeformConv final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || !hasInput(d, 2) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &w = d.inputs[1], &o = d.inputs[2], &y = d.outputs[0];
        const int64_t group = d.intAttr("group", 1), groups = d.intAttr("offset_group", 1);
        if (x.dims.size() != 4 || w.dims.size() != 4 || o.dims.size() != 4 || y.dims.size() != 4 || !isFloatType(x.dtype) || group < 1 || groups < 1) return std::nullopt;
        for (const TensorInfo& t : d.inputs)
            if (t.present() && t.dtype != x.dtype) return std::nullopt;
        const int64_t taps = w.dims[2] * w.dims[3];
        if (x.dims[1] != w.dims[1] * group || w.dims[0] % group != 0 || x.dims[1] % groups != 0 || y.dims[1] != w.dims[0] || y.dtype != x.dtype) return std::nullopt;
        if (o.dims != std::vector<int64_t>{x.dims[0], groups * taps * 2, y.dims[2], y.dims[3]} || y.dims[0] != x.dims[0]) return std::nullopt;
        if (hasInput(d, 3) && d.inputs[3].count() != w.dims[0]) return std::nullopt;
        if (hasInput(d, 4) && d.inputs[4].dims != std::vector<int64_t>{x.dims[0], groups * taps, y.dims[2], y.dims[3]}) return std::nullopt;
        return static_cast<double>(y.count() * w.dims[1] * taps) * 3 * kMultiplyAddNs;
    }
    explicit DeformConv(const LayerDesc& d)
        : group_(d.intAttr("group", 1)), groups_(d.intAttr("offset_group", 1)), strides_(intsOr(d, "strides", 2, 1)), dilations_(intsOr(d, "dilations", 2, 1)),
          pads_(intsOr(d, "pads", 4, 0)), own_{d.opInputs} {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &w = args.inputs[1], &y = args.outputs[0];
        const auto image = loadAll<double>(x), weights = loadAll<double>(w), offsets = loadAll<double>(args.inputs[2]);
        const auto bias = own_(args, 3) ? loadAll<double>(args.inputs[3]) : std::vector<double>(static_cast<size_t>(w.dims[0]), 0.0);
        const auto mask = own_(args, 4) ? loadAll<double>(args.inputs[4]) : std::vector<double>{};
        const int64_t C = x.dims[1], H = x.dims[2], W = x.dims[3], M = w.dims[0], kH = w.dims[2], kW = w.dims[3], oH = y.dims[2], oW = y.dims[3];
        const int64_t taps = kH * kW, perGroup = C / group_, perOffset = C / groups_, area = oH * oW;
        std::vector<double> result(static_cast<size_t>(y.count()));
        parallel(args.pool, x.dims[0] * area, 4, [&](int64_t begin, int64_t end, int) {
            std::vector<double> column(static_cast<size_t>(C * taps));
            for (int64_t p = begin; p < end; ++p) {
                const int64_t n = p / area, at = p % area, oy = at / oW, ox = at % oW;
                for (int64_t c = 0; c < C; ++c) {
                    for (int64_t t = 0; t < taps; ++t) {
                        const int64_t k = (n * groups_ + c / perOffset) * taps + t;
                        const double dy = offsets[static_cast<size_t>(2 * k * area + at)], dx = offsets[static_cast<size_t>((2 * k + 1) * area + at)];
                        const double py = static_cast<double>(oy * strides_[0] - pads_[0] + (t / kW) * dilations_[0]) + dy;
                        const double px = static_cast<double>(ox * strides_[1] - pads_[1] + (t % kW) * dilations_[1]) + dx;
                        const double m = mask.empty() ? 1 : mask[static_cast<size_t>(k * area + at)];
                        column[static_cast<size_t>(c * taps + t)] = m * sample(image.data() + (n * C + c) * H * W, H, W, py, px);
                    }
                }
                for (int64_t o = 0; o < M; ++o) {
                    const double* from = column.data() + (o / (M / group_)) * perGroup * taps;
                    const double* by = weights.data() + o * perGroup * taps;
                    double sum = bias[static_cast<size_t>(o)];
                    for (int64_t i = 0; i < perGroup * taps; ++i) sum += from[i] * by[i];
                    result[static_cast<size_t>((n * M + o) * area + at)] = sum;
                }
            }
        });
        storeAll(y, result);
    }

private:
    /// Bilinear; pixels outside count as zero.
    static double sample(const double* plane, int64_t H, int64_t W, double y, double x) {
        if (!(y > -1 && x > -1 && y < static_cast<double>(H) && x < static_cast<double>(W))) return 0;
        const auto y0 = static_cast<int64_t>(std::floor(y)), x0 = static_cast<int64_t>(std::floor(x));
        const double ly = y - static_cast<double>(y0), lx = x - static_cast<double>(x0);
        const auto pixel = [&](int64_t i, int64_t j) { return i < 0 || j < 0 || i >= H || j >= W ? 0.0 : plane[i * W + j]; };
        return (1 - ly) * ((1 - lx) * pixel(y0, x0) + lx * pixel(y0, x0 + 1)) + ly * ((1 - lx) * pixel(y0 + 1, x0) + lx * pixel(y0 + 1, x0 + 1));
    }

    int64_t group_, groups_;
    std::vector<int64_t> strides_, dilations_, pads_;
    OwnInputs own_;
};

SINTER_KERNEL(any_deformconv){row<DeformConv>("any_deformconv__scalar", "DeformConv")};

}  // namespace
}  // namespace sinter::ref
