#include <algorithm>

#include "cpu/half/widen.h"
#include "cpu/pointwise/nest.h"
#include "cpu/pointwise/program.h"
#include "cpu/quant/product.h"

/// Op Pointwise with quantized or 16-bit operands: strips become float32, go through the program and are stored back.
namespace sinter::quant {
namespace {

using pointwise::Program;
constexpr int64_t kStrip = Program::kStrip;

bool accepts(const LayerDesc& layer, bool quantized) {
    if (layer.op != "Pointwise" || layer.outputs.empty() || layer.program.empty()) return false;
    if (anyQuantized(layer) != quantized || (!quantized && !half::anyHalf(layer))) return false;
    if (layer.inputs.size() != layer.program.inputCount || layer.outputs.size() != layer.program.outputs.size()) return false;
    const auto& dims = layer.outputs[0].dims;
    if (dims.size() > static_cast<size_t>(kMaxRank)) return false;
    for (const TensorInfo& o : layer.outputs) {
        if (!movableRow(o) || o.dims != dims) return false;
    }
    for (const TensorInfo& i : layer.inputs) {
        if (!movableRow(i) || i.dims.size() > dims.size()) return false;
        for (size_t a = 0; a < i.dims.size(); ++a) {
            const int64_t d = dims[dims.size() - i.dims.size() + a];
            if (i.dims[a] != d && i.dims[a] != 1) return false;
        }
    }
    return true;
}

/// The program's strips, one per operand, and one for what is gathered.
int64_t scratchFloats(const Program& p) { return p.scratchFloats() + (p.inputs() + p.outputs() + 1) * kStrip; }

class Pointwise final : public Kernel {
public:
    Pointwise(const LayerDesc& layer, const Family& f) : program_(Program::compile(half::widened(layer.program), f.floats)), rowMove_(f.rowMove()) {
        TensorInfo floats;
        floats.dtype = DType::F32;
        for (const TensorInfo& o : layer.outputs) moves_.push_back(moveBetween(floats, o));
        for (const TensorInfo& i : layer.inputs) moves_.push_back(moveBetween(i, floats));
    }

    void run(const KernelArgs& args) override {
        const TensorView& y = args.outputs[0];
        if (y.count() == 0) return;
        std::vector<const TensorView*> operands;
        for (const TensorView& v : args.outputs) operands.push_back(&v);
        for (const TensorView& v : args.inputs) operands.push_back(&v);
        const pointwise::Nest nest(std::span(y.dims.data(), static_cast<size_t>(y.rank)), operands);
        const int64_t pieces = (nest.inner() + kStrip - 1) / kStrip;
        const auto body = [&](int64_t begin, int64_t end, int worker) {
            float* const scratch = static_cast<float*>(args.workspace) + worker * scratchFloats(*program_);
            std::vector<int64_t> offsets(operands.size());
            for (int64_t i = begin; i < end; ++i) {
                nest.blockOffsets(i / pieces / nest.outer(), offsets.data());
                const int64_t first = i % pieces * kStrip;
                for (size_t o = 0; o < operands.size(); ++o) {
                    offsets[o] += i / pieces % nest.outer() * nest.outerStride(o) + first * nest.innerStride(o);
                }
                strip(operands, args.outputs.size(), nest, offsets, std::min(kStrip, nest.inner() - first), scratch);
            }
        };
        const int64_t strips = nest.blocks() * nest.outer() * pieces;
        if (args.pool) args.pool->parallelFor(strips, std::max<int64_t>(1, 8192 / std::min(kStrip, nest.inner())), body);
        else body(0, strips, 0);
    }

private:
    void strip(const std::vector<const TensorView*>& operands, size_t outputs, const pointwise::Nest& nest, const std::vector<int64_t>& offsets,
               int64_t n, float* scratch) const {
        float* const strips = scratch + program_->scratchFloats();
        auto* const gathered = reinterpret_cast<std::byte*>(strips + static_cast<int64_t>(operands.size()) * kStrip);
        const float* in[64];
        float* out[64];
        uint8_t step[64];
        for (size_t o = 0; o < operands.size(); ++o) {
            float* const own = strips + static_cast<int64_t>(o) * kStrip;
            if (o < outputs) {
                out[o] = own;
                continue;
            }
            const int64_t stride = nest.innerStride(o);
            RowMove m = moves_[o];
            const int64_t size = sizeOf(m.fromType);
            m.from = static_cast<const std::byte*>(operands[o]->data) + offsets[o] * size;
            m.n = stride == 0 ? 1 : n;
            step[o - outputs] = stride != 0;
            if (stride > 1 || stride < 0) {
                for (int64_t i = 0; i < n; ++i) std::copy_n(m.from + i * stride * size, size, gathered + i * size);
                m.from = gathered;
            }
            m.to = reinterpret_cast<std::byte*>(own);
            rowMove_(m);
            in[o - outputs] = own;
        }
        program_->run(in, step, out, n, scratch);
        for (size_t o = 0; o < outputs; ++o) {
            RowMove m = moves_[o];
            const int64_t stride = nest.innerStride(o);
            const int64_t size = sizeOf(m.toType);
            std::byte* const to = static_cast<std::byte*>(operands[o]->data) + offsets[o] * size;
            m.n = n;
            m.from = reinterpret_cast<const std::byte*>(out[o]);
            m.to = stride == 1 || n == 1 ? to : gathered;
            rowMove_(m);
            if (m.to != to) {
                for (int64_t i = 0; i < n; ++i) std::copy_n(gathered + i * size, size, to + i * stride * size);
            }
        }
    }

    std::shared_ptr<const Program> program_;
    std::vector<RowMove> moves_;  ///< outputs, then inputs
    RowMoveFn rowMove_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const Family& f, bool quantized, int threads) {
    if (!accepts(layer, quantized) || layer.inputs.size() + layer.outputs.size() > 64) return std::nullopt;
    const auto program = Program::compile(half::widened(layer.program), f.floats);
    if (!program) return std::nullopt;
    TacticInfo info;
    info.inputLayouts.assign(layer.inputs.size(), "");
    info.outputLayouts.assign(layer.outputs.size(), "");
    info.packing.resize(layer.inputs.size());
    info.inputViews.assign(layer.inputs.size(), 1);
    info.outputViews.assign(layer.outputs.size(), 1);
    info.workspace = static_cast<uint64_t>(scratchFloats(*program)) * sizeof(float) * static_cast<uint64_t>(std::max(1, threads));
    double bytes = 0;
    for (const TensorInfo& t : layer.inputs) bytes += static_cast<double>(t.count() * static_cast<int64_t>(dtypeSize(t.dtype)));
    for (const TensorInfo& t : layer.outputs) bytes += static_cast<double>(t.count() * static_cast<int64_t>(dtypeSize(t.dtype)));
    const double moves = 0.06 * static_cast<double>(layer.inputs.size() + layer.outputs.size());
    info.estimate = std::max(bytes / f.floats.bytesPerNs, (program->cost() + moves) * static_cast<double>(layer.outputs[0].count())) / threads + 1000;
    return info;
}

KernelRow row(const Family& f, const char* name, bool quantized) {
    KernelRow r;
    r.name = name;
    r.op = "Pointwise";
    r.isa = f.isa;
    r.supports = [&f, quantized](const LayerDesc& l, int threads) { return supports(l, f, quantized, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<Pointwise>(l, f); };
    return r;
}

}  // namespace

SINTER_KERNEL(s8_pointwise_avx2){row(familyAvx2(), "s8_pointwise__avx2", true)};
SINTER_KERNEL(s8_pointwise_avx512){row(familyAvx512(), "s8_pointwise__avx512", true)};
SINTER_KERNEL(half_pointwise_avx2){row(familyAvx2(), "half_pointwise__avx2", false)};
SINTER_KERNEL(half_pointwise_avx512){row(familyAvx512(), "half_pointwise__avx512", false)};

}  // namespace sinter::quant
