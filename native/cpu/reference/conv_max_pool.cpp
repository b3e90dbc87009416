// ConvMaxPool: what the scalar Conv stores, whatever its storage, and the largest of each 2 × 2 of its pixels.
#include "core/conv_max_pool.h"

#include <cmath>

#include "cpu/reference/convert.h"
#include "cpu/reference/held.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

bool better(double x, double best) { return x > best || (std::isnan(x) && !std::isnan(best)); }
bool better(int64_t x, int64_t best) { return x > best; }

class ConvMaxPool final : public Kernel {
public:
    explicit ConvMaxPool(LayerDesc conv) : conv_(std::move(conv)), kernel_(plainRow(conv_)->make(conv_, 1)) {}

    void run(const KernelArgs& args) override {
        const TensorView& y = args.outputs[0];
        Held whole(y.dtype, conv_.outputs[0].dims);
        kernel_->run({args.inputs, {&whole.view, 1}, nullptr, args.pool});
        if (isFloatType(y.dtype)) largest<double>(args.pool, whole.view, y);
        else largest<int64_t>(args.pool, whole.view, y);
    }

private:
    template <typename C>
    static void largest(ThreadPool* pool, const TensorView& x, const TensorView& y) {
        std::vector<C> from(static_cast<size_t>(x.count())), to(static_cast<size_t>(y.count()));
        loadDense(x, from.data());
        const int64_t width = x.dims[3], rows = y.dims[2], columns = y.dims[3];
        for (int64_t plane = 0; plane < y.dims[0] * y.dims[1]; ++plane) {
            for (int64_t p = 0; p < rows; ++p) {
                for (int64_t q = 0; q < columns; ++q) {
                    const C* corner = from.data() + (plane * x.dims[2] + 2 * p) * width + 2 * q;
                    C best = corner[0];
                    for (const C v : {corner[1], corner[width], corner[width + 1]}) best = better(v, best) ? v : best;
                    to[static_cast<size_t>((plane * rows + p) * columns + q)] = best;
                }
            }
        }
        Held stored(y.dtype, dimsOf(y));
        store(y.dtype, stored.view.data, 0, 1, y.count(), to.data());
        copyStrided(pool, y, stored.view);
    }

    LayerDesc conv_;
    std::unique_ptr<Kernel> kernel_;
};

KernelRow convMaxPoolRow() {
    return {
        .name = "any_convmaxpool__scalar",
        .op = "ConvMaxPool",
        .isa = Isa::Scalar,
        .supports = [](const LayerDesc& d, int threads) -> std::optional<TacticInfo> {
            const auto conv = convolutionIn(d);
            // Operands of the convolution's own shape would be those of the pooled one here.
            if (!conv || d.inputs.size() != d.opInputs) return std::nullopt;
            const KernelRow* row = plainRow(*conv);
            if (row == nullptr) return std::nullopt;
            return anyLayout(d, row->supports(*conv, threads)->estimate * threads + static_cast<double>(conv->outputs[0].count()) * kOperationNs, threads);
        },
        .make = [](const LayerDesc& d, int) -> std::unique_ptr<Kernel> { return std::make_unique<ConvMaxPool>(*convolutionIn(d)); },
        .pack = {},
    };
}
SINTER_KERNEL(any_convmaxpool){convMaxPoolRow()};

}  // namespace
}  // namespace sinter::ref
