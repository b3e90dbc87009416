// MaxUnpool: what a MaxPool kept goes back to where it came from, zeros elsewhere.
#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"
#include "cpu/resolve/contents.h"

namespace sinter::ref {
namespace {

using Shape = std::vector<int64_t>;

/// What the window alone makes of the input's shape: the tensor that the indices count in.
Shape pooledFrom(const LayerDesc& d, const Shape& x) {
    Shape full = x;
    const size_t spatial = x.size() - 2;
    const auto kernel = d.intsAttr("kernel_shape"), strides = intsOr(d, "strides", spatial, 1), pads = intsOr(d, "pads", 2 * spatial, 0);
    if (kernel.size() != spatial || strides.size() != spatial || pads.size() != 2 * spatial) throw std::runtime_error("its window does not fit its input");
    for (size_t i = 0; i < spatial; ++i) full[i + 2] = (x[i + 2] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + spatial];
    return full;
}

/// Inputs: x, indices, output shape?.
class MaxUnpool final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || !hasInput(d, 1) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &i = d.inputs[1], &y = d.outputs[0];
        if (x.dims.size() < 3 || x.dims != i.dims || i.dtype != DType::I64 || x.dtype != y.dtype || y.dims.size() != x.dims.size() || dtypeSize(x.dtype) == 0) return std::nullopt;
        return static_cast<double>(y.count()) * kMoveNs;
    }
    explicit MaxUnpool(const LayerDesc& d) : full_(pooledFrom(d, d.inputs[0].dims)) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const auto indices = loadAll<int64_t>(args.inputs[1]);
        const size_t size = dtypeSize(y.dtype);
        const uint64_t zero = 0;
        const Shape still(static_cast<size_t>(y.rank), 0);
        TensorView nothing = reshaped(y, const_cast<uint64_t*>(&zero), dimsOf(y), still);
        copyStrided(args.pool, y, nothing);
        const int64_t room = countOf(full_);
        Odometer from(dimsOf(x));
        for (const int64_t index : indices) {
            if (index < 0 || index >= room) throw std::runtime_error("index " + std::to_string(index) + " lies outside the pooled tensor");
            const Odometer at(full_, index);
            bool inside = true;
            for (size_t a = 0; a < full_.size(); ++a) inside = inside && at[a] < y.dims[a];
            if (inside) copyRow(size, elementAt(y, offsetOf(at.at(), y.strides)), 1, elementAt(x, offsetOf(from.at(), x.strides)), 1, 1);
            from.next();
        }
    }

private:
    Shape full_;
};

ResolvedLayer resolveUnpool(LayerDesc d, resolve::Inputs in) {
    d.outputs[0].dims = resolve::given(in, 2) ? resolve::ints(in, 2) : pooledFrom(d, resolve::dimsOf(in[0]));
    return resolve::keeping(std::move(d), 2);
}

SINTER_KERNEL(any_maxunpool){row<MaxUnpool>("any_maxunpool__scalar", "MaxUnpool")};
SINTER_RESOLVER(maxunpool){"MaxUnpool", resolveUnpool};

}  // namespace
}  // namespace sinter::ref
