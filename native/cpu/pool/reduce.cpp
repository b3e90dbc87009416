#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/thread_pool.h"
#include "cpu/matmul/epilogue.h"
#include "cpu/matmul/epilogue_tail.h"
#include "cpu/pool/folds.h"

/// Reduce over any axes of a strided tensor: vectors along a kept axis where it is the dense one, else along the reduced.
namespace sinter::pool {
namespace {

using simd::IsaFamily;

struct Plan {
    Fold fold = Fold::Sum;
    bool mean = false, root = false;
    std::vector<bool> reduced;        ///< per axis of x
    std::vector<int64_t> kept;        ///< dims of the result without the reduced axes
};

std::optional<Plan> planOf(const LayerDesc& layer) {
    if (layer.op != "Reduce" || layer.opInputs != 1 || layer.outputs.size() != 1) return std::nullopt;
    const TensorInfo& x = layer.inputs[0];
    if (x.dtype != DType::F32 || layer.outputs[0].dtype != DType::F32 || x.dims.empty() || x.count() == 0) return std::nullopt;
    Plan p;
    const std::string kind = layer.stringAttr("kind", "");
    if (kind == "Mean") p.mean = true;
    else if (kind == "Max") p.fold = Fold::Max;
    else if (kind == "Min") p.fold = Fold::Min;
    else if (kind == "SumSquare") p.fold = Fold::SumSquare;
    else if (kind == "L1") p.fold = Fold::SumAbs;
    else if (kind == "L2") p.fold = Fold::SumSquare, p.root = true;
    else if (kind != "Sum") return std::nullopt;
    p.reduced.assign(x.dims.size(), false);
    for (int64_t a : layer.intsAttr("axes")) {
        const int64_t axis = a < 0 ? a + static_cast<int64_t>(x.dims.size()) : a;
        if (axis < 0 || axis >= static_cast<int64_t>(x.dims.size())) return std::nullopt;
        p.reduced[static_cast<size_t>(axis)] = true;
    }
    for (size_t i = 0; i < x.dims.size(); ++i) {
        if (!p.reduced[i]) p.kept.push_back(x.dims[i]);
    }
    int64_t count = 1;
    for (int64_t d : p.kept) count *= d;
    if (count != layer.outputs[0].count()) return std::nullopt;
    return p;
}

/// Offsets of all elements of a nest of axes, row-major.
std::vector<int64_t> offsetsOf(std::span<const int64_t> dims, std::span<const int64_t> strides) {
    std::vector<int64_t> all{0};
    for (size_t a = 0; a < dims.size(); ++a) {
        std::vector<int64_t> next;
        next.reserve(all.size() * static_cast<size_t>(dims[a]));
        for (int64_t base : all) {
            for (int64_t i = 0; i < dims[a]; ++i) next.push_back(base + i * strides[a]);
        }
        all = std::move(next);
    }
    return all;
}

class Reduce final : public Kernel {
public:
    Reduce(const LayerDesc& layer, const Plan& p, const IsaFamily& f)
        : plan_(p), folds_(f.isa == Isa::Avx2 ? foldsAvx2() : foldsAvx512()),
          result_(layer.outputs[0].dims) {
        if (!layer.program.empty()) general_ = pointwise::Program::compile(layer.program, f);
    }

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const TensorView& y = args.outputs[0];
        // Axes of x that remain, the dense one apart; axes that go, the dense one apart.
        std::vector<int64_t> keptDims, keptStrides, goneDims, goneStrides;
        int dense = -1;
        for (int a = 0; a < x.rank; ++a) {
            if (x.dims[a] > 1 && x.strides[a] == 1) dense = a;
        }
        const bool byColumns = dense >= 0 && !plan_.reduced[static_cast<size_t>(dense)];
        int64_t innerReduced = 1;
        int64_t reducedCount = 1;
        for (int a = 0; a < x.rank; ++a) {
            const bool gone = plan_.reduced[static_cast<size_t>(a)];
            if (gone) reducedCount *= x.dims[a];
            if (a == dense) {
                if (gone) innerReduced = x.dims[a];
                continue;
            }
            (gone ? goneDims : keptDims).push_back(x.dims[a]);
            (gone ? goneStrides : keptStrides).push_back(x.strides[a]);
        }
        const std::vector<int64_t> gone = offsetsOf(goneDims, goneStrides);
        const std::vector<int64_t> from = offsetsOf(keptDims, keptStrides);
        const std::vector<int64_t> to = resultOffsets(x, y, byColumns ? dense : -1);
        const int64_t columns = byColumns ? x.dims[dense] : 1;
        const int64_t columnStride = byColumns ? resultStride(x, y, dense) : 1;
        const float scale = plan_.mean ? 1.0f / static_cast<float>(reducedCount) : 1.0f;
        const int fold = static_cast<int>(plan_.fold);
        const float* const base = x.as<const float>();
        float* const out = y.as<float>();
        // A long run of columns is shared out in blocks.
        constexpr int64_t kBlock = 64;
        const int64_t blocks = byColumns ? (columns + kBlock - 1) / kBlock : 1;
        const auto body = [&](int64_t begin, int64_t end, int) {
            std::vector<const float*> taps(gone.size());
            float held[kBlock];
            for (int64_t i = begin; i < end; ++i) {
                const float* source = base + from[static_cast<size_t>(i / blocks)];
                float* target = out + to[static_cast<size_t>(i / blocks)];
                if (!byColumns) {
                    float sum = 0;
                    for (size_t g = 0; g < gone.size(); ++g) {
                        const float v = innerReduced == 1 && dense < 0 ? start(source[gone[g]]) : folds_.rows[fold](source + gone[g], innerReduced);
                        sum = g == 0 ? v : merge(sum, v);
                    }
                    *target = finish(sum * scale);
                    continue;
                }
                const int64_t first = i % blocks * kBlock;
                const int64_t n = std::min(kBlock, columns - first);
                for (size_t g = 0; g < gone.size(); ++g) taps[g] = source + gone[g] + first;
                Columns c{};
                c.taps = taps.data();
                c.count = static_cast<int64_t>(gone.size());
                c.out = columnStride == 1 && !plan_.root ? target + first : held;
                c.channels = n;
                c.scale = scale;
                folds_.columns[fold](c);
                if (c.out == held) {
                    for (int64_t j = 0; j < n; ++j) target[(first + j) * columnStride] = finish(held[j]);
                }
            }
        };
        const int64_t items = static_cast<int64_t>(from.size()) * blocks;
        const int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(1, reducedCount * std::min(columns, kBlock)));
        if (args.pool) {
            args.pool->parallelFor(items, grain, body);
        } else {
            body(0, items, 0);
        }
        if (general_) applyProgram(args);
    }

private:
    float start(float v) const {
        return plan_.fold == Fold::SumSquare ? v * v : plan_.fold == Fold::SumAbs ? std::fabs(v) : v;
    }
    float merge(float a, float b) const {
        if (plan_.fold == Fold::Max) return b > a || std::isnan(b) ? b : a;
        if (plan_.fold == Fold::Min) return b < a || std::isnan(b) ? b : a;
        return a + b;
    }
    float finish(float v) const { return plan_.root ? std::sqrt(v) : v; }

    /// Axis of y that holds axis `axis` of x.
    static int resultAxis(const TensorView& x, const TensorView& y, const std::vector<bool>& reduced, int axis) {
        if (y.rank == x.rank) return axis;
        int at = 0;
        for (int a = 0; a < axis; ++a) at += !reduced[static_cast<size_t>(a)];
        return at;
    }
    int64_t resultStride(const TensorView& x, const TensorView& y, int axis) const {
        return y.strides[resultAxis(x, y, plan_.reduced, axis)];
    }
    std::vector<int64_t> resultOffsets(const TensorView& x, const TensorView& y, int without) const {
        std::vector<int64_t> dims, strides;
        for (int a = 0; a < x.rank; ++a) {
            if (plan_.reduced[static_cast<size_t>(a)] || a == without) continue;
            dims.push_back(x.dims[a]);
            strides.push_back(resultStride(x, y, a));
        }
        return offsetsOf(dims, strides);
    }

    /// The result is small: the epilogue runs over it once it is complete.
    void applyProgram(const KernelArgs& args) const {
        const TensorView& y = args.outputs[0];
        const int axis = y.rank - 1;
        const std::vector<gemm::Extra> extras = gemm::bindExtras(args.inputs.subspan(1), result_, axis);
        gemm::EpilogueTail tail(*general_, extras, static_cast<float*>(args.workspace));
        const gemm::RowMap rows = gemm::rowsOf(y, axis);
        const int64_t columns = y.dims[axis];
        std::vector<float> held(static_cast<size_t>(columns));
        for (int64_t r = 0; r < y.count() / columns; ++r) {
            int64_t offset = 0;
            rows.offsets(r, 1, &offset);
            float* line = y.as<float>() + offset;
            const int64_t step = y.strides[axis];
            for (int64_t c = 0; c < columns; ++c) held[static_cast<size_t>(c)] = line[c * step];
            tail.apply(r, 0, columns, held.data());
            for (int64_t c = 0; c < columns; ++c) line[c * step] = held[static_cast<size_t>(c)];
        }
    }

    Plan plan_;
    const Folds& folds_;
    std::vector<int64_t> result_;
    std::shared_ptr<const pointwise::Program> general_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const IsaFamily& f, int threads) {
    const auto p = planOf(layer);
    if (!p) return std::nullopt;
    TacticInfo info;
    if (!layer.program.empty()) {
        const auto epilogue = gemm::compileEpilogue(layer, layer.outputs[0].dims, f);
        const auto program = pointwise::Program::compile(layer.program, f);
        if (!epilogue || !program || program->outputs() != 1 || layer.outputs[0].dims.empty()) return std::nullopt;
        info.workspace = static_cast<uint64_t>(gemm::EpilogueTail::scratchFloats(program.get())) * sizeof(float);
    }
    info.inputLayouts.assign(layer.inputs.size(), "");
    info.outputLayouts = {""};
    info.packing.resize(layer.inputs.size());
    info.inputViews.assign(layer.inputs.size(), 1);
    info.outputViews = {1};
    info.estimate = 4 * static_cast<double>(layer.inputs[0].count()) / (2 * f.bytesPerNs) / threads + 1200 + 2 * static_cast<double>(layer.outputs[0].count());
    return info;
}

KernelRow row(const IsaFamily& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Reduce";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return supports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<Reduce>(l, *planOf(l), f); };
    return r;
}

}  // namespace

SINTER_KERNEL(f32_reduce_avx2){row(simd::kAvx2, "f32_reduce__avx2")};
SINTER_KERNEL(f32_reduce_avx512){row(simd::kAvx512, "f32_reduce__avx512")};

}  // namespace sinter::pool
