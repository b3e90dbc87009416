// Resize: nearest as an index table per axis; linear and cubic axis by axis, in any number of dimensions.
#include <algorithm>
#include <vector>

#include "cpu/reference/convert.h"
#include "core/resize_geometry.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

class Resize final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        if (x.dtype != y.dtype || !isNumeric(x.dtype)) return std::nullopt;
        const auto g = ResizeGeometry::of(d);
        if (!g) return std::nullopt;
        return static_cast<double>(y.count()) * (g->mode() == "nearest" ? kMoveNs : 2 * kOperationNs);
    }

    explicit Resize(const LayerDesc& d) : g_(*ResizeGeometry::of(d)) {}

    void run(const KernelArgs& args) override {
        if (args.outputs[0].count() == 0) return;
        if (g_.mode() == "nearest") nearest(args);
        else interpolate(args);
    }

private:
    void nearest(const KernelArgs& args) const {
        std::vector<std::vector<int64_t>> maps(g_.axes().size());
        for (size_t k = 0; k < g_.axes().size(); ++k)
            for (int64_t o = 0; o < g_.axes()[k].out; ++o) maps[k].push_back(g_.untouched(g_.axes()[k]) ? o : g_.nearestIndex(g_.axes()[k], o));
        uint64_t fill = 0;
        const double extrapolation = g_.extrapolation();
        const DType t = args.outputs[0].dtype;
        if (isFloatType(t)) {
            store(t, &fill, 0, 1, 1, &extrapolation);
        } else {
            const int64_t whole = floatToInt(t, extrapolation);
            store(t, &fill, 0, 1, 1, &whole);
        }
        copyMapped(args.pool, args.outputs[0], args.inputs[0], maps, &fill);
    }

    void interpolate(const KernelArgs& args) const {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        std::vector<int64_t> dims(dimsOf(x).begin(), dimsOf(x).end());
        std::vector<double> values(static_cast<size_t>(countOf(dims)));
        if (isFloatType(x.dtype)) {
            loadDense(x, values.data());
        } else {
            std::vector<int64_t> whole(values.size());
            loadDense(x, whole.data());
            std::transform(whole.begin(), whole.end(), values.begin(), [](int64_t v) { return static_cast<double>(v); });
        }
        for (size_t k = 0; k < g_.axes().size(); ++k)
            if (!g_.untouched(g_.axes()[k])) values = along(args.pool, k, dims, values);
        storeAll(y, values);
    }

    /// One axis of the interpolation over a dense tensor; dims[k] becomes the output's.
    std::vector<double> along(ThreadPool* pool, size_t k, std::vector<int64_t>& dims, const std::vector<double>& from) const {
        const ResizeGeometry::Axis& a = g_.axes()[k];
        std::vector<Tap> taps;
        for (int64_t o = 0; o < a.out; ++o) taps.push_back(g_.tapOf(a, o));
        const auto all = std::span<const int64_t>(dims);
        const int64_t outer = countOf(all.first(k)), inner = countOf(all.subspan(k + 1));
        std::vector<double> to(static_cast<size_t>(outer * a.out * inner), 0.0);
        parallel(pool, outer * a.out, 4096 / std::max<int64_t>(inner, 1) + 1, [&](int64_t begin, int64_t end, int) {
            for (int64_t t = begin; t < end; ++t) {
                const Tap& tap = taps[static_cast<size_t>(t % a.out)];
                double* line = to.data() + t * inner;
                if (tap.outside) {
                    std::fill_n(line, inner, g_.extrapolation());
                    continue;
                }
                const double* source = from.data() + (t / a.out * a.in + tap.first) * inner;
                for (double w : tap.weights) {
                    for (int64_t i = 0; i < inner; ++i) line[i] += w * source[i];
                    source += inner;
                }
            }
        });
        dims[k] = a.out;
        return to;
    }

    static void storeAll(const TensorView& y, const std::vector<double>& values) {
        if (y.rank == 0) return store(y.dtype, y.data, 0, 1, 1, values.data());
        const auto last = static_cast<size_t>(y.rank - 1);
        const int64_t n = y.dims[last];
        const auto outer = dimsOf(y).first(last);
        Odometer at(outer);
        std::vector<int64_t> whole(static_cast<size_t>(n));
        for (int64_t r = 0; r < countOf(outer); ++r, at.next()) {
            const double* row = values.data() + r * n;
            const int64_t offset = offsetOf(at.at(), y.strides);
            if (isFloatType(y.dtype)) {
                store(y.dtype, y.data, offset, y.strides[last], n, row);
            } else {
                std::transform(row, row + n, whole.begin(), [&](double v) { return floatToInt(y.dtype, v); });
                store(y.dtype, y.data, offset, y.strides[last], n, whole.data());
            }
        }
    }

    ResizeGeometry g_;
};

SINTER_KERNEL(any_resize){row<Resize>("any_resize__scalar", "Resize")};

}  // namespace
}  // namespace sinter::ref
