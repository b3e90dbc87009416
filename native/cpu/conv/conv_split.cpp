#include <algorithm>
#include <stdexcept>

#include "cpu/conv/geometry.h"
#include "cpu/conv/support.h"
#include "cpu/matmul/split_gemm.h"

/// Convolution on the matrix units: the input is copied once, padded and split into bfloat16 parts, one plane for each
/// phase of the stride, so that the rows of every tap of a register tile are evenly spaced.
namespace sinter::conv {
namespace {

using gemm::Epilogue;
using gemm::PanelPlan;
using gemm::SplitShape;

struct Plan {
    Geometry g;
    SplitShape shape;
    PanelPlan panels;
    int64_t phasesH = 1, phasesW = 1;
    int64_t lines = 0, pitch = 0;  ///< of one phase plane
};

std::optional<Plan> planOf(const LayerDesc& layer) {
    if (!gemm::splitAvailable()) return std::nullopt;
    const auto g = geometryOf(layer);
    if (!g || g->rank != 4 || g->groups != 1 || g->inChannels < 16) return std::nullopt;
    Plan p;
    p.g = *g;
    p.phasesH = std::min(g->stride[1], (g->kernel[1] - 1) * g->dilation[1] + 1);
    p.phasesW = std::min(g->stride[2], (g->kernel[2] - 1) * g->dilation[2] + 1);
    p.lines = g->out[1] + (g->kernel[1] - 1) * g->dilation[1] / g->stride[1];
    p.pitch = g->out[2] + (g->kernel[2] - 1) * g->dilation[2] / g->stride[2];
    p.shape.images = g->batch;
    p.shape.imageRows = p.phasesH * p.phasesW * p.lines * p.pitch;
    p.shape.lines = g->out[1];
    p.shape.pitch = p.pitch;
    p.shape.width = g->out[2];
    p.shape.k = g->inChannels;
    p.shape.tapRows.clear();
    for (int64_t kh = 0; kh < g->kernel[1]; ++kh) {
        for (int64_t kw = 0; kw < g->kernel[2]; ++kw) {
            const int64_t h = kh * g->dilation[1];
            const int64_t w = kw * g->dilation[2];
            const int64_t phase = h % g->stride[1] * p.phasesW + w % g->stride[2];
            p.shape.tapRows.push_back((phase * p.lines + h / g->stride[1]) * p.pitch + w / g->stride[2]);
        }
    }
    p.panels = gemm::planSplitPanels(p.shape, g->outChannels, layer.intsAttr("splits"));
    return p;
}

class ConvSplit final : public Kernel {
public:
    ConvSplit(const LayerDesc& layer, Plan p)
        : name_(layer.name), opInputs_(layer.opInputs), p_(std::move(p)),
          epilogue_(*gemm::compileEpilogue(layer, p_.g.resultDims(), simd::kAvx512)) {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        if (x.strides[1] != 1) throw std::runtime_error("Layer \"" + name_ + "\" wants its input channels last.");
        auto* const split = static_cast<uint16_t*>(args.workspace);
        splitInput(x, split, args.pool);
        std::vector<gemm::Output> outputs;
        for (const TensorView& o : args.outputs) outputs.push_back({o.as<float>(), gemm::rowsOf(o, 1)});
        const std::vector<gemm::Extra> extras = gemm::bindExtras(args.inputs.subspan(opInputs_), p_.g.resultDims(), 1);
        gemm::Operands operands;
        operands.weights = args.inputs[1].as<const float>();
        operands.bias = opInputs_ > 2 && args.inputs[2].present() ? args.inputs[2].as<const float>() : nullptr;
        operands.outputs = outputs;
        operands.extras = extras;
        const int64_t floats = (p_.shape.halves() * 2 + 63) / 64 * 16;
        gemm::runSplit(p_.shape, p_.panels, epilogue_, operands, split, args.pool, static_cast<float*>(args.workspace) + floats);
    }

private:
    void splitInput(const TensorView& x, uint16_t* split, ThreadPool* pool) const {
        const Geometry& g = p_.g;
        const gemm::SplitKernels& kernels = gemm::splitKernels();
        const int64_t row = p_.shape.rowHalves();
        const int64_t low = p_.shape.paddedK();
        const int64_t phases = p_.phasesH * p_.phasesW;
        const auto body = [&](int64_t begin, int64_t end, int) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t line = i % p_.lines;
                const int64_t phase = i / p_.lines % phases;
                const int64_t n = i / p_.lines / phases;
                const int64_t h = line * g.stride[1] + phase / p_.phasesW - g.pad[1];
                uint16_t* to = split + (n * p_.shape.imageRows + (phase * p_.lines + line) * p_.pitch) * row;
                for (int64_t c = 0; c < p_.pitch; ++c, to += row) {
                    const int64_t w = c * g.stride[2] + phase % p_.phasesW - g.pad[2];
                    if (h < 0 || h >= g.in[1] || w < 0 || w >= g.in[2]) {
                        std::fill_n(to, row, uint16_t{0});
                    } else {
                        kernels.split(x.as<const float>() + n * x.strides[0] + h * x.strides[2] + w * x.strides[3], g.inChannels, low, to, to + low);
                    }
                }
            }
        };
        const int64_t lines = g.batch * phases * p_.lines;
        // Register tiles may read past the last row.
        std::fill_n(split + g.batch * p_.shape.imageRows * row, 32 * row, uint16_t{0});
        if (pool) {
            pool->parallelFor(lines, 2, body);
        } else {
            body(0, lines, 0);
        }
    }

    std::string name_;
    uint32_t opInputs_;
    Plan p_;
    Epilogue epilogue_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, int threads) {
    const auto p = planOf(layer);
    if (!p) return std::nullopt;
    const auto epilogue = gemm::compileEpilogue(layer, p->g.resultDims(), simd::kAvx512);
    if (!epilogue) return std::nullopt;
    TacticInfo info = layoutsOf(layer, *epilogue);
    info.packing[1] = {"f32_conv2d_bf16x3_panels_x32", static_cast<uint64_t>(p->panels.packedFloats) * 2};
    info.workspace = gemm::splitWorkspaceBytes(p->shape, *epilogue, threads);
    info.estimate = gemm::splitEstimate(p->shape, p->panels, *epilogue) / threads + 3000;
    return info;
}

void pack(const LayerDesc& layer, int input, const void* raw, void* packed) {
    const auto p = planOf(layer);
    if (!p || input != 1) throw std::runtime_error("Layer \"" + layer.name + "\" has no such packed constant.");
    const auto* w = static_cast<const float*>(raw);
    const int64_t channels = p->g.inChannels;
    const int64_t taps = p->g.taps();
    gemm::packSplitPanels(p->shape, p->panels, static_cast<uint16_t*>(packed),
                          [&](int64_t tap, int64_t k, int64_t column) { return w[(column * channels + k) * taps + tap]; });
}

KernelRow row() {
    KernelRow r;
    r.name = "f32_conv2d_bf16x3__amx_32x32";
    r.op = "Conv";
    r.isa = Isa::Avx512;
    r.supports = supports;
    r.make = [](const LayerDesc& l, int) -> std::unique_ptr<Kernel> {
        auto p = planOf(l);
        if (!p) throw std::runtime_error("Layer \"" + l.name + "\" was built for a CPU with AMX, which this machine does not offer.");
        return std::make_unique<ConvSplit>(l, std::move(*p));
    };
    r.pack = pack;
    return r;
}

}  // namespace

SINTER_KERNEL(f32_conv2d_bf16x3){row()};

}  // namespace sinter::conv
