// Pointwise: the program interpreter over tiles of the output, inputs broadcast by stride 0.
#include <algorithm>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

#include "cpu/reference/program.h"

namespace sinter::ref {
namespace {

std::vector<DType> typesOf(const std::vector<TensorInfo>& v) {
    std::vector<DType> t;
    for (const auto& i : v) t.push_back(i.dtype);
    return t;
}

class Pointwise final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (d.outputs.empty() || d.program.empty()) return std::nullopt;
        for (const auto& i : d.inputs)
            if (!i.present() || !broadcastsTo(i.dims, d.outputs[0].dims)) return std::nullopt;
        for (const auto& o : d.outputs)
            if (o.dims != d.outputs[0].dims) return std::nullopt;
        if (!Program::supports(d.program, typesOf(d.inputs), typesOf(d.outputs))) return std::nullopt;
        const auto work = static_cast<double>(d.inputs.size() + d.outputs.size()) * kMoveNs + static_cast<double>(d.program.code.size()) * kOperationNs;
        return static_cast<double>(d.outputs[0].count()) * work;
    }

    explicit Pointwise(const LayerDesc& d) : program_(d.program, typesOf(d.inputs)) {}

    void run(const KernelArgs& args) override {
        const auto dims = dimsOf(args.outputs[0]);
        const size_t outputs = args.outputs.size();
        std::vector<Dims> strides;
        for (const auto& o : args.outputs) strides.push_back(o.strides);
        for (const auto& i : args.inputs) strides.push_back(broadcastStrides(i, dims));
        const LoopNest nest(dims, strides);
        if (nest.rows() == 0) return;
        const int last = nest.rank() - 1;
        const int64_t n = nest.inner();
        // Long rows are handed out in pieces too: a dense tensor is a single row.
        const int64_t piece = std::max<int64_t>(kTile * 16, n / 64 / kTile * kTile);
        const int64_t pieces = (n + piece - 1) / piece;
        parallel(args.pool, nest.rows() * pieces, 4096 / std::min(piece, n) + 1, [&](int64_t begin, int64_t end, int) {
            Program::Registers registers(program_);
            if (pieces == 1) {
                nest.forRows(begin, end, [&](const int64_t* o) { runRow(registers, args, nest, o, 0, n, last, outputs); });
                return;
            }
            for (int64_t t = begin; t < end; ++t)
                nest.forRows(t / pieces, t / pieces + 1, [&](const int64_t* o) {
                    const int64_t from = t % pieces * piece;
                    runRow(registers, args, nest, o, from, std::min(n, from + piece), last, outputs);
                });
        });
    }

private:
    void runRow(Program::Registers& r, const KernelArgs& args, const LoopNest& nest, const int64_t* offsets, int64_t from, int64_t to,
                int last, size_t outputs) const {
        for (int64_t at = from; at < to; at += kTile) {
            const int64_t count = std::min(kTile, to - at);
            for (size_t i = 0; i < args.inputs.size(); ++i) {
                const TensorView& v = args.inputs[i];
                const int64_t stride = nest.stride(static_cast<int>(outputs + i), last);
                const int64_t offset = offsets[outputs + i] + at * stride;
                const auto operand = static_cast<uint32_t>(i);
                if (isFloatType(v.dtype)) load(v.dtype, v.data, offset, stride, count, r.floats(operand));
                else load(v.dtype, v.data, offset, stride, count, r.ints(operand));
            }
            program_.run(r, count);
            for (size_t k = 0; k < outputs; ++k) {
                const TensorView& v = args.outputs[k];
                const int64_t stride = nest.stride(static_cast<int>(k), last);
                const int64_t offset = offsets[k] + at * stride;
                const uint32_t operand = program_.outputs()[k];
                if (isFloatType(v.dtype)) store(v.dtype, v.data, offset, stride, count, r.floats(operand));
                else store(v.dtype, v.data, offset, stride, count, r.ints(operand));
            }
        }
    }

    Program program_;
};

SINTER_KERNEL(any_pointwise){row<Pointwise>("any_pointwise__scalar", "Pointwise")};

}  // namespace
}  // namespace sinter::ref
