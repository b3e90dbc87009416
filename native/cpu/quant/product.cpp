#include "cpu/quant/product.h"

#include <algorithm>

namespace sinter::quant {
namespace {

constexpr int kMaxRows = 16;
constexpr int64_t kWeightBlock = 5 << 17;  // bytes of packed weights that share the second-level cache with the next ones

int64_t align(int64_t n) { return (n + 63) / 64 * 64; }

/// Bytes of one worker's workspace in front of the interpreter's scratch: a float tile over all columns.
int64_t tileBytes(const Plan& plan, const gemm::Epilogue& e) { return e.general ? align(kMaxRows * plan.columns * 4) : 0; }
int64_t workerBytes(const Plan& plan, const gemm::Epilogue& e) {
    return tileBytes(plan, e) + align(gemm::EpilogueTail::scratchFloats(e.general.get()) * 4);
}

/// A quantized operand of an interpreted epilogue as dense float32.
TensorView dequantize(const TensorInfo& info, const TensorView& v, float* to) {
    TensorView plain = v;
    plain.data = to;
    plain.dtype = DType::F32;
    plain.strides = linearStrides(std::span(v.dims.data(), static_cast<size_t>(v.rank)));
    gemm::RowMap rows;
    for (int a = 0; a < v.rank; ++a) rows.push(v.dims[static_cast<size_t>(a)], v.strides[static_cast<size_t>(a)]);
    const auto scale = static_cast<float>(info.scale[0]);
    const int64_t count = v.count();
    for (int64_t i = 0; i < count; i += kMaxRows) {
        int64_t offsets[kMaxRows];
        const int n = static_cast<int>(std::min<int64_t>(kMaxRows, count - i));
        rows.offsets(i, n, offsets);
        for (int j = 0; j < n; ++j) {
            const int64_t stored = v.dtype == DType::I8 ? v.as<const int8_t>()[offsets[j]] : v.as<const uint8_t>()[offsets[j]];
            to[i + j] = static_cast<float>(stored - info.zeroPoint) * scale;
        }
    }
    return plain;
}

}  // namespace

const Family& familyVnni() {
    static constexpr Family f{Isa::Avx512Vnni, simd::kAvx512, kernelsVnni, rowMoveAvx512, 380};
    return f;
}
const Family& familyAvx512() {
    static constexpr Family f{Isa::Avx512, simd::kAvx512, kernelsAvx512, rowMoveAvx512, 108};
    return f;
}
const Family& familyAvx2() {
    static constexpr Family f{Isa::Avx2, simd::kAvx2, kernelsAvx2, rowMoveAvx2, 80};
    return f;
}

const Family& familyAvx2Bytes() {
    static constexpr Family f{Isa::Avx2, simd::kAvx2, kernelsAvx2Bytes, rowMoveAvx2, 100};
    return f;
}

bool formTakes(const LayerDesc& layer, const Family& f) {
    const TensorInfo& w = layer.inputs[1];
    const Form form = f.kernels().form;
    if (form == Form::Pairs) return true;
    // Less their zero point imported weights must be int8 again.
    if (w.dtype != DType::F32 && w.zeroPoint != (w.dtype == DType::U8 ? 128 : 0)) return false;
    if (form == Form::Unsigned) return true;
    // Weights that are quantized here are at most 127; imported ones may be -128.
    return layer.inputs[0].dtype == DType::I8 && layer.inputs[0].zeroPoint == 0 && w.dtype == DType::F32;
}

bool fitsInt32(const LayerDesc& layer, int64_t products) {
    return products <= INT32_MAX / (255 * (layer.inputs[1].dtype == DType::F32 ? 127 : 255));
}

bool readableRow(const TensorInfo& t) { return t.quantized() ? isStored(t) : t.dtype == DType::F32; }

Plan planProduct(const Kernels& k, int64_t rows, int64_t taps, int64_t klen, int64_t columns, std::span<const int64_t> splits, int64_t groups) {
    Plan plan;
    plan.rows = rows;
    plan.taps = taps;
    plan.klen = klen;
    plan.columns = columns;
    plan.wordsPerTap = (klen + k.perWord - 1) / k.perWord;
    // The float kernels' cut is the same; only sizes differ.
    const gemm::PanelPlan cut = gemm::planPanels(k.lanes, plan.taps * plan.wordsPerTap, columns, splits, groups);
    for (const gemm::Panel& p : cut.panels) {
        plan.panels.push_back({p.column, p.width, p.vecs, p.output, p.group, p.outputColumn, p.packed * 4, plan.paddedColumns});
        plan.paddedColumns += int64_t{p.vecs} * k.lanes;
    }
    plan.weightBytes = cut.packedFloats * 4;
    return plan;
}

std::optional<gemm::Epilogue> compileEpilogue(const LayerDesc& layer, std::span<const int64_t> result, const Family& f) {
    LayerDesc plain = layer;
    for (size_t i = layer.opInputs; i < layer.inputs.size(); ++i) {
        if (!readableRow(layer.inputs[i])) return std::nullopt;
        plain.inputs[i] = dequantizedInfo(layer.inputs[i]);
    }
    return gemm::compileEpilogue(plain, result, f.floats);
}

struct Product::Job {
    const Operands& operands;
    const std::byte* weights;
    const int32_t* start;
    const float* scale;
    const float* bias;  ///< whole vectors
    std::vector<gemm::Extra> extras;
    std::vector<gemm::RowMap> outputRows;
    gemm::RowMap residualRows;
    int64_t ownBytes = 0;
};

Product::Product(const LayerDesc& layer, Plan plan, std::vector<int64_t> result, const Family& f)
    : extras_(layer.inputs.begin() + layer.opInputs, layer.inputs.end()), outputs_(layer.outputs), plan_(std::move(plan)),
      result_(std::move(result)), kernels_(f.kernels()), rowMove_(f.rowMove()), epilogue_(*compileEpilogue(layer, result_, f)), requantizes_(requantizes(layer) && !epilogue_.general && epilogue_.residual < 0) {
    for (const TensorInfo& o : outputs_) {
        Quantizer& q = quantizers_.emplace_back(o);
        q.clamp(epilogue_.lo, epilogue_.hi);
        if (requantizes_) q.scaled();
    }
}

uint64_t Product::workspaceBytes(const LayerDesc& layer, const Plan& plan, const gemm::Epilogue& e, const Kernels&, int threads) {
    int64_t bytes = 3 * align(plan.paddedColumns * 4) + workerBytes(plan, e) * std::max(1, threads);
    if (e.general) {
        for (size_t i = layer.opInputs; i < layer.inputs.size(); ++i) {
            if (layer.inputs[i].quantized()) bytes += align(layer.inputs[i].count() * 4);
        }
    }
    return static_cast<uint64_t>(bytes);
}

void Product::run(const Operands& operands, ThreadPool* pool, void* workspace) const {
    if (plan_.rows == 0 || plan_.panels.empty()) return;
    auto* memory = static_cast<std::byte*>(workspace);
    auto* bias = reinterpret_cast<float*>(memory);
    memory += align(plan_.paddedColumns * 4);
    std::fill_n(bias, plan_.paddedColumns, 0.0f);
    if (operands.bias != nullptr) {
        for (const Panel& p : plan_.panels) std::copy_n(operands.bias + p.column, p.width, bias + p.padded);
    }
    Job job{operands, static_cast<const std::byte*>(operands.packed), nullptr, nullptr, bias, {}, {}, {}, 0};
    job.start = reinterpret_cast<const int32_t*>(job.weights + align(plan_.weightBytes));
    job.scale = reinterpret_cast<const float*>(job.start + plan_.paddedColumns);
    if (operands.integerBias != nullptr) {
        auto* start = reinterpret_cast<int32_t*>(memory);
        memory += align(plan_.paddedColumns * 4);
        std::copy_n(job.start, plan_.paddedColumns, start);
        for (const Panel& p : plan_.panels)
            for (int j = 0; j < p.width; ++j) start[p.padded + j] = wrapped(start[p.padded + j], operands.integerBias[p.column + j]);
        job.start = start;
    }
    if (requantizes_) {
        auto* scale = reinterpret_cast<float*>(memory);
        memory += align(plan_.paddedColumns * 4);
        std::fill_n(scale, plan_.paddedColumns, 0.0f);
        for (const Panel& p : plan_.panels) {
            const auto step = static_cast<float>(outputs_[static_cast<size_t>(p.output)].scale[0]);
            for (int j = 0; j < p.width; ++j) scale[p.padded + j] = job.scale[p.padded + j] / step;
        }
        job.scale = scale;
    }
    for (const TensorView& o : operands.outputs) job.outputRows.push_back(gemm::rowsOf(o, operands.columnAxis));
    if (epilogue_.general) {
        std::vector<TensorView> views(operands.extras.begin(), operands.extras.end());
        for (size_t i = 0; i < views.size(); ++i) {
            if (!extras_[i].quantized()) continue;
            views[i] = dequantize(extras_[i], views[i], reinterpret_cast<float*>(memory));
            memory += align(views[i].count() * 4);
        }
        job.extras = gemm::bindExtras(views, result_, operands.columnAxis);
    } else if (epilogue_.residual >= 0) {
        job.residualRows = gemm::rowsOf(operands.extras[static_cast<size_t>(epilogue_.residual)], operands.columnAxis);
    }
    job.ownBytes = workerBytes(plan_, epilogue_);

    // As in the float product: blocks of weights stay in the second-level cache while all row tiles pass.
    const int64_t threads = pool ? pool->threads() : 1;
    const auto panels = static_cast<int64_t>(plan_.panels.size());
    const int64_t tiles = (plan_.rows + kernels_.maxRows - 1) / kernels_.maxRows;
    const int64_t panelBytes = std::max<int64_t>(1, plan_.weightBytes / panels);
    const int64_t perBlock = std::max<int64_t>(1, kWeightBlock / panelBytes);
    int64_t blocks = (panels + perBlock - 1) / perBlock;
    int64_t runs = 1;
    if (threads > 1 && blocks < 2 * threads) {
        runs = std::min(tiles, (4 * threads + blocks - 1) / blocks);
        if (runs * blocks < 2 * threads) blocks = std::min(panels, (4 * threads + runs - 1) / runs);
    }
    const auto body = [&](int64_t begin, int64_t end, int worker) {
        std::byte* const own = memory + worker * job.ownBytes;
        for (int64_t item = begin; item < end; ++item) {
            const int64_t block = item / runs;
            const int64_t part = item % runs;
            const auto panelBegin = static_cast<size_t>(panels * block / blocks);
            const auto panelEnd = static_cast<size_t>(panels * (block + 1) / blocks);
            for (int64_t t = tiles * part / runs; t < tiles * (part + 1) / runs; ++t) {
                const int64_t first = plan_.rows * t / tiles;
                const int64_t last = plan_.rows * (t + 1) / tiles;
                tileRows(job, first, static_cast<int>(last - first), panelBegin, panelEnd, own);
            }
        }
    };
    if (pool) pool->parallelFor(blocks * runs, 1, body);
    else body(0, blocks * runs, 0);
}

void Product::tileRows(const Job& job, int64_t first, int rows, size_t panelBegin, size_t panelEnd, std::byte* own) const {
    const Operands& o = job.operands;
    int64_t offsets[kMaxRows];
    const std::byte* rowAt[kMaxRows];
    const std::byte* a[kMaxRows];
    const std::byte* residualAt[kMaxRows];
    const std::byte* residual[kMaxRows];
    std::byte* outAt[kMaxRows];
    std::byte* c[kMaxRows];
    o.aRows.offsets(first, rows, offsets);
    for (int i = 0; i < rows; ++i) rowAt[i] = o.a + offsets[i];
    Tile t{};
    t.a = a;
    t.tapOffsets = o.tapOffsets.data();
    t.taps = plan_.taps;
    t.groups = plan_.wordsPerTap;
    t.c = c;
    t.lo = epilogue_.lo;
    t.hi = epilogue_.hi;
    const bool general = epilogue_.general != nullptr;
    if (epilogue_.residual >= 0 && !general) {
        const auto e = static_cast<size_t>(epilogue_.residual);
        t.residual = residual;
        t.residualType = storageOf(extras_[e].dtype);
        t.residualScale = extras_[e].quantized() ? static_cast<float>(extras_[e].scale[0]) : 1.0f;
        t.residualZeroPoint = static_cast<int>(extras_[e].zeroPoint);
        job.residualRows.offsets(first, rows, offsets);
        for (int i = 0; i < rows; ++i) residualAt[i] = static_cast<const std::byte*>(o.extras[e].data) + offsets[i] * sizeOf(t.residualType);
    }
    int output = -1;
    size_t runBegin = panelBegin;
    for (size_t p = panelBegin; p < panelEnd; ++p) {
        const Panel& panel = plan_.panels[p];
        if (panel.output != output) {
            if (general && p > runBegin) finish(job, first, rows, runBegin, p, own);
            runBegin = p;
            output = panel.output;
            const auto k = static_cast<size_t>(output);
            t.out = general ? Storage::F32 : storageOf(outputs_[k].dtype);
            const Quantizer& q = quantizers_[k];
            t.inverse = q.inverse;
            t.storedLo = q.lo;
            t.storedHi = q.hi;
            t.zeroPoint = q.zeroPoint;
            job.outputRows[k].offsets(first, rows, offsets);
            auto* const out = static_cast<std::byte*>(o.outputs[k].data);
            const int64_t size = sizeOf(t.out);
            for (int i = 0; i < rows; ++i) outAt[i] = general ? own + i * plan_.columns * 4 : out + offsets[i] * size;
        }
        // With few products in a tile these addresses count: no conditions inside their loops.
        const int64_t groupAt = panel.group * plan_.groupBytes;
        const int64_t outColumn = (general ? panel.column : panel.outputColumn) * sizeOf(t.out);
        for (int i = 0; i < rows; ++i) a[i] = rowAt[i] + groupAt;
        for (int i = 0; i < rows; ++i) c[i] = outAt[i] + outColumn;
        if (t.residual != nullptr) {
            const int64_t residualColumn = panel.column * sizeOf(t.residualType);
            for (int i = 0; i < rows; ++i) residual[i] = residualAt[i] + residualColumn;
        }
        t.b = job.weights + panel.packed;
        t.start = job.start + panel.padded;
        t.scale = job.scale + panel.padded;
        t.bias = job.bias + panel.padded;
        t.width = panel.width;
        (o.negative ? kernels_.negative : kernels_.tiles)[panel.vecs - 1][rows - 1](t);
    }
    if (general) finish(job, first, rows, runBegin, panelEnd, own);
}

/// The interpreted epilogue over the columns of panels [begin, end), which lie side by side in one output.
void Product::finish(const Job& job, int64_t first, int rows, size_t begin, size_t end, std::byte* own) const {
    const Panel& head = plan_.panels[begin];
    const Panel& last = plan_.panels[end - 1];
    const int64_t columns = last.column + last.width - head.column;
    gemm::EpilogueTail tail(*epilogue_.general, job.extras, reinterpret_cast<float*>(own + tileBytes(plan_, epilogue_)));
    const auto k = static_cast<size_t>(head.output);
    const TensorView& out = job.operands.outputs[k];
    int64_t offsets[kMaxRows];
    job.outputRows[k].offsets(first, rows, offsets);
    TensorInfo floats;
    floats.dtype = DType::F32;
    RowMove move = moveBetween(floats, outputs_[k]);
    move.n = columns;
    for (int i = 0; i < rows; ++i) {
        auto* values = reinterpret_cast<float*>(own) + i * plan_.columns + head.column;
        tail.apply(first + i, head.column, columns, values);
        move.from = reinterpret_cast<const std::byte*>(values);
        move.to = static_cast<std::byte*>(out.data) + (offsets[i] + head.outputColumn) * sizeOf(move.toType);
        rowMove_(move);
    }
}

}  // namespace sinter::quant
