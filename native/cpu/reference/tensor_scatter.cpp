// TensorScatter: new entries written into a cache, at a place per batch element.
#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

/// Inputs: cache[batch, …], update, where each batch element begins? (0).
class TensorScatter final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &u = d.inputs[1], &y = d.outputs[0];
        const auto axis = axisOf(d.intAttr("axis", -2), x.dims.size());
        if (!axis || *axis == 0 || x.dtype != y.dtype || u.dtype != x.dtype || x.dims != y.dims || u.dims.size() != x.dims.size() || dtypeSize(x.dtype) == 0) return std::nullopt;
        for (size_t a = 0; a < x.dims.size(); ++a)
            if (a == *axis ? u.dims[a] > x.dims[a] : u.dims[a] != x.dims[a]) return std::nullopt;
        if (hasInput(d, 2) && (d.inputs[2].dims.size() != 1 || d.inputs[2].dims[0] != x.dims[0] || isFloatType(d.inputs[2].dtype))) return std::nullopt;
        return static_cast<double>(x.count()) * kMoveNs;
    }
    explicit TensorScatter(const LayerDesc& d)
        : axis_(*axisOf(d.intAttr("axis", -2), d.inputs[0].dims.size())), circular_(d.stringAttr("mode", "linear") == "circular"), own_{d.opInputs} {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &update = args.inputs[1], &y = args.outputs[0];
        copyStrided(args.pool, y, x);
        const auto begins = own_(args, 2) ? loadAll<int64_t>(args.inputs[2]) : std::vector<int64_t>(static_cast<size_t>(x.dims[0]), 0);
        for (int64_t b = 0; b < x.dims[0]; ++b) {
            for (int64_t t = 0; t < update.dims[axis_]; ++t) {
                int64_t at = begins[static_cast<size_t>(b)] + t;
                if (circular_ && x.dims[axis_] > 0) at = ((at % x.dims[axis_]) + x.dims[axis_]) % x.dims[axis_];
                if (at < 0 || at >= x.dims[axis_]) throw std::runtime_error("entry " + std::to_string(at) + " lies outside a cache of " + std::to_string(x.dims[axis_]));
                copyStrided(args.pool, without(without(y, 0, b), axis_ - 1, at), without(without(update, 0, b), axis_ - 1, t));
            }
        }
    }

private:
    size_t axis_;
    bool circular_;
    OwnInputs own_;
};

SINTER_KERNEL(any_tensorscatter){row<TensorScatter>("any_tensorscatter__scalar", "TensorScatter")};

}  // namespace
}  // namespace sinter::ref
