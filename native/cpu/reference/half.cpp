// Layers on 16-bit floating point whose operands are not all of one type: widened as they are read, computed as the plain
// references do in float32, rounded once as they are stored.
#include <algorithm>

#include "cpu/half/widen.h"
#include "cpu/reference/convert.h"
#include "cpu/reference/held.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

LayerDesc wideLayer(const LayerDesc& d) {
    LayerDesc wide = d;
    for (TensorInfo& t : wide.inputs) t = half::widened(t);
    for (TensorInfo& t : wide.outputs) t = half::widened(t);
    wide.program = half::widened(d.program);
    return wide;
}

class Half : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!half::anyHalf(d)) return std::nullopt;
        const LayerDesc wide = wideLayer(d);
        const KernelRow* row = plainRow(wide);
        if (row == nullptr) return std::nullopt;
        double moved = 0;
        for (const auto& t : d.inputs) moved += half::isHalf(t) ? static_cast<double>(t.count()) : 0;
        for (const auto& t : d.outputs) moved += half::isHalf(t) ? static_cast<double>(t.count()) : 0;
        return row->supports(wide, 1)->estimate + moved * kOperationNs;
    }
    explicit Half(const LayerDesc& d) : layer_(d) {
        const LayerDesc wide = wideLayer(d);
        kernel_ = plainRow(wide)->make(wide, 1);
    }

    void run(const KernelArgs& args) override {
        std::vector<Held> held;
        held.reserve(args.inputs.size() + args.outputs.size());
        std::vector<TensorView> in(args.inputs.begin(), args.inputs.end()), out(args.outputs.begin(), args.outputs.end());
        std::vector<double> numbers;
        for (size_t i = 0; i < in.size(); ++i) {
            if (!in[i].present() || !half::isHalf(layer_.inputs[i])) continue;
            numbers.resize(static_cast<size_t>(in[i].count()));
            loadDense(in[i], numbers.data());
            in[i] = held.emplace_back(DType::F32, dimsOf(in[i])).view;
            std::copy(numbers.begin(), numbers.end(), in[i].as<float>());
        }
        for (size_t i = 0; i < out.size(); ++i)
            if (out[i].present() && half::isHalf(layer_.outputs[i])) out[i] = held.emplace_back(DType::F32, dimsOf(out[i])).view;
        kernel_->run({in, out, nullptr, args.pool});
        for (size_t i = 0; i < out.size(); ++i) {
            if (!out[i].present() || !half::isHalf(layer_.outputs[i])) continue;
            numbers.assign(out[i].as<const float>(), out[i].as<const float>() + out[i].count());
            const TensorView& to = args.outputs[i];
            Held narrow(to.dtype, dimsOf(to));
            store(to.dtype, narrow.view.data, 0, 1, to.count(), numbers.data());
            copyStrided(args.pool, to, narrow.view);
        }
    }

private:
    LayerDesc layer_;
    std::unique_ptr<Kernel> kernel_;
};

/// A plain Gather moves 16 bits as they are.
class HalfGather final : public Half {
public:
    static std::optional<double> estimate(const LayerDesc& d) { return d.program.empty() ? std::nullopt : Half::estimate(d); }
    using Half::Half;
};
SINTER_KERNEL(half_gather_rows){row<HalfGather>("any_gather_rows_half__scalar", "Gather")};

#define SINTER_HALF(id, op) SINTER_KERNEL(half_##id){row<Half>("any_" #id "_half__scalar", op)}
SINTER_HALF(attention, "Attention");
SINTER_HALF(averagepool, "AveragePool");
SINTER_HALF(concat, "Concat");
SINTER_HALF(conv, "Conv");
SINTER_HALF(convtranspose, "ConvTranspose");
SINTER_HALF(copy, "Copy");
SINTER_HALF(groupnorm, "GroupNorm");
SINTER_HALF(gru, "GRU");
SINTER_HALF(instancenorm, "InstanceNorm");
SINTER_HALF(layernorm, "LayerNorm");
SINTER_HALF(lrn, "LRN");
SINTER_HALF(lstm, "LSTM");
SINTER_HALF(matmul, "MatMul");
SINTER_HALF(maxpool, "MaxPool");
SINTER_HALF(pointwise, "Pointwise");
SINTER_HALF(reduce, "Reduce");
SINTER_HALF(resize, "Resize");
SINTER_HALF(rnn, "RNN");
SINTER_HALF(softmax, "Softmax");

}  // namespace
}  // namespace sinter::ref
