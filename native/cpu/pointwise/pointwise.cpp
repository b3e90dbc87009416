#include <algorithm>
#include <cstring>

#include "core/thread_pool.h"
#include "cpu/pointwise/nest.h"
#include "cpu/pointwise/program.h"

/// Op Pointwise: the program interpreted strip by strip, whatever the operands' strides.
namespace sinter::pointwise {
namespace {

using simd::IsaFamily;

bool accepts(const LayerDesc& layer) {
    if (layer.op != "Pointwise" || layer.outputs.empty() || layer.program.empty()) return false;
    if (layer.inputs.size() != layer.program.inputCount || layer.outputs.size() != layer.program.outputs.size()) return false;
    for (const TensorInfo& o : layer.outputs) {
        if (o.dtype != DType::F32 || o.dims != layer.outputs[0].dims) return false;
    }
    for (const TensorInfo& i : layer.inputs) {
        if (i.dtype != DType::F32 || i.dims.size() > layer.outputs[0].dims.size()) return false;
    }
    return true;
}

uint64_t scratchFloats(const Program& p) {
    // The program's own strips, then one for each operand that is gathered or scattered.
    return static_cast<uint64_t>(p.scratchFloats()) + static_cast<uint64_t>(p.inputs() + p.outputs()) * Program::kStrip;
}

class Pointwise final : public Kernel {
public:
    Pointwise(const LayerDesc& layer, const IsaFamily& f) : program_(Program::compile(layer.program, f)) {}

    void run(const KernelArgs& args) override {
        const TensorView& y = args.outputs[0];
        if (y.count() == 0) return;
        std::vector<const TensorView*> operands;
        for (const TensorView& v : args.outputs) operands.push_back(&v);
        for (const TensorView& v : args.inputs) operands.push_back(&v);
        const Nest nest(std::span(y.dims.data(), static_cast<size_t>(y.rank)), operands);
        // A strip is part of one inner run, or several whole short ones.
        const int64_t runs = nest.inner() >= Program::kStrip / 2 ? 1 : std::min(nest.outer(), Program::kStrip / nest.inner());
        const int64_t perOuter = (nest.outer() + runs - 1) / runs;
        const int64_t perInner = runs > 1 ? 1 : (nest.inner() + kInnerStrip - 1) / kInnerStrip;
        const int64_t strips = nest.blocks() * perOuter * perInner;
        const int64_t stripFloats = runs > 1 ? runs * nest.inner() : std::min<int64_t>(nest.inner(), kInnerStrip);
        const auto body = [&](int64_t begin, int64_t end, int worker) {
            Strip strip(*program_, nest, operands, args.outputs.size(),
                        static_cast<float*>(args.workspace) + static_cast<uint64_t>(worker) * scratchFloats(*program_));
            for (int64_t s = begin; s < end; ++s) {
                const int64_t in = s % perInner;
                const int64_t out = s / perInner % perOuter;
                const int64_t firstRun = out * runs;
                const int64_t first = in * kInnerStrip;
                strip.run(s / perInner / perOuter, firstRun, std::min(runs, nest.outer() - firstRun), first,
                          runs > 1 ? nest.inner() : std::min<int64_t>(kInnerStrip, nest.inner() - first));
            }
        };
        const int64_t grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, stripFloats));
        if (args.pool) {
            args.pool->parallelFor(strips, grain, body);
        } else {
            body(0, strips, 0);
        }
    }

private:
    static constexpr int64_t kInnerStrip = Program::kStrip;

    class Strip {
    public:
        Strip(const Program& program, const Nest& nest, std::span<const TensorView* const> operands, size_t outputs, float* scratch)
            : program_(program), nest_(nest), operands_(operands), outputs_(outputs), scratch_(scratch), offsets_(operands.size()),
              in_(operands.size() - outputs), step_(operands.size() - outputs), out_(outputs) {}

        /// `runs` inner runs starting at (firstRun, first), `n` elements of each.
        void run(int64_t block, int64_t firstRun, int64_t runs, int64_t first, int64_t n) {
            nest_.blockOffsets(block, offsets_.data());
            float* spare = scratch_ + program_.scratchFloats();
            for (size_t o = 0; o < operands_.size(); ++o) {
                float* base = static_cast<float*>(operands_[o]->data) + offsets_[o] + firstRun * nest_.outerStride(o) +
                              first * nest_.innerStride(o);
                const int64_t inner = nest_.innerStride(o);
                const int64_t outer = nest_.outerStride(o);
                const bool dense = inner == 1 && (runs == 1 || outer == n);
                if (o < outputs_) {
                    out_[o] = dense ? base : spare + static_cast<int64_t>(o) * Program::kStrip;
                    continue;
                }
                const size_t i = o - outputs_;
                step_[i] = 1;
                if (dense) {
                    in_[i] = base;
                } else if (inner == 0 && (runs == 1 || outer == 0)) {
                    in_[i] = base;
                    step_[i] = 0;
                } else {
                    float* to = spare + static_cast<int64_t>(o) * Program::kStrip;
                    gather(base, inner, outer, runs, n, to);
                    in_[i] = to;
                }
            }
            program_.run(in_.data(), step_.data(), out_.data(), runs * n, scratch_);
            for (size_t o = 0; o < outputs_; ++o) {
                const int64_t inner = nest_.innerStride(o);
                const int64_t outer = nest_.outerStride(o);
                if (inner == 1 && (runs == 1 || outer == n)) continue;
                float* base = static_cast<float*>(operands_[o]->data) + offsets_[o] + firstRun * outer + first * inner;
                for (int64_t r = 0; r < runs; ++r) {
                    const float* from = out_[o] + r * n;
                    float* to = base + r * outer;
                    if (inner == 1) {
                        std::memcpy(to, from, static_cast<size_t>(n) * sizeof(float));
                    } else {
                        for (int64_t i = 0; i < n; ++i) to[i * inner] = from[i];
                    }
                }
            }
        }

    private:
        static void gather(const float* from, int64_t inner, int64_t outer, int64_t runs, int64_t n, float* to) {
            for (int64_t r = 0; r < runs; ++r, to += n) {
                const float* line = from + r * outer;
                if (inner == 1) {
                    std::memcpy(to, line, static_cast<size_t>(n) * sizeof(float));
                } else if (inner == 0) {
                    std::fill_n(to, n, *line);
                } else {
                    for (int64_t i = 0; i < n; ++i) to[i] = line[i * inner];
                }
            }
        }

        const Program& program_;
        const Nest& nest_;
        std::span<const TensorView* const> operands_;
        size_t outputs_;
        float* scratch_;
        std::vector<int64_t> offsets_;
        std::vector<const float*> in_;
        std::vector<uint8_t> step_;
        std::vector<float*> out_;
    };

    std::shared_ptr<const Program> program_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const IsaFamily& f, int threads) {
    if (!accepts(layer)) return std::nullopt;
    const auto program = Program::compile(layer.program, f);
    if (!program) return std::nullopt;
    TacticInfo info;
    info.inputLayouts.assign(layer.inputs.size(), "");
    info.outputLayouts.assign(layer.outputs.size(), "");
    info.packing.resize(layer.inputs.size());
    info.inputViews.assign(layer.inputs.size(), 1);
    info.outputViews.assign(layer.outputs.size(), 1);
    info.workspace = scratchFloats(*program) * sizeof(float) * static_cast<uint64_t>(std::max(1, threads));
    double bytes = 0;
    for (const TensorInfo& t : layer.inputs) bytes += 4.0 * static_cast<double>(t.count());
    for (const TensorInfo& t : layer.outputs) bytes += 4.0 * static_cast<double>(t.count());
    info.estimate = std::max(bytes / f.bytesPerNs, program->cost() * static_cast<double>(layer.outputs[0].count())) / threads + 1000;
    return info;
}

KernelRow row(const IsaFamily& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Pointwise";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return supports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<Pointwise>(l, f); };
    return r;
}

}  // namespace

SINTER_KERNEL(f32_pointwise_avx2){row(simd::kAvx2, "f32_pointwise__avx2")};
SINTER_KERNEL(f32_pointwise_avx512){row(simd::kAvx512, "f32_pointwise__avx512")};

}  // namespace sinter::pointwise
