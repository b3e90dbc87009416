#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "cpu/conv/geometry.h"
#include "cpu/conv/support.h"
#include "cpu/conv/winograd_kernels.h"
#include "cpu/matmul/gemm.h"

/// 3×3 convolution by F(4×4, 3×3): 36 products over tiles instead of 9 over pixels, a quarter of the multiplications.
namespace sinter::conv {
namespace {

using gemm::Epilogue;
using gemm::Panel;
using gemm::PanelPlan;
using simd::IsaFamily;

constexpr int64_t kXi = 36;
constexpr int64_t kMaxTiles = 56;       // tiles of a block: enough reuse of the weights from beyond the second-level cache
constexpr int64_t kCacheBytes = 3 << 19;  // of the second-level cache, for the block and the weights

struct Plan {
    Geometry g;
    PanelPlan panels;            ///< of one xi
    int64_t tilesH = 0, tilesW = 0, tiles = 0;
    int64_t blockTiles = 0;
    int64_t vRow = 0, vStep = 0;  ///< floats: a tile's channels, one xi of a block
    int64_t mRow = 0, mStep = 0;
    bool sharedBlock = false;    ///< few tiles: the threads work on one block together

    int64_t blockFloats() const { return kXi * (vStep + mStep); }
    int64_t weightFloats() const { return kXi * panels.packedFloats; }
};

/// A number of lines that is odd, so that 36 rows written side by side fall on different cache sets.
int64_t oddLines(int64_t floats) {
    const int64_t lines = (floats + 15) / 16;
    return (lines | 1) * 16;
}

std::optional<Plan> planOf(const LayerDesc& layer, const IsaFamily& f, int threads) {
    const auto g = geometryOf(layer);
    if (!g || g->rank != 4 || g->groups != 1 || g->inChannels < 16 || g->outChannels < 16) return std::nullopt;
    for (size_t a : {1u, 2u}) {
        if (g->kernel[a] != 3 || g->stride[a] != 1 || g->dilation[a] != 1) return std::nullopt;
    }
    if (g->out[1] < 4 || g->out[2] < 4) return std::nullopt;
    Plan p;
    p.g = *g;
    p.panels = gemm::planPanels(f.lanes, g->inChannels, g->outChannels, layer.intsAttr("splits"), 1);
    p.tilesH = (g->out[1] + 3) / 4;
    p.tilesW = (g->out[2] + 3) / 4;
    p.tiles = g->batch * p.tilesH * p.tilesW;
    p.vRow = (g->inChannels + 15) / 16 * 16 + 16;
    p.mRow = p.panels.packedFloats / g->inChannels;
    const int64_t perTile = kXi * (p.vRow + p.mRow) * 4;
    const int64_t weights = p.weightFloats() * 4;
    int64_t block = weights < kCacheBytes / 2 ? (kCacheBytes - weights) / perTile : kMaxTiles;
    block = std::clamp<int64_t>(block, 2 * f.tileRows, kMaxTiles);
    if (threads > 1 && p.tiles < 2 * threads * block) {
        p.sharedBlock = true;
        block = 2 * kMaxTiles;
    }
    // Equal blocks.
    const int64_t blocks = (p.tiles + block - 1) / block;
    p.blockTiles = (p.tiles + blocks - 1) / blocks;
    p.vStep = oddLines(p.blockTiles * p.vRow);
    p.mStep = oddLines(p.blockTiles * p.mRow);
    return p;
}

class Winograd final : public Kernel {
public:
    Winograd(const LayerDesc& layer, const Plan& p, const IsaFamily& f)
        : name_(layer.name), opInputs_(layer.opInputs), p_(p), kernels_(gemm::kernelsOf(f)),
          transforms_(f.isa == Isa::Avx2 ? winogradAvx2() : winogradAvx512()),
          epilogue_(*gemm::compileEpilogue(layer, p.g.resultDims(), f)), zeros_(static_cast<size_t>(p.g.inChannels), 0.0f),
          weightsStay_(p.weightFloats() * 4 < kCacheBytes / 2) {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        bool channelsLast = x.strides[1] == 1;
        for (const TensorView& o : args.outputs) channelsLast = channelsLast && (o.strides[1] == 1 || o.dims[1] == 1);
        if (!channelsLast) throw std::runtime_error("Layer \"" + name_ + "\" wants its tensors channels last.");
        const std::vector<gemm::Extra> extras = gemm::bindExtras(args.inputs.subspan(opInputs_), p_.g.resultDims(), 1);
        const int64_t blocks = (p_.tiles + p_.blockTiles - 1) / p_.blockTiles;
        const int64_t perWorker = p_.blockFloats() + gemm::EpilogueTail::scratchFloats(epilogue_.general.get());
        auto* const workspace = static_cast<float*>(args.workspace);
        if (p_.sharedBlock && args.pool) {
            float* const v = workspace;
            float* const tails = workspace + p_.blockFloats();
            const int64_t tailFloats = perWorker - p_.blockFloats();
            for (int64_t b = 0; b < blocks; ++b) {
                const int64_t first = b * p_.blockTiles;
                const int64_t count = std::min(p_.blockTiles, p_.tiles - first);
                args.pool->parallelFor(count, 1, [&](int64_t begin, int64_t end, int) { transformInput(x, first, begin, end, v); });
                const auto panels = static_cast<int64_t>(p_.panels.panels.size());
                args.pool->parallelFor(kXi * panels, 1, [&](int64_t begin, int64_t end, int) {
                    multiply(args, count, begin, end, v);
                });
                args.pool->parallelFor(count, 1, [&](int64_t begin, int64_t end, int worker) {
                    transformOutput(args, extras, first, begin, end, v, tails + worker * tailFloats);
                });
            }
            return;
        }
        const auto body = [&](int64_t begin, int64_t end, int worker) {
            float* const v = workspace + worker * perWorker;
            for (int64_t b = begin; b < end; ++b) {
                const int64_t first = b * p_.blockTiles;
                const int64_t count = std::min(p_.blockTiles, p_.tiles - first);
                transformInput(x, first, 0, count, v);
                multiply(args, count, 0, kXi * static_cast<int64_t>(p_.panels.panels.size()), v);
                transformOutput(args, extras, first, 0, count, v, v + p_.blockFloats());
            }
        };
        if (args.pool) {
            args.pool->parallelFor(blocks, 1, body);
        } else {
            body(0, blocks, 0);
        }
    }

    static uint64_t workspaceBytes(const Plan& p, const Epilogue& e, int threads) {
        const int64_t tail = gemm::EpilogueTail::scratchFloats(e.general.get());
        const int64_t floats = p.sharedBlock ? p.blockFloats() + threads * tail : threads * (p.blockFloats() + tail);
        return static_cast<uint64_t>(floats) * sizeof(float);
    }

private:
    struct At {
        int64_t n, h, w;  ///< image, and the first output pixel
    };
    At at(int64_t tile) const {
        return {tile / (p_.tilesH * p_.tilesW), tile / p_.tilesW % p_.tilesH * 4, tile % p_.tilesW * 4};
    }

    void transformInput(const TensorView& x, int64_t first, int64_t begin, int64_t end, float* v) const {
        const Geometry& g = p_.g;
        const float* pixels[kXi];
        WinogradInput t{};
        t.pixels = pixels;
        t.channels = g.inChannels;
        t.step = p_.vStep;
        for (int64_t i = begin; i < end; ++i) {
            const At a = at(first + i);
            const float* image = x.as<const float>() + a.n * x.strides[0];
            for (int64_t r = 0; r < 6; ++r) {
                const int64_t h = a.h - g.pad[1] + r;
                const bool row = h >= 0 && h < g.in[1];
                for (int64_t c = 0; c < 6; ++c) {
                    const int64_t w = a.w - g.pad[2] + c;
                    pixels[r * 6 + c] = row && w >= 0 && w < g.in[2] ? image + h * x.strides[2] + w * x.strides[3] : zeros_.data();
                }
            }
            t.v = v + i * p_.vRow;
            transforms_.input(t);
        }
    }

    /// Products [begin, end) of xi-major (xi, panel) pairs over the block's `count` tiles.
    void multiply(const KernelArgs& args, int64_t count, int64_t begin, int64_t end, float* block) const {
        const auto panels = static_cast<int64_t>(p_.panels.panels.size());
        const int64_t rowTiles = (count + kernels_.maxRows - 1) / kernels_.maxRows;
        const float* const weights = args.inputs[1].as<const float>();
        const float* a[16];
        float* c[16];
        gemm::Tile t{};
        t.a = a;
        t.c = c;
        t.taps = 1;
        t.klen = p_.g.inChannels;
        t.alpha = 1;
        t.lo = -std::numeric_limits<float>::infinity();
        t.hi = std::numeric_limits<float>::infinity();
        for (int64_t item = begin; item < end; ++item) {
            const int64_t xi = item / panels;
            const Panel& panel = p_.panels.panels[static_cast<size_t>(item % panels)];
            const float* const b = weights + xi * p_.panels.packedFloats + panel.packed;
            t.b = b;
            t.width = panel.vecs * p_.panels.lanes;
            // The next panel, through all the row tiles of this one.
            const int64_t length = t.width * t.klen;
            t.prefetchStep = item + 1 < end && !weightsStay_ ? 4 * std::min<int64_t>(16, (length / rowTiles + t.klen - 1) / t.klen) : 0;
            t.cOffset = panel.packed / p_.g.inChannels;
            const float* v = block + xi * p_.vStep;
            float* m = block + kXi * p_.vStep + xi * p_.mStep;
            for (int64_t r = 0; r < rowTiles; ++r) {
                const int64_t first = count * r / rowTiles;
                const int rows = static_cast<int>(count * (r + 1) / rowTiles - first);
                for (int i = 0; i < rows; ++i) {
                    a[i] = v + (first + i) * p_.vRow;
                    c[i] = m + (first + i) * p_.mRow;
                }
                t.prefetch = b + (t.prefetchStep == 0 ? 0 : length + length * r / rowTiles);
                (panel.vecs == 2 ? kernels_.wide : kernels_.narrow)[rows - 1](t);
            }
        }
    }

    void transformOutput(const KernelArgs& args, std::span<const gemm::Extra> extras, int64_t first, int64_t begin, int64_t end,
                         const float* block, float* tailScratch) const {
        const Geometry& g = p_.g;
        std::optional<gemm::EpilogueTail> tail;
        if (epilogue_.general) tail.emplace(*epilogue_.general, extras, tailScratch);
        const float* const bias = opInputs_ > 2 && args.inputs[2].present() ? args.inputs[2].as<const float>() : nullptr;
        WinogradOutput t{};
        t.step = p_.mStep;
        t.lo = epilogue_.general ? -std::numeric_limits<float>::infinity() : epilogue_.lo;
        t.hi = epilogue_.general ? std::numeric_limits<float>::infinity() : epilogue_.hi;
        float* pixels[16];
        const float* residual[16];
        t.pixels = pixels;
        for (int64_t i = begin; i < end; ++i) {
            const At a = at(first + i);
            const float* m = block + kXi * p_.vStep + i * p_.mRow;
            for (const Panel& panel : p_.panels.panels) {
                const TensorView& y = args.outputs[static_cast<size_t>(panel.output)];
                for (int64_t r = 0; r < 4; ++r) {
                    for (int64_t c = 0; c < 4; ++c) {
                        const int64_t h = a.h + r;
                        const int64_t w = a.w + c;
                        const int64_t p = r * 4 + c;
                        pixels[p] = nullptr;
                        residual[p] = nullptr;
                        if (h >= g.out[1] || w >= g.out[2]) continue;
                        pixels[p] = y.as<float>() + a.n * y.strides[0] + h * y.strides[2] + w * y.strides[3] + panel.outputColumn;
                        if (epilogue_.residual < 0) continue;
                        const gemm::Extra& e = extras[static_cast<size_t>(epilogue_.residual)];
                        int64_t offset = 0;
                        e.rows.offsets((a.n * g.out[1] + h) * g.out[2] + w, 1, &offset);
                        residual[p] = e.base + offset + panel.column;
                    }
                }
                t.m = m + panel.packed / g.inChannels;
                t.residual = epilogue_.residual < 0 ? nullptr : residual;
                t.bias = bias ? bias + panel.column : nullptr;
                t.channels = panel.width;
                transforms_.output(t);
                if (!tail) continue;
                for (int64_t p = 0; p < 16; ++p) {
                    if (pixels[p] == nullptr) continue;
                    tail->apply((a.n * g.out[1] + a.h + p / 4) * g.out[2] + a.w + p % 4, panel.column, panel.width, pixels[p]);
                }
            }
        }
    }

    std::string name_;
    uint32_t opInputs_;
    Plan p_;
    const gemm::Kernels& kernels_;
    const WinogradTransforms& transforms_;
    Epilogue epilogue_;
    std::vector<float> zeros_;
    bool weightsStay_;  ///< in the second-level cache, from block to block
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const IsaFamily& f, int threads) {
    const auto p = planOf(layer, f, threads);
    if (!p) return std::nullopt;
    const auto epilogue = gemm::compileEpilogue(layer, p->g.resultDims(), f);
    if (!epilogue) return std::nullopt;
    TacticInfo info = layoutsOf(layer, *epilogue);
    info.packing[1] = {std::string("f32_conv2d_winograd4_panels_x") + std::to_string(2 * f.lanes),
                       static_cast<uint64_t>(p->weightFloats()) * sizeof(float)};
    info.workspace = Winograd::workspaceBytes(*p, *epilogue, threads);
    const double tiles = static_cast<double>(p->tiles);
    const double columns = static_cast<double>(p->mRow);
    const double channels = static_cast<double>(p->g.inChannels);
    // Few tiles leave register tiles half empty; many weights come from memory once per block.
    const double rows = static_cast<double>(p->blockTiles);
    const double fill = std::min(1.0, rows / 8);
    const double compute = 2 * kXi * tiles * channels * columns / (f.flopsPerNs * fill);
    const double blocks = std::ceil(tiles / rows);
    const double fetched = 4 * static_cast<double>(p->weightFloats()) * (p->weightFloats() * 4 > kCacheBytes / 2 ? blocks : 1) / f.bytesPerNs;
    const double transforms = tiles * kXi * (channels + columns) * (f.isa == Isa::Avx2 ? 0.24 : 0.12);
    const double program = epilogue->general ? epilogue->general->cost() * tiles * 16 * columns : 0;
    info.estimate = (std::max(compute, fetched) + transforms + program) / threads + (p->sharedBlock ? 6000 : 2000);
    return info;
}

void pack(const LayerDesc& layer, const IsaFamily& f, int input, const void* raw, void* packed) {
    const auto p = planOf(layer, f, 1);
    if (!p || input != 1) throw std::runtime_error("Layer \"" + layer.name + "\" has no such packed constant.");
    // Row of point p: [1, p, p²] over the product of its distances to the other points.
    constexpr double a = kWinogradA, b = kWinogradB, a2 = a * a, b2 = b * b;
    constexpr double fa = 1 / (2 * a2 * (a2 - b2)), fb = 1 / (2 * b2 * (b2 - a2));
    static constexpr double kG[6][3] = {{1 / (a2 * b2), 0, 0},  {fa, fa * a, fa * a2},  {fa, -fa * a, fa * a2},
                                        {fb, fb * b, fb * b2}, {fb, -fb * b, fb * b2}, {0, 0, 1}};
    const int64_t channels = p->g.inChannels;
    const auto* w = static_cast<const float*>(raw);
    auto* out = static_cast<float*>(packed);
    std::fill_n(out, p->weightFloats(), 0.0f);
    for (const Panel& panel : p->panels.panels) {
        const int64_t stride = panel.vecs * p->panels.lanes;
        for (int j = 0; j < panel.width; ++j) {
            for (int64_t c = 0; c < channels; ++c) {
                const float* g = w + ((panel.column + j) * channels + c) * 9;
                double half[6][3];
                for (int i = 0; i < 6; ++i) {
                    for (int k = 0; k < 3; ++k) half[i][k] = kG[i][0] * g[k] + kG[i][1] * g[3 + k] + kG[i][2] * g[6 + k];
                }
                for (int i = 0; i < 6; ++i) {
                    for (int k = 0; k < 6; ++k) {
                        const double u = half[i][0] * kG[k][0] + half[i][1] * kG[k][1] + half[i][2] * kG[k][2];
                        out[(i * 6 + k) * p->panels.packedFloats + panel.packed + c * stride + j] = static_cast<float>(u);
                    }
                }
            }
        }
    }
}

KernelRow row(const IsaFamily& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Conv";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return supports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int threads) -> std::unique_ptr<Kernel> {
        return std::make_unique<Winograd>(l, *planOf(l, f, threads), f);
    };
    r.pack = [&f](const LayerDesc& l, int input, const void* raw, void* packed) { pack(l, f, input, raw, packed); };
    return r;
}

}  // namespace

SINTER_KERNEL(f32_winograd4_avx2){row(simd::kAvx2, "f32_conv2d_winograd4__avx2")};
SINTER_KERNEL(f32_winograd4_avx512){row(simd::kAvx512, "f32_conv2d_winograd4__avx512")};

}  // namespace sinter::conv
