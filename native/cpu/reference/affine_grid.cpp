// AffineGrid: the places that GridSample reads, from an affine map per image.
#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"
#include "cpu/resolve/contents.h"

namespace sinter::ref {
namespace {

/// Inputs: theta[N, S, S + 1], size (not read: the result says). Result [N, spatial…, S], the last spatial dimension first.
class AffineGrid final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto &t = d.inputs[0], &y = d.outputs[0];
        const auto axes = static_cast<int64_t>(y.dims.size()) - 2;
        if (axes < 1 || t.dims != std::vector<int64_t>{y.dims[0], axes, axes + 1} || y.dims.back() != axes || !isFloatType(t.dtype) || y.dtype != t.dtype) return std::nullopt;
        return static_cast<double>(y.count()) * kOperationNs;
    }
    explicit AffineGrid(const LayerDesc& d) : corners_(d.intAttr("align_corners", 0) != 0) {}

    void run(const KernelArgs& args) override {
        const TensorView& y = args.outputs[0];
        const auto theta = loadAll<double>(args.inputs[0]);
        const size_t axes = static_cast<size_t>(y.rank) - 2;
        const auto spatial = dimsOf(y).subspan(1, axes);
        std::vector<double> grid;
        grid.reserve(static_cast<size_t>(y.count()));
        for (int64_t n = 0; n < y.dims[0]; ++n) {
            const double* map = theta.data() + n * static_cast<int64_t>(axes * (axes + 1));
            Odometer at(spatial);
            for (int64_t p = 0; p < countOf(spatial); ++p, at.next()) {
                for (size_t r = 0; r < axes; ++r) {
                    double sum = map[r * (axes + 1) + axes];
                    for (size_t k = 0; k < axes; ++k) sum += map[r * (axes + 1) + k] * place(at[axes - 1 - k], spatial[axes - 1 - k]);
                    grid.push_back(sum);
                }
            }
        }
        storeAll(y, grid);
    }

private:
    double place(int64_t i, int64_t n) const {
        const auto x = static_cast<double>(i), size = static_cast<double>(n);
        if (corners_) return n == 1 ? -1 : 2 * x / (size - 1) - 1;
        return (2 * x + 1) / size - 1;
    }
    bool corners_;
};

ResolvedLayer resolveGrid(LayerDesc d, resolve::Inputs in) {
    const auto size = resolve::ints(in, 1);
    if (size.size() < 3) throw std::runtime_error("its size has " + std::to_string(size.size()) + " dimensions");
    std::vector<int64_t> dims{size[0]};
    dims.insert(dims.end(), size.begin() + 2, size.end());
    dims.push_back(static_cast<int64_t>(size.size()) - 2);
    d.outputs[0].dims = std::move(dims);
    return resolve::keeping(std::move(d), 1);
}

SINTER_KERNEL(any_affinegrid){row<AffineGrid>("any_affinegrid__scalar", "AffineGrid")};
SINTER_RESOLVER(affinegrid){"AffineGrid", resolveGrid};

}  // namespace
}  // namespace sinter::ref
