// Layers on quantized values, by what they mean: Conv and MatMul sum integers exactly, everything else computes in
// float32 between dequantizing reads and quantizing writes. The arithmetic is that of the plain references.
#include "cpu/quant/quantization.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/held.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

using quant::Quantizer;

/// Every quantized operand is one this file can read or write.
bool readable(const LayerDesc& d) {
    const auto fits = [](const TensorInfo& t) { return !t.quantized() || quant::isStored(t); };
    for (size_t i = 0; i < d.inputs.size(); ++i)
        if (!fits(d.inputs[i])) return false;
    return std::all_of(d.outputs.begin(), d.outputs.end(), fits);
}

LayerDesc dequantizedLayer(const LayerDesc& d) {
    LayerDesc plain = d;
    for (TensorInfo& t : plain.inputs) t = quant::dequantizedInfo(t);
    for (TensorInfo& t : plain.outputs) t = quant::dequantizedInfo(t);
    return plain;
}

/// Stored numbers less the zero point, row-major.
std::vector<int64_t> integersOf(const TensorInfo& info, const TensorView& v) {
    std::vector<int64_t> q(static_cast<size_t>(v.count()));
    loadDense(v, q.data());
    for (int64_t& x : q) x -= info.zeroPoint;
    return q;
}

Held dequantized(const TensorInfo& info, const TensorView& v) {
    Held h(DType::F32, dimsOf(v));
    const std::vector<int64_t> q = integersOf(info, v);
    const auto scale = static_cast<float>(info.scale[0]);
    for (size_t i = 0; i < q.size(); ++i) h.view.as<float>()[i] = static_cast<float>(q[i]) * scale;
    return h;
}

/// Dense float32 values into an output, quantized or as they are.
void putFloats(ThreadPool* pool, const TensorInfo& info, const TensorView& to, const TensorView& from) {
    if (!info.quantized()) return copyStrided(pool, to, from);
    const Quantizer q(info);
    Held stored(info.dtype, dimsOf(to));
    for (int64_t i = 0; i < from.count(); ++i) stored.view.as<uint8_t>()[i] = static_cast<uint8_t>(q.quantize(from.as<const float>()[i]));
    copyStrided(pool, to, stored.view);
}

/// Dense multiples of the output's scale into it, clamped as the layer's program says.
void putSteps(ThreadPool* pool, const LayerDesc& layer, const TensorInfo& info, const TensorView& to, const TensorView& from) {
    Quantizer q(info);
    const quant::Bounds b = *quant::clampOf(layer.program);
    q.clamp(b.lo, b.hi);
    q.scaled();
    Held stored(info.dtype, dimsOf(to));
    for (int64_t i = 0; i < from.count(); ++i) stored.view.as<uint8_t>()[i] = static_cast<uint8_t>(q.quantize(from.as<const float>()[i]));
    copyStrided(pool, to, stored.view);
}

/// Any other layer: float32 in between.
class Dequantized final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (quant::plainOrMoved(d) || !readable(d)) return std::nullopt;
        const LayerDesc plain = dequantizedLayer(d);
        const KernelRow* row = plainRow(plain);
        if (row == nullptr) return std::nullopt;
        double moved = 0;
        for (const auto& t : d.inputs) moved += t.quantized() ? static_cast<double>(t.count()) : 0;
        for (const auto& t : d.outputs) moved += t.quantized() ? static_cast<double>(t.count()) : 0;
        return row->supports(plain, 1)->estimate + moved * kOperationNs;
    }
    explicit Dequantized(const LayerDesc& d) : layer_(d), plain_(dequantizedLayer(d)), kernel_(plainRow(plain_)->make(plain_, 1)) {}

    void run(const KernelArgs& args) override {
        std::vector<Held> held;
        held.reserve(args.inputs.size() + args.outputs.size());
        std::vector<TensorView> in(args.inputs.begin(), args.inputs.end()), out(args.outputs.begin(), args.outputs.end());
        for (size_t i = 0; i < in.size(); ++i)
            if (in[i].present() && layer_.inputs[i].quantized()) in[i] = held.emplace_back(dequantized(layer_.inputs[i], in[i])).view;
        for (size_t i = 0; i < out.size(); ++i)
            if (out[i].present() && layer_.outputs[i].quantized()) out[i] = held.emplace_back(DType::F32, dimsOf(out[i])).view;
        kernel_->run({in, out, nullptr, args.pool});
        for (size_t i = 0; i < out.size(); ++i)
            if (out[i].present() && layer_.outputs[i].quantized()) putFloats(args.pool, layer_.outputs[i], args.outputs[i], out[i]);
    }

private:
    LayerDesc layer_, plain_;
    std::unique_ptr<Kernel> kernel_;
};

/// A convolution of floats whose result is stored quantized: a network's first.
class QuantizingConv final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (std::any_of(d.inputs.begin(), d.inputs.end(), [](const TensorInfo& t) { return t.quantized(); })) return std::nullopt;
        return Dequantized::estimate(d);
    }
    explicit QuantizingConv(const LayerDesc& d) : layer_(d) {}
    void run(const KernelArgs& args) override { layer_.run(args); }

private:
    Dequantized layer_;
};

/// Conv and MatMul: exact integer sums (whole float64 numbers are), then scale, bias, program and storage.
class IntegerProduct final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (d.inputs.size() < 2 || d.opInputs < 2 || d.outputs.empty() || !quant::isStored(d.inputs[0])) return std::nullopt;
        if (!quant::hasIntegerWeights(d)) return std::nullopt;
        LayerDesc rest = d;
        rest.inputs[1] = {};
        if (!readable(rest) || std::any_of(d.inputs.begin() + 2, d.inputs.begin() + d.opInputs, [](const TensorInfo& t) { return t.quantized(); })) return std::nullopt;
        // The layer itself in float32 must make sense; it is not what runs.
        LayerDesc plain = dequantizedLayer(quant::withFloatBias(d));
        plain.inputs[1].dtype = DType::F32;
        const KernelRow* row = plainRow(plain);
        if (row == nullptr) return std::nullopt;
        for (const TensorInfo& o : plain.outputs)
            if (o.dtype != DType::F32) return std::nullopt;
        return row->supports(plain, 1)->estimate;
    }

    explicit IntegerProduct(const LayerDesc& d)
        : layer_(d), requantizes_(quant::requantizes(d)), axis_(d.op == "Conv" || d.outputs[0].dims.empty() ? 1 : d.outputs[0].dims.size() - 1) {
        dims_ = d.outputs[0].dims;
        for (size_t i = 1; i < d.outputs.size(); ++i) dims_[axis_] += d.outputs[i].dims[axis_];
        LayerDesc product;
        product.name = d.name;
        product.op = d.op;
        for (const auto& a : d.attrs)
            if (a.first != "splits" && a.first != "alpha") product.attrs.push_back(a);
        product.inputs = {{DType::F64, d.inputs[0].dims, "", false, {}, 0, 0}, {DType::F64, d.inputs[1].dims, "", true, {}, 0, 0}};
        product.opInputs = 2;
        product.outputs = {{DType::F64, dims_, "", false, {}, 0, 0}};
        product_ = plainRow(product)->make(product, 1);
        if (d.program.empty()) return;
        LayerDesc program;
        program.name = d.name;
        program.op = "Pointwise";
        program.program = d.program;
        program.inputs = {{DType::F32, dims_, "", false, {}, 0, 0}};
        for (size_t i = d.opInputs; i < d.inputs.size(); ++i) program.inputs.push_back(quant::dequantizedInfo(d.inputs[i]));
        program.opInputs = static_cast<uint32_t>(program.inputs.size());
        program.outputs = {{DType::F32, dims_, "", false, {}, 0, 0}};
        program_ = plainRow(program)->make(program, 1);
    }

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &w = args.inputs[1];
        Held xs(DType::F64, dimsOf(x)), ws(DType::F64, dimsOf(w)), sums(DType::F64, dims_), real(DType::F32, dims_);
        const std::vector<int64_t> q = integersOf(layer_.inputs[0], x);
        std::copy(q.begin(), q.end(), xs.view.as<double>());
        const quant::IntegerWeights weights = quant::integerWeights(layer_, w.data);
        std::copy(weights.values.begin(), weights.values.end(), ws.view.as<double>());
        const std::vector<TensorView> in{xs.view, ws.view}, out{sums.view};
        product_->run({in, out, nullptr, args.pool});
        scaleSums(args, weights, sums.view.as<const double>(), real.view.as<float>());
        if (program_ && !requantizes_) {
            std::vector<Held> held;
            held.reserve(args.inputs.size());
            std::vector<TensorView> operands{real.view};
            for (size_t i = layer_.opInputs; i < args.inputs.size(); ++i) {
                const bool stored = layer_.inputs[i].quantized();
                operands.push_back(stored ? held.emplace_back(dequantized(layer_.inputs[i], args.inputs[i])).view : args.inputs[i]);
            }
            Held result(DType::F32, dims_);
            const std::vector<TensorView> results{result.view};
            program_->run({operands, results, nullptr, args.pool});
            std::swap(real, result);
        }
        int64_t start = 0;
        for (size_t i = 0; i < args.outputs.size(); ++i) {
            Held part(DType::F32, dimsOf(args.outputs[i]));
            const TensorView slice = dims_.size() > axis_ ? narrowed(real.view, axis_, start, args.outputs[i].dims[axis_]) : real.view;
            copyStrided(args.pool, part.view, slice);
            if (requantizes_) putSteps(args.pool, layer_, layer_.outputs[i], args.outputs[i], part.view);
            else putFloats(args.pool, layer_.outputs[i], args.outputs[i], part.view);
            if (dims_.size() > axis_) start += args.outputs[i].dims[axis_];
        }
    }

private:
    void scaleSums(const KernelArgs& args, const quant::IntegerWeights& weights, const double* sums, float* real) const {
        const auto channels = static_cast<int64_t>(weights.scales.size());
        std::vector<float> scale, bias(weights.scales.size(), 0.0f);
        std::vector<double> steps(weights.scales.size(), 0.0);
        for (const double s : weights.scales) scale.push_back(quant::productScale(layer_, s));
        if (hasInput(layer_, 2)) {
            std::vector<double> given(static_cast<size_t>(args.inputs[2].count()));
            loadDense(args.inputs[2], given.data());
            const bool integers = quant::hasIntegerBias(layer_);
            for (size_t i = 0; i < bias.size(); ++i) {
                const double b = given[given.size() == 1 ? 0 : i];
                if (integers) steps[i] = b;
                else bias[i] = static_cast<float>(b);
            }
        }
        if (requantizes_) {
            size_t c = 0;
            for (const TensorInfo& o : layer_.outputs)
                for (int64_t i = 0; i < (dims_.size() > axis_ ? o.dims[axis_] : 1); ++i) scale[c++] /= static_cast<float>(o.scale[0]);
        }
        int64_t inner = 1;
        for (size_t a = axis_ + 1; a < dims_.size(); ++a) inner *= dims_[a];
        for (int64_t i = 0; i < countOf(dims_); ++i) {
            const auto c = static_cast<size_t>(i / inner % channels);
            real[i] = std::fmaf(static_cast<float>(sums[i] + steps[c]), scale[c], bias[c]);
        }
    }

    LayerDesc layer_;
    bool requantizes_;
    size_t axis_;
    std::vector<int64_t> dims_;
    std::unique_ptr<Kernel> product_, program_;
};

template <typename K>
KernelRow quantizedRow(const char* name, const char* op) {
    KernelRow r = row<K>(name, op);
    r.supports = [](const LayerDesc& d, int threads) -> std::optional<TacticInfo> {
        if (!ranksFit(d)) return std::nullopt;
        const std::optional<double> ns = K::estimate(d);
        if (!ns) return std::nullopt;
        return anyLayout(d, *ns, threads);
    };
    return r;
}

SINTER_KERNEL(quantized_conv){quantizedRow<IntegerProduct>("any_conv_quantized__scalar", "Conv")};
SINTER_KERNEL(quantizing_conv){quantizedRow<QuantizingConv>("any_conv_quantizing__scalar", "Conv")};
SINTER_KERNEL(quantized_matmul){quantizedRow<IntegerProduct>("any_matmul_quantized__scalar", "MatMul")};

#define SINTER_DEQUANTIZED(id, op) SINTER_KERNEL(quantized_##id){quantizedRow<Dequantized>("any_" #id "_quantized__scalar", op)}
SINTER_DEQUANTIZED(argmax, "ArgMax");
SINTER_DEQUANTIZED(argmin, "ArgMin");
SINTER_DEQUANTIZED(attention, "Attention");
SINTER_DEQUANTIZED(averagepool, "AveragePool");
SINTER_DEQUANTIZED(concat, "Concat");
SINTER_DEQUANTIZED(convtranspose, "ConvTranspose");
SINTER_DEQUANTIZED(copy, "Copy");
SINTER_DEQUANTIZED(depthtospace, "DepthToSpace");
SINTER_DEQUANTIZED(gather, "Gather");
SINTER_DEQUANTIZED(groupnorm, "GroupNorm");
SINTER_DEQUANTIZED(instancenorm, "InstanceNorm");
SINTER_DEQUANTIZED(layernorm, "LayerNorm");
SINTER_DEQUANTIZED(lrn, "LRN");
SINTER_DEQUANTIZED(maxpool, "MaxPool");
SINTER_DEQUANTIZED(pad, "Pad");
SINTER_DEQUANTIZED(pointwise, "Pointwise");
SINTER_DEQUANTIZED(reduce, "Reduce");
SINTER_DEQUANTIZED(resize, "Resize");
SINTER_DEQUANTIZED(shuffle, "Shuffle");
SINTER_DEQUANTIZED(slice, "Slice");
SINTER_DEQUANTIZED(softmax, "Softmax");
SINTER_DEQUANTIZED(spacetodepth, "SpaceToDepth");
SINTER_DEQUANTIZED(split, "Split");
SINTER_DEQUANTIZED(tile, "Tile");
SINTER_DEQUANTIZED(transpose, "Transpose");

}  // namespace
}  // namespace sinter::ref
