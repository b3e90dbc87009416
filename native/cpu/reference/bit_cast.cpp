// BitCast: the same bits as numbers of another type.
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

class BitCast final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        if (x.dims != y.dims || dtypeSize(x.dtype) == 0 || dtypeSize(x.dtype) != dtypeSize(y.dtype)) return std::nullopt;
        return static_cast<double>(x.count()) * kMoveNs;
    }
    explicit BitCast(const LayerDesc&) {}
    void run(const KernelArgs& args) override {
        TensorView from = args.inputs[0];
        from.dtype = args.outputs[0].dtype;
        copyStrided(args.pool, args.outputs[0], from);
    }
};

SINTER_KERNEL(any_bitcast){row<BitCast>("any_bitcast__scalar", "BitCast")};

}  // namespace
}  // namespace sinter::ref
