#include "cpu/quant/product.h"

/// Copy that quantizes, dequantizes, requantizes, widens or narrows, between any two layouts of one shape.
namespace sinter::quant {
namespace {

class Copy final : public Kernel {
public:
    Copy(const LayerDesc& layer, const Family& f) : move_(moveBetween(layer.inputs[0], layer.outputs[0])), rowMove_(f.rowMove()) {}
    void run(const KernelArgs& args) override { moveTensor(args.inputs[0], args.outputs[0], move_, rowMove_, args.pool); }

private:
    RowMove move_;
    RowMoveFn rowMove_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const Family& f, bool quantized, int threads) {
    if (layer.op != "Copy" || layer.inputs.size() != 1 || layer.outputs.size() != 1 || !layer.program.empty()) return std::nullopt;
    const TensorInfo& x = layer.inputs[0];
    const TensorInfo& y = layer.outputs[0];
    if (anyQuantized(layer) != quantized || !movableRow(x) || !movableRow(y) || x.dims != y.dims || x.dims.size() > static_cast<size_t>(kMaxRank)) return std::nullopt;
    if (x.dtype == y.dtype && sameQuantization(x, y)) return std::nullopt;  // bytes move as they are
    TacticInfo info;
    info.inputLayouts = {""};
    info.outputLayouts = {""};
    info.packing.resize(1);
    info.inputViews = {1};
    info.outputViews = {1};
    const auto count = static_cast<double>(x.count());
    const bool sameLayout = x.layout == y.layout || x.dims.size() < 3 || x.dims[1] == 1;
    const double bytes = count * static_cast<double>(dtypeSize(x.dtype) + dtypeSize(y.dtype));
    info.estimate = (bytes / f.floats.bytesPerNs + count * (sameLayout ? 0.05 : 1.0)) / threads + 1000;
    return info;
}

KernelRow row(const Family& f, const char* name, bool quantized) {
    KernelRow r;
    r.name = name;
    r.op = "Copy";
    r.isa = f.isa;
    r.supports = [&f, quantized](const LayerDesc& l, int threads) { return supports(l, f, quantized, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<Copy>(l, f); };
    return r;
}

}  // namespace

SINTER_KERNEL(s8_copy_avx2){row(familyAvx2(), "s8_copy__avx2", true)};
SINTER_KERNEL(s8_copy_avx512){row(familyAvx512(), "s8_copy__avx512", true)};
SINTER_KERNEL(half_copy_avx2){row(familyAvx2(), "half_copy__avx2", false)};
SINTER_KERNEL(half_copy_avx512){row(familyAvx512(), "half_copy__avx512", false)};

}  // namespace sinter::quant
