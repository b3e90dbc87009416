// MatMul by its definition, in blocks; float64 accumulation with one rounding, integers wrap.
#include <algorithm>
#include <array>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/result.h"
#include "cpu/reference/row.h"
#include "cpu/reference/row_statistics.h"

namespace sinter::ref {
namespace {

constexpr int64_t kRows = 32, kCols = 128, kDepth = 64;

/// A matrix operand as [batch…, rows, cols] after its transposition; a vector gets the missing axis.
struct Operand {
    std::vector<int64_t> batch;
    int64_t rows = 1, cols = 1;
};

std::optional<Operand> operandOf(const std::vector<int64_t>& dims, bool transposed, bool left) {
    if (dims.empty()) return std::nullopt;
    Operand o;
    if (dims.size() == 1) {
        (left ? o.cols : o.rows) = dims[0];
        return o;
    }
    o.batch.assign(dims.begin(), dims.end() - 2);
    o.rows = dims[dims.size() - 2];
    o.cols = dims[dims.size() - 1];
    if (transposed) std::swap(o.rows, o.cols);
    return o;
}

/// The matrix part of a view: strides of rows and columns, and of the batch axes broadcast to `batch`.
struct Access {
    int64_t row = 0, col = 0;
    Dims batch{};
};

Access accessOf(const TensorView& v, bool transposed, bool left, std::span<const int64_t> batch) {
    Access a;
    if (v.rank == 1) {
        (left ? a.col : a.row) = v.strides[0];
        return a;
    }
    const auto r = static_cast<size_t>(v.rank);
    a.row = v.strides[r - 2];
    a.col = v.strides[r - 1];
    if (transposed) std::swap(a.row, a.col);
    TensorView outer = v;
    outer.rank -= 2;
    a.batch = broadcastStrides(outer, batch);
    return a;
}

/// Copies a block into out[r * ld + c], reading along whichever axis is denser.
template <typename C>
void loadBlock(const TensorView& v, int64_t offset, int64_t rs, int64_t cs, int64_t rows, int64_t cols, int64_t ld, C* out) {
    if (cs == 1 || rs != 1) {
        for (int64_t r = 0; r < rows; ++r) load(v.dtype, v.data, offset + r * rs, cs, cols, out + r * ld);
        return;
    }
    std::array<C, kCols> column;
    for (int64_t c = 0; c < cols; ++c) {
        load(v.dtype, v.data, offset + c * cs, rs, rows, column.data());
        for (int64_t r = 0; r < rows; ++r) out[r * ld + c] = column[static_cast<size_t>(r)];
    }
}

class MatMul final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || !hasInput(d, 1) || d.outputs.empty()) return std::nullopt;
        const auto &a = d.inputs[0], &b = d.inputs[1];
        if (a.dtype != b.dtype || !isNumeric(a.dtype) || a.dtype == DType::Bool) return std::nullopt;
        const auto left = operandOf(a.dims, d.intAttr("trans_a", 0) != 0, true);
        const auto right = operandOf(b.dims, d.intAttr("trans_b", 0) != 0, false);
        if (!left || !right || left->cols != right->rows) return std::nullopt;
        const double alpha = d.floatAttr("alpha", 1);
        if (isIntType(a.dtype) && alpha != 1) return std::nullopt;
        const size_t axis = splitAxis(d);
        if (writesStatistics(d) && (d.outputs.size() != 2 || !isFloatType(a.dtype) || d.outputs[1].dims != statisticsDims(d.outputs[0].dims))) return std::nullopt;
        if (!ResultWriter::supports(d, a.dtype, axis, resultCount(d))) return std::nullopt;
        // The full result, with the axes that vectors do not have put back.
        auto full = ResultWriter::fullDims(d, axis, resultCount(d));
        if (full.size() + (a.dims.size() == 1 ? 1 : 0) + (b.dims.size() == 1 ? 1 : 0) < 2) return std::nullopt;
        if (b.dims.size() == 1) full.push_back(1);
        if (a.dims.size() == 1) full.insert(full.end() - 1, 1);
        if (full.size() < 2 || full[full.size() - 2] != left->rows || full.back() != right->cols) return std::nullopt;
        const auto batch = std::span<const int64_t>(full).first(full.size() - 2);
        if (!broadcastsTo(left->batch, batch) || !broadcastsTo(right->batch, batch)) return std::nullopt;
        if (hasInput(d, 2) && (d.inputs[2].dtype != a.dtype || (d.inputs[2].count() != right->cols && d.inputs[2].count() != 1)))
            return std::nullopt;
        return static_cast<double>(countOf(full) * left->cols) * kMultiplyAddNs;
    }

    explicit MatMul(const LayerDesc& d)
        : writer_(d, d.inputs[0].dtype, splitAxis(d), resultCount(d)),
          left_(*operandOf(d.inputs[0].dims, d.intAttr("trans_a", 0) != 0, true)),
          right_(*operandOf(d.inputs[1].dims, d.intAttr("trans_b", 0) != 0, false)), transA_(d.intAttr("trans_a", 0) != 0),
          transB_(d.intAttr("trans_b", 0) != 0), alpha_(d.floatAttr("alpha", 1)), type_(d.inputs[0].dtype), hasBias_(hasInput(d, 2)), statistics_(writesStatistics(d)) {}

    void run(const KernelArgs& args) override {
        if (isFloatType(type_)) compute<double>(args);
        else compute<int64_t>(args);
        if (statistics_) writeStatistics(args, args.outputs[0], args.outputs[1]);
    }

private:
    static size_t splitAxis(const LayerDesc& d) { return d.outputs[0].dims.empty() ? 0 : d.outputs[0].dims.size() - 1; }

    template <typename C>
    void compute(const KernelArgs& args) const {
        const TensorView &a = args.inputs[0], &b = args.inputs[1];
        const size_t matrixAxes = (a.rank > 1 ? 1u : 0u) + (b.rank > 1 ? 1u : 0u);
        const auto batch = writer_.dims().first(writer_.dims().size() - matrixAxes);
        const Access fa = accessOf(a, transA_, true, batch), fb = accessOf(b, transB_, false, batch);
        const int64_t m = left_.rows, n = right_.cols, depth = left_.cols;
        const int64_t rowTiles = (m + kRows - 1) / kRows, colTiles = (n + kCols - 1) / kCols;
        std::vector<C> bias(static_cast<size_t>(n), C{0});
        if (hasBias_) {
            std::vector<C> raw(static_cast<size_t>(args.inputs[2].count()));
            loadDense(args.inputs[2], raw.data());
            for (size_t i = 0; i < bias.size(); ++i) bias[i] = raw[raw.size() == 1 ? 0 : i];
        }
        parallel(args.pool, countOf(batch) * rowTiles * colTiles, 1, [&](int64_t begin, int64_t end, int) {
            ResultWriter::State state(writer_, args);
            std::vector<C> sum(kRows * kCols), blockA(kRows * kDepth), blockB(kDepth * kCols);
            for (int64_t t = begin; t < end; ++t) {
                const int64_t col = t % colTiles * kCols, row = t / colTiles % rowTiles * kRows;
                const Odometer at(batch, t / colTiles / rowTiles);
                const int64_t rows = std::min(kRows, m - row), cols = std::min(kCols, n - col);
                const int64_t ao = offsetOf(at.at(), fa.batch) + row * fa.row, bo = offsetOf(at.at(), fb.batch) + col * fb.col;
                std::fill(sum.begin(), sum.end(), C{0});
                for (int64_t k = 0; k < depth; k += kDepth) {
                    const int64_t deep = std::min(kDepth, depth - k);
                    loadBlock(a, ao + k * fa.col, fa.row, fa.col, rows, deep, kDepth, blockA.data());
                    loadBlock(b, bo + k * fb.row, fb.row, fb.col, deep, cols, kCols, blockB.data());
                    multiply(blockA.data(), blockB.data(), sum.data(), rows, deep, cols);
                }
                std::vector<int64_t> coords(writer_.dims().size(), 0);
                std::copy(at.at().begin(), at.at().end(), coords.begin());
                for (int64_t r = 0; r < rows; ++r) {
                    C* line = sum.data() + r * kCols;
                    for (int64_t c = 0; c < cols; ++c) line[c] = finish(line[c], bias[static_cast<size_t>(col + c)]);
                    put(state, args, coords, row + r, col, cols, line);
                }
            }
        });
    }

    double finish(double x, double bias) const { return x * alpha_ + bias; }
    int64_t finish(int64_t x, int64_t bias) const { return static_cast<int64_t>(static_cast<uint64_t>(x) + static_cast<uint64_t>(bias)); }

    static double fused(double s, double x, double y) { return s + x * y; }
    static int64_t fused(int64_t s, int64_t x, int64_t y) {
        return static_cast<int64_t>(static_cast<uint64_t>(s) + static_cast<uint64_t>(x) * static_cast<uint64_t>(y));
    }
    template <typename C>
    static void multiply(const C* a, const C* b, C* sum, int64_t rows, int64_t deep, int64_t cols) {
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t k = 0; k < deep; ++k) {
                const C x = a[r * kDepth + k];
                for (int64_t c = 0; c < cols; ++c) sum[r * kCols + c] = fused(sum[r * kCols + c], x, b[k * kCols + c]);
            }
    }

    template <typename C>
    void put(ResultWriter::State& state, const KernelArgs& args, std::vector<int64_t>& coords, int64_t row, int64_t col, int64_t cols, C* line) const {
        const bool hasRow = args.inputs[0].rank > 1, hasCol = args.inputs[1].rank > 1;
        size_t axis = coords.size();
        if (hasCol) coords[--axis] = col;
        if (hasRow) coords[--axis] = row;
        writer_.put(state, coords, coords.empty() ? 0 : coords.size() - 1, cols, line);
    }

    ResultWriter writer_;
    Operand left_, right_;
    bool transA_, transB_;
    double alpha_;
    DType type_;
    bool hasBias_, statistics_;
};

SINTER_KERNEL(any_matmul){row<MatMul>("any_matmul__scalar", "MatMul")};

}  // namespace
}  // namespace sinter::ref
