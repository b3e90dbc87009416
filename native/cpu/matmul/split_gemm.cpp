#include "cpu/matmul/split_gemm.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace sinter::gemm {
namespace {

constexpr int64_t kWeightBlock = 5 << 17;  // bytes that share the second-level cache with the next block
constexpr int kRows = 32;

/// What the first column of `columns` panels, and every register tile in them, needs on one thread.
class Worker {
public:
    Worker(const SplitShape& shape, const PanelPlan& plan, const Epilogue& epilogue, const Operands& operands, const uint16_t* split,
           float* scratch)
        : shape_(shape), plan_(plan), epilogue_(epilogue), operands_(operands), split_(split), tile_(scratch), kernels_(splitKernels()) {
        if (epilogue.general) tail_.emplace(*epilogue.general, operands.extras, scratch + kRows * 32);
        for (const int64_t rows : shape.tapRows) taps_.push_back(rows * shape.rowHalves() * 2);
        kernels_.begin();
    }
    ~Worker() { kernels_.end(); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Rows [first, first + count) of an image, panels [begin, end); meanwhile part slice/slices of the panels that
    /// follow is fetched.
    void run(int64_t image, int64_t first, int count, size_t begin, size_t end, bool ahead, int64_t slice, int64_t slices) {
        int64_t logical[kRows];
        for (int i = 0; i < count; ++i) {
            const int64_t line = (first + i) / shape_.pitch;
            const int64_t at = (first + i) % shape_.pitch;
            logical[i] = at < shape_.width ? (image * shape_.lines + line) * shape_.width + at : -1;
        }
        SplitTile t{};
        t.a = split_ + (image * shape_.imageRows + first) * shape_.rowHalves();
        t.aStride = shape_.rowHalves() * 2;
        t.aLow = shape_.paddedK() * 2;
        t.taps = taps_.data();
        t.tapCount = static_cast<int64_t>(taps_.size());
        t.blocks = shape_.paddedK() / kSplitBlock;
        t.tall = count > 16;
        t.out = tile_;
        SplitStore s{};
        float* rows[kRows];
        const float* residual[kRows];
        s.tile = tile_;
        s.rows = rows;
        s.rowCount = count;
        s.alpha = operands_.alpha;
        s.lo = epilogue_.general ? -std::numeric_limits<float>::infinity() : epilogue_.lo;
        s.hi = epilogue_.general ? std::numeric_limits<float>::infinity() : epilogue_.hi;
        for (size_t p = begin; p < end; ++p) {
            const Panel& panel = plan_.panels[p];
            t.b = reinterpret_cast<const uint16_t*>(operands_.weights) + panel.packed;
            t.wide = panel.vecs == 2;
            t.prefetchStep = 0;
            t.prefetch = nullptr;
            const size_t next = p + (end - begin);
            if (ahead && next < plan_.panels.size()) {
                const int64_t bytes = t.tapCount * t.blocks * panel.vecs * 2048;
                t.prefetch = reinterpret_cast<const char*>(operands_.weights) + plan_.panels[next].packed * 2 + bytes * slice / slices;
                t.prefetchStep = (panel.vecs * 2048 / slices + 63) / 64 * 64;
            }
            kernels_.tile(t);
            const Output& out = operands_.outputs[static_cast<size_t>(panel.output)];
            for (int i = 0; i < count; ++i) {
                rows[i] = nullptr;
                residual[i] = nullptr;
                if (logical[i] < 0) continue;
                int64_t offset = 0;
                out.rows.offsets(logical[i], 1, &offset);
                rows[i] = static_cast<float*>(out.base) + offset + panel.outputColumn;
                if (epilogue_.residual < 0) continue;
                const Extra& e = operands_.extras[static_cast<size_t>(epilogue_.residual)];
                e.rows.offsets(logical[i], 1, &offset);
                residual[i] = e.base + offset + panel.column;
            }
            s.residual = epilogue_.residual < 0 ? nullptr : residual;
            s.bias = operands_.bias ? operands_.bias + panel.column : nullptr;
            s.width = panel.width;
            kernels_.store(s);
            if (!tail_) continue;
            for (int i = 0; i < count; ++i) {
                if (rows[i] != nullptr) tail_->apply(logical[i], panel.column, panel.width, rows[i]);
            }
        }
    }

private:
    const SplitShape& shape_;
    const PanelPlan& plan_;
    const Epilogue& epilogue_;
    const Operands& operands_;
    const uint16_t* split_;
    float* tile_;
    const SplitKernels& kernels_;
    std::optional<EpilogueTail> tail_;
    std::vector<int64_t> taps_;
};

int64_t scratchFloats(const Epilogue& e) {
    return (kRows * 32 + EpilogueTail::scratchFloats(e.general.get()) + 15) / 16 * 16;
}

}  // namespace

PanelPlan planSplitPanels(const SplitShape& shape, int64_t columns, std::span<const int64_t> splits) {
    // Two halves of a number lie where one float would: the plan of float panels of the padded K serves.
    PanelPlan plan = planPanels(16, static_cast<int64_t>(shape.tapRows.size()) * shape.paddedK(), columns, splits, 1);
    plan.packedFloats *= 2;
    for (Panel& p : plan.panels) p.packed *= 2;
    return plan;
}

uint64_t splitWorkspaceBytes(const SplitShape& shape, const Epilogue& epilogue, int threads) {
    const uint64_t split = (static_cast<uint64_t>(shape.halves()) * 2 + 63) / 64 * 64;
    return split + static_cast<uint64_t>(std::max(1, threads) * scratchFloats(epilogue)) * sizeof(float);
}

double splitEstimate(const SplitShape& shape, const PanelPlan& plan, const Epilogue& epilogue) {
    // Measured on one core: floating-point operations and bytes a nanosecond, nanoseconds an element.
    constexpr double kFlops = 800, kMemory = 14, kBeyondCache = 20, kSplit = 0.16, kStore = 0.1;
    constexpr double kCache = 2 << 20;
    double columns = 0;
    for (const Panel& p : plan.panels) columns += p.vecs * 16 * (p.vecs == 1 ? 1.4 : 1.0);
    const double halves = static_cast<double>(shape.halves());
    const double rows = static_cast<double>(shape.images * shape.rows());
    const double compute = static_cast<double>(shape.flopsPerColumn()) * columns / kFlops;
    const double weights = static_cast<double>(plan.packedFloats) * 2 / kMemory;
    // The operand is read, written split, and read again; the result is written.
    const double traffic = halves * 2 * 2 + rows * columns * 4;
    const double beyond = traffic > kCache ? traffic / kBeyondCache : 0;
    const double program = epilogue.general ? epilogue.general->cost() * rows * columns : 0;
    return std::max(compute, weights) + halves * kSplit + rows * columns * kStore + beyond + program;
}

void runSplit(const SplitShape& shape, const PanelPlan& plan, const Epilogue& epilogue, const Operands& operands,
              const uint16_t* split, ThreadPool* pool, float* workspace) {
    const int64_t threads = pool ? pool->threads() : 1;
    const auto panels = static_cast<int64_t>(plan.panels.size());
    const int64_t perImage = (shape.rows() + kRows - 1) / kRows;
    const int64_t tiles = perImage * shape.images;
    const int64_t panelBytes = std::max<int64_t>(1, plan.packedFloats * 2 / panels);
    const int64_t fitting = std::max<int64_t>(1, kWeightBlock / panelBytes);
    int64_t blocks = (panels + fitting - 1) / fitting;
    int64_t runs = 1;
    if (threads > 1 && blocks < 2 * threads) {
        runs = std::min(tiles, (4 * threads + blocks - 1) / blocks);
        if (runs * blocks < 2 * threads) blocks = std::min(panels, (4 * threads + runs - 1) / runs);
    }
    const auto body = [&](int64_t begin, int64_t end, int index) {
        Worker worker(shape, plan, epilogue, operands, split, workspace + index * scratchFloats(epilogue));
        for (int64_t item = begin; item < end; ++item) {
            const int64_t block = item / runs;
            const int64_t run = item % runs;
            for (int64_t t = tiles * run / runs; t < tiles * (run + 1) / runs; ++t) {
                const int64_t image = t / perImage;
                // Whole register tiles first: the rows behind the last are not results.
                const int64_t first = t % perImage * kRows;
                const int count = static_cast<int>(std::min<int64_t>(kRows, shape.rows() - first));
                worker.run(image, first, count, static_cast<size_t>(panels * block / blocks), static_cast<size_t>(panels * (block + 1) / blocks),
                           item + 1 < end && runs == 1, t, tiles);
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
