#include <algorithm>
#include <array>
#include <string_view>

#include "cpu/half/widen.h"
#include "cpu/quant/move.h"
#include "cpu/simd/isa_family.h"

/// Any layer with 16-bit operands by way of a float32 kernel: activations are widened into the workspace before it and its
/// results narrowed after it, constants are widened when they are packed. What the float32 kernels take in 16 bits as it is
/// (weights, or whole products) stays so where that is estimated to be faster.
namespace sinter::half {
namespace {

using simd::IsaFamily;

struct Widening {
    const IsaFamily& family;
    quant::RowMoveFn (*rowMove)();
};

/// The layer that runs inside: which kernel, on what.
struct Inner {
    const KernelRow* row = nullptr;
    LayerDesc layer;
    TacticInfo info;
};

bool weighted(const LayerDesc& d) { return (d.op == "Conv" || d.op == "MatMul") && d.inputs.size() > 1 && d.inputs[1].constant && isHalf(d.inputs[1]); }

/// `keep`: bit 0 leaves the activations in 16 bits, bit 1 the weight matrix, bit 2 results and what is added to them.
LayerDesc innerLayer(const LayerDesc& d, unsigned keep) {
    LayerDesc wide = d;
    for (size_t i = 0; i < wide.inputs.size(); ++i) {
        const unsigned bit = i == 0 ? 1 : i == 1 && weighted(d) ? 2 : i >= d.opInputs ? 4 : 0;
        if ((keep & bit) == 0) wide.inputs[i] = widened(d.inputs[i]);
    }
    if ((keep & 4) == 0) {
        for (TensorInfo& t : wide.outputs) t = widened(t);
    }
    wide.program = widened(d.program);
    return wide;
}

double conversion(const TensorInfo& outer, const TensorInfo& inner, const IsaFamily& f) {
    if (outer.dtype == inner.dtype || outer.constant) return 0;
    return static_cast<double>(outer.count()) * 6 / f.bytesPerNs + 300;
}

/// Products of bfloat16 pairs have rows of their own: which processor an engine needs is in the names of its kernels, and on
/// every processor that has them the same kernel must be chosen.
bool multipliesPairs(std::string_view name) { return name.find("__bf16_") != std::string_view::npos; }

bool usable(const KernelRow& row, const IsaFamily& f) {
    return row.isa <= f.isa && multipliesPairs(row.name) == (&f == &simd::kPairs) && !row.name.ends_with("__scalar") && !row.name.starts_with("half_") && row.name.find("_bf16x3") == std::string::npos;
}

/// Chosen for one thread and without regard to layouts, so that building, packing and running choose the same.
std::optional<Inner> innerOf(const LayerDesc& d, const Widening& w) {
    if (!anyHalf(d) || d.opInputs > d.inputs.size()) return std::nullopt;
    const auto ranksFit = [](const TensorInfo& t) { return t.dims.size() <= static_cast<size_t>(kMaxRank); };
    if (!std::all_of(d.inputs.begin(), d.inputs.end(), ranksFit) || !std::all_of(d.outputs.begin(), d.outputs.end(), ranksFit)) return std::nullopt;
    LayerDesc plain = d;
    for (TensorInfo& t : plain.inputs) t.layout.clear();
    for (TensorInfo& t : plain.outputs) t.layout.clear();
    std::optional<Inner> best;
    const auto rows = KernelRegistry::instance().find(d.op);
    for (unsigned keep = 0; keep < (weighted(d) ? 7u : 1u); ++keep) {
        Inner in;
        in.layer = innerLayer(plain, keep);
        double moves = 0;
        for (size_t i = 0; i < d.inputs.size(); ++i) moves += conversion(plain.inputs[i], in.layer.inputs[i], w.family);
        for (size_t i = 0; i < d.outputs.size(); ++i) moves += conversion(plain.outputs[i], in.layer.outputs[i], w.family);
        for (const KernelRow* row : rows) {
            if (!usable(*row, w.family)) continue;
            auto info = row->supports(in.layer, 1);
            if (!info) continue;
            info->estimate += moves;
            if (best && best->info.estimate <= info->estimate) continue;
            in.row = row;
            in.info = std::move(*info);
            best = in;
        }
    }
    return best;
}

uint64_t aligned(uint64_t bytes) { return (bytes + 63) / 64 * 64; }
uint64_t wideBytes(const TensorInfo& outer, const TensorInfo& inner) {
    return outer.dtype == inner.dtype || outer.constant ? 0 : aligned(static_cast<uint64_t>(inner.count()) * 4);
}

/// `like` in float32 at `data`, dense in the order that the kernel wants or the tensor has.
TensorView wideView(const TensorView& like, const std::string& layout, void* data) {
    TensorView v = like;
    v.data = data;
    v.dtype = DType::F32;
    const std::span dims(v.dims.data(), static_cast<size_t>(v.rank));
    const bool last = layout == "nhwc" || (layout.empty() && v.rank >= 3 && like.isChannelsLast() && !like.isLinear());
    v.strides = last ? channelsLastStrides(dims) : linearStrides(dims);
    return v;
}

class WidenedLayer final : public Kernel {
public:
    WidenedLayer(const LayerDesc& d, Inner inner, const Widening& w, int threads) : layer_(d), inner_(std::move(inner)), rowMove_(w.rowMove()) {
        LayerDesc made = inner_.layer;
        for (size_t i = 0; i < made.inputs.size(); ++i) made.inputs[i].layout = d.inputs[i].layout;
        for (size_t i = 0; i < made.outputs.size(); ++i) made.outputs[i].layout = d.outputs[i].layout;
        kernel_ = inner_.row->make(made, threads);
    }

    void run(const KernelArgs& args) override {
        auto* memory = static_cast<std::byte*>(args.workspace);
        std::vector<TensorView> in(args.inputs.begin(), args.inputs.end()), out(args.outputs.begin(), args.outputs.end());
        for (size_t i = 0; i < in.size(); ++i) {
            const TensorInfo& wide = inner_.layer.inputs[i];
            if (!in[i].present() || in[i].dtype == wide.dtype) continue;
            if (wide.constant) {
                in[i] = wideView(in[i], "linear", in[i].data);
                continue;
            }
            in[i] = wideView(in[i], inner_.info.inputLayouts[i], memory);
            memory += wideBytes(layer_.inputs[i], wide);
            quant::moveTensor(args.inputs[i], in[i], quant::moveBetween(layer_.inputs[i], wide), rowMove_, args.pool);
        }
        for (size_t i = 0; i < out.size(); ++i) {
            if (!out[i].present() || out[i].dtype == inner_.layer.outputs[i].dtype) continue;
            out[i] = wideView(out[i], inner_.info.outputLayouts[i], memory);
            memory += wideBytes(layer_.outputs[i], inner_.layer.outputs[i]);
        }
        kernel_->run({in, out, memory, args.pool});
        for (size_t i = 0; i < out.size(); ++i) {
            if (out[i].data == args.outputs[i].data) continue;
            quant::moveTensor(out[i], args.outputs[i], quant::moveBetween(inner_.layer.outputs[i], layer_.outputs[i]), rowMove_, args.pool);
        }
    }

private:
    LayerDesc layer_;
    Inner inner_;
    quant::RowMoveFn rowMove_;
    std::unique_ptr<Kernel> kernel_;
};

std::optional<TacticInfo> supports(const LayerDesc& d, const Widening& w, int threads) {
    const auto inner = innerOf(d, w);
    if (!inner) return std::nullopt;
    auto info = inner->row->supports(inner->layer, threads);
    if (!info) return std::nullopt;
    info->workspace = aligned(info->workspace);
    for (size_t i = 0; i < d.inputs.size(); ++i) {
        const TensorInfo& wide = inner->layer.inputs[i];
        if (d.inputs[i].dtype == wide.dtype) continue;
        info->workspace += wideBytes(d.inputs[i], wide);
        info->estimate += conversion(d.inputs[i], wide, w.family) / threads;
        if (d.inputs[i].constant && info->packing[i].recipe.empty()) info->packing[i] = {"f32_widened", static_cast<uint64_t>(wide.count()) * 4};
        info->inputViews[i] = d.inputs[i].constant ? 0 : 1;
    }
    for (size_t i = 0; i < d.outputs.size(); ++i) {
        const TensorInfo& wide = inner->layer.outputs[i];
        if (d.outputs[i].dtype == wide.dtype) continue;
        info->workspace += wideBytes(d.outputs[i], wide);
        info->estimate += conversion(d.outputs[i], wide, w.family) / threads;
        info->outputViews[i] = 1;
    }
    return info;
}

void pack(const LayerDesc& d, const Widening& w, int input, const void* raw, void* packed) {
    const auto inner = innerOf(d, w);
    const auto i = static_cast<size_t>(input);
    if (!inner || i >= d.inputs.size()) throw std::runtime_error("Layer \"" + d.name + "\" has no such packed constant.");
    const TensorInfo& wide = inner->layer.inputs[i];
    std::vector<float> numbers;
    if (d.inputs[i].dtype != wide.dtype) {
        const bool direct = inner->info.packing[i].recipe.empty();
        if (!direct) numbers.resize(static_cast<size_t>(wide.count()));
        quant::RowMove m = quant::moveBetween(d.inputs[i], wide);
        m.from = static_cast<const std::byte*>(raw);
        m.to = direct ? static_cast<std::byte*>(packed) : reinterpret_cast<std::byte*>(numbers.data());
        m.n = wide.count();
        w.rowMove()(m);
        if (direct) return;
        raw = numbers.data();
    }
    inner->row->pack(inner->layer, input, raw, packed);
}

void add(const char* name, const char* op, const Widening& w) {
    KernelRow r;
    r.name = std::string("half_") + name + "_widened__" + w.family.suffix;
    r.op = op;
    r.isa = w.family.isa;
    r.supports = [&w](const LayerDesc& d, int threads) { return supports(d, w, threads); };
    r.make = [&w](const LayerDesc& d, int threads) -> std::unique_ptr<Kernel> {
        auto inner = innerOf(d, w);
        if (!inner) throw std::runtime_error("Layer \"" + d.name + "\" was built for another processor.");
        return std::make_unique<WidenedLayer>(d, std::move(*inner), w, threads);
    };
    r.pack = [&w](const LayerDesc& d, int input, const void* raw, void* packed) { pack(d, w, input, raw, packed); };
    KernelRegistry::instance().add(std::move(r));
}

/// Every operation that has float32 kernels to call.
constexpr std::array<std::array<const char*, 2>, 14> kOperations{{
    {"attention", "Attention"}, {"averagepool", "AveragePool"}, {"conv2d", "Conv"}, {"convtranspose", "ConvTranspose"}, {"gru", "GRU"},
    {"layernorm", "LayerNorm"}, {"lrn", "LRN"}, {"lstm", "LSTM"}, {"matmul", "MatMul"}, {"maxpool", "MaxPool"}, {"reduce", "Reduce"},
    {"resize", "Resize"}, {"rnn", "RNN"}, {"softmax", "Softmax"},
}};

const bool registered = [] {
    static const Widening avx2{simd::kAvx2, quant::rowMoveAvx2};
    static const Widening avx512{simd::kAvx512, quant::rowMoveAvx512};
    static const Widening pairs{simd::kPairs, quant::rowMoveAvx512};
    for (const auto& [name, op] : kOperations) {
        add(name, op, avx2);
        add(name, op, avx512);
    }
    add("conv2d", "Conv", pairs);
    add("matmul", "MatMul", pairs);
    return true;
}();

}  // namespace
}  // namespace sinter::half
