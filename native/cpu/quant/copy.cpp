#include <algorithm>
#include <cstring>

#include "cpu/pointwise/nest.h"
#include "cpu/quant/product.h"

/// Copy that quantizes, dequantizes or requantizes, between any two layouts of one shape.
namespace sinter::quant {
namespace {

constexpr int64_t kPiece = 2048;

class Copy final : public Kernel {
public:
    Copy(const LayerDesc& layer, const Family& f) : move_(moveBetween(layer.inputs[0], layer.outputs[0])), rowMove_(f.rowMove()) {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const TensorView& y = args.outputs[0];
        if (y.count() == 0) return;
        // Rows run along whichever side has the longer ones; the other side is gathered or scattered.
        const std::span dims(y.dims.data(), static_cast<size_t>(y.rank));
        const TensorView* byOutput[] = {&y, &x};
        const TensorView* byInput[] = {&x, &y};
        const pointwise::Nest outputRows(dims, byOutput);
        const pointwise::Nest inputRows(dims, byInput);
        const bool inputFirst = inputRows.inner() > outputRows.inner();
        const pointwise::Nest& nest = inputFirst ? inputRows : outputRows;
        const size_t from = inputFirst ? 0 : 1;
        const int64_t pieces = (nest.inner() + kPiece - 1) / kPiece;
        const auto body = [&](int64_t begin, int64_t end, int) {
            int64_t offsets[2];
            int64_t block = -1;
            for (int64_t i = begin; i < end; ++i) {
                const int64_t first = i % pieces * kPiece;
                const int64_t outer = i / pieces % nest.outer();
                if (i / pieces / nest.outer() != block) nest.blockOffsets(block = i / pieces / nest.outer(), offsets);
                const auto at = [&](size_t operand) {
                    return offsets[operand] + outer * nest.outerStride(operand) + first * nest.innerStride(operand);
                };
                moveRow(x, at(from), nest.innerStride(from), y, at(1 - from), nest.innerStride(1 - from), std::min(kPiece, nest.inner() - first));
            }
        };
        const int64_t rows = nest.blocks() * nest.outer() * pieces;
        if (args.pool) args.pool->parallelFor(rows, std::max<int64_t>(1, 16384 / std::min(kPiece, nest.inner())), body);
        else body(0, rows, 0);
    }

private:
    template <typename T>
    static void spread(const void* from, int64_t fromStride, void* to, int64_t toStride, int64_t n) {
        for (int64_t i = 0; i < n; ++i) static_cast<T*>(to)[i * toStride] = static_cast<const T*>(from)[i * fromStride];
    }
    static void spread(int64_t size, const void* from, int64_t fromStride, void* to, int64_t toStride, int64_t n) {
        if (size == 1) spread<uint8_t>(from, fromStride, to, toStride, n);
        else spread<float>(from, fromStride, to, toStride, n);
    }

    void moveRow(const TensorView& x, int64_t xAt, int64_t xStride, const TensorView& y, int64_t yAt, int64_t yStride, int64_t n) const {
        alignas(64) std::byte gathered[kPiece * 4];
        alignas(64) std::byte moved[kPiece * 4];
        const int64_t fromSize = sizeOf(move_.fromType);
        const int64_t toSize = sizeOf(move_.toType);
        RowMove m = move_;
        m.n = n;
        m.from = static_cast<const std::byte*>(x.data) + xAt * fromSize;
        std::byte* const to = static_cast<std::byte*>(y.data) + yAt * toSize;
        if (xStride != 1 && n > 1) {
            spread(fromSize, m.from, xStride, gathered, 1, n);
            m.from = gathered;
        }
        m.to = yStride == 1 || n == 1 ? to : moved;
        rowMove_(m);
        if (m.to == moved) spread(toSize, moved, 1, to, yStride, n);
    }

    RowMove move_;
    RowMoveFn rowMove_;
};

std::optional<TacticInfo> supports(const LayerDesc& layer, const Family& f, int threads) {
    if (layer.op != "Copy" || layer.inputs.size() != 1 || layer.outputs.size() != 1 || !layer.program.empty()) return std::nullopt;
    const TensorInfo& x = layer.inputs[0];
    const TensorInfo& y = layer.outputs[0];
    if (!readableRow(x) || !readableRow(y) || x.dims != y.dims || x.dims.size() > static_cast<size_t>(kMaxRank)) return std::nullopt;
    if (sameQuantization(x, y)) return std::nullopt;  // bytes move as they are
    TacticInfo info;
    info.inputLayouts = {""};
    info.outputLayouts = {""};
    info.packing.resize(1);
    info.inputViews = {1};
    info.outputViews = {1};
    const auto count = static_cast<double>(x.count());
    const bool sameLayout = x.layout == y.layout || x.dims.size() < 3 || x.dims[1] == 1;
    const double bytes = count * static_cast<double>(dtypeSize(x.dtype) + dtypeSize(y.dtype));
    info.estimate = (bytes / f.floats.bytesPerNs + count * (sameLayout ? 0.05 : 1.0)) / threads + 1000;
    return info;
}

KernelRow row(const Family& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Copy";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return supports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<Copy>(l, f); };
    return r;
}

}  // namespace

SINTER_KERNEL(s8_copy_avx2){row(familyAvx2(), "s8_copy__avx2")};
SINTER_KERNEL(s8_copy_avx512){row(familyAvx512(), "s8_copy__avx512")};

}  // namespace sinter::quant
