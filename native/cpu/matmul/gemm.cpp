#include "cpu/matmul/gemm.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <type_traits>

namespace sinter::gemm {
namespace {

constexpr int kMaxRows = 16;
constexpr int64_t kWeightBlock = 5 << 17;  // bytes of packed weights that share the second-level cache with the next ones
constexpr int64_t kLine = 16;              // floats

/// A row address `elements` numbers on; the type says what really lies there.
template <typename T>
T* advanced(T* base, int64_t elements, Numbers type) {
    using Bytes = std::conditional_t<std::is_const_v<T>, const std::byte, std::byte>;
    return reinterpret_cast<T*>(reinterpret_cast<Bytes*>(base) + elements * bytesOf(type));
}

int64_t roundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

/// Floats of one thread's workspace, and where its parts begin; before all threads' parts lie the copied rows.
struct Scratch {
    int64_t pointers, tail, total, copies;
    Scratch(const Shape& shape, const Kernels& kernels, const Epilogue& epilogue) {
        pointers = 0;
        tail = pointers + roundUp(shape.taps * kernels.maxRows * 2, kLine);  // a pointer is two floats wide
        total = tail + EpilogueTail::scratchFloats(epilogue.general.get());
        copies = shape.copyRows ? shape.rows * copyStride(shape) : 0;
    }
    static int64_t copyStride(const Shape& shape) { return roundUp(shape.klen, kLine) + kLine; }
};

/// Rows copied side by side, an odd number of lines apart.
class CopiedRows final : public RowSource {
public:
    CopiedRows(const Shape& shape, const RowSource& from, float* copies, ThreadPool* pool)
        : copies_(copies), stride_(Scratch::copyStride(shape)) {
        const auto body = [&](int64_t begin, int64_t end, int) {
            for (int64_t r = begin; r < end; ++r) {
                const float* row = nullptr;
                from.pointers(r, 1, &row);
                std::memcpy(copies + r * stride_, row, static_cast<size_t>(shape.klen) * sizeof(float));
            }
        };
        if (pool) {
            pool->parallelFor(shape.rows, 16, body);
        } else {
            body(0, shape.rows, 0);
        }
    }
    void pointers(int64_t first, int count, const float** a) const override {
        for (int i = 0; i < count; ++i) a[i] = copies_ + (first + i) * stride_;
    }

private:
    const float* copies_;
    int64_t stride_;
};

/// The rows of one register tile, and everything computed for them.
class TileRunner {
public:
    TileRunner(const Shape& shape, const Kernels& kernels, const PanelPlan& plan, const Epilogue& epilogue,
               const Operands& operands, float* workspace)
        : shape_(shape), kernels_(kernels), plan_(plan), epilogue_(epilogue), operands_(operands),
          scratch_(shape, kernels, epilogue), workspace_(workspace),
          pointers_(reinterpret_cast<const float**>(workspace + scratch_.pointers)) {
        if (epilogue.general) tail_.emplace(*epilogue.general, operands.extras, workspace + scratch_.tail);
    }

    /// While panel i of [panelBegin, panelEnd) is used, part `slice` of `slices` of panel i + ahead is fetched.
    void run(int64_t first, int rows, size_t panelBegin, size_t panelEnd, size_t ahead, int64_t slice, int64_t slices) {
        operands_.a->pointers(first, rows, pointers_);
        Tile t{};
        t.a = pointers_;
        t.taps = shape_.taps;
        t.klen = shape_.klen;
        t.alpha = operands_.alpha;
        t.lo = epilogue_.general ? -std::numeric_limits<float>::infinity() : epilogue_.lo;
        t.hi = epilogue_.general ? std::numeric_limits<float>::infinity() : epilogue_.hi;
        const float* residual[kMaxRows];
        if (epilogue_.residual >= 0) {
            const Extra& e = operands_.extras[static_cast<size_t>(epilogue_.residual)];
            int64_t offsets[kMaxRows];
            e.rows.offsets(first, rows, offsets);
            t.added = operands_.residual;
            for (int i = 0; i < rows; ++i) residual[i] = advanced(e.base, offsets[i], t.added);
            t.residual = residual;
        }
        float* c[kMaxRows];
        t.c = c;
        int output = -1;
        size_t runBegin = panelBegin;
        for (size_t p = panelBegin; p < panelEnd; ++p) {
            const Panel& panel = plan_.panels[p];
            if (panel.output != output) {
                if (epilogue_.general && p > runBegin) finish(first, rows, runBegin, p, c);
                runBegin = p;
                output = panel.output;
                const Output& out = operands_.outputs[static_cast<size_t>(output)];
                int64_t offsets[kMaxRows];
                out.rows.offsets(first, rows, offsets);
                t.out = out.type;
                for (int i = 0; i < rows; ++i) c[i] = advanced(static_cast<float*>(out.base), offsets[i], t.out);
            }
            t.aOffset = panel.group * shape_.groupStep;
            const auto* const weights = static_cast<const std::byte*>(operands_.weights);
            t.b = weights + panel.packed * kernels_.weightBytes;
            t.prefetch = t.b;
            t.prefetchStep = 0;
            if (ahead > 0 && p + ahead < plan_.panels.size()) {
                const int64_t length = panel.vecs * plan_.lanes * plan_.k;
                t.prefetch = weights + (plan_.panels[p + ahead].packed + length * slice / slices) * kernels_.weightBytes;
                t.prefetchStep = std::min<int64_t>(16, (length / slices + plan_.k - 1) / plan_.k) * kernels_.weightBytes;
            }
            t.cOffset = panel.outputColumn;
            t.residualOffset = panel.column;
            t.width = panel.width;
            t.bias = operands_.bias ? operands_.bias + panel.column : nullptr;
            (panel.vecs == 2 ? kernels_.wide : kernels_.narrow)[rows - 1](t);
        }
        if (epilogue_.general) finish(first, rows, runBegin, panelEnd, c);
    }

private:
    /// The interpreted epilogue over the columns of panels [begin, end), which lie side by side in one output.
    void finish(int64_t first, int rows, size_t begin, size_t end, float* const* c) {
        const Panel& head = plan_.panels[begin];
        const Panel& tail = plan_.panels[end - 1];
        const int64_t columns = tail.column + tail.width - head.column;
        for (int i = 0; i < rows; ++i) tail_->apply(first + i, head.column, columns, c[i] + head.outputColumn);
    }

    const Shape& shape_;
    const Kernels& kernels_;
    const PanelPlan& plan_;
    const Epilogue& epilogue_;
    const Operands& operands_;
    Scratch scratch_;
    float* workspace_;
    const float** pointers_;
    std::optional<EpilogueTail> tail_;
};

}  // namespace

void StridedRows::pointers(int64_t first, int count, const float** a) const {
    int64_t offsets[kMaxRows];
    map_.offsets(first, count, offsets);
    for (int i = 0; i < count; ++i) a[i] = reinterpret_cast<const float*>(base_ + offsets[i] * bytes_);
}

bool crowdsCacheSets(int64_t stride, int rows) {
    if (stride % kLine != 0) return false;
    int64_t lines = stride / kLine;
    int64_t sets = 64;
    while (sets > 1 && lines % 2 == 0) {
        lines /= 2;
        sets /= 2;
    }
    return rows > 7 * sets;
}

uint64_t workspaceBytes(const Shape& shape, const Kernels& kernels, const Epilogue& epilogue, int threads) {
    const Scratch scratch(shape, kernels, epilogue);
    return static_cast<uint64_t>(scratch.copies + scratch.total * std::max(1, threads)) * sizeof(float);
}

void run(const Shape& shape, const Kernels& kernels, const PanelPlan& plan, const Epilogue& epilogue,
         const Operands& given, ThreadPool* pool, void* workspace) {
    if (shape.rows == 0 || plan.panels.empty()) return;
    const int64_t threads = pool ? pool->threads() : 1;
    const int64_t panels = static_cast<int64_t>(plan.panels.size());
    const int64_t tiles = (shape.rows + kernels.maxRows - 1) / kernels.maxRows;
    const int64_t panelBytes = std::max<int64_t>(1, plan.packedFloats * kernels.weightBytes / panels);
    // Blocks of weights stay in the second-level cache while all row tiles pass; threads take blocks, or, where the
    // weights are few, runs of row tiles. Each element is summed by one thread in one order whatever the partition.
    int64_t blocks = (panels + std::max<int64_t>(1, kWeightBlock / panelBytes) - 1) / std::max<int64_t>(1, kWeightBlock / panelBytes);
    int64_t runs = 1;
    if (threads > 1 && blocks < 2 * threads) {
        runs = std::min(tiles, (4 * threads + blocks - 1) / blocks);
        if (runs * blocks < 2 * threads) blocks = std::min(panels, (4 * threads + runs - 1) / runs);
    }
    const Scratch layout(shape, kernels, epilogue);
    const int64_t scratch = layout.total;
    float* const own = static_cast<float*>(workspace) + layout.copies;
    Operands operands = given;
    std::optional<CopiedRows> copied;
    if (shape.copyRows) {
        copied.emplace(shape, *given.a, static_cast<float*>(workspace), pool);
        operands.a = &*copied;
    }
    const auto body = [&](int64_t begin, int64_t end, int worker) {
        TileRunner runner(shape, kernels, plan, epilogue, operands, own + worker * scratch);
        for (int64_t item = begin; item < end; ++item) {
            const int64_t block = item / runs;
            const int64_t runIndex = item % runs;
            const size_t panelBegin = static_cast<size_t>(panels * block / blocks);
            const size_t panelEnd = static_cast<size_t>(panels * (block + 1) / blocks);
            for (int64_t t = tiles * runIndex / runs; t < tiles * (runIndex + 1) / runs; ++t) {
                const int64_t first = shape.rows * t / tiles;
                const int64_t last = shape.rows * (t + 1) / tiles;
                const size_t ahead = item + 1 < end && runs == 1 ? panelEnd - panelBegin : 0;
                runner.run(first, static_cast<int>(last - first), panelBegin, panelEnd, ahead, t, tiles);
            }
        }
    };
    if (pool) {
        pool->parallelFor(blocks * runs, 1, body);
    } else {
        body(0, blocks * runs, 0);
    }
}

}  // namespace sinter::gemm
