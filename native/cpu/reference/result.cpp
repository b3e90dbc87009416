#include "cpu/reference/result.h"

#include <algorithm>
#include <type_traits>

#include "cpu/reference/convert.h"
#include "cpu/reference/row_statistics.h"

namespace sinter::ref {
namespace {

std::vector<DType> operandTypes(const LayerDesc& d, DType first, size_t numbers) {
    std::vector<DType> types{first};
    for (size_t i = d.opInputs; i < d.inputs.size(); ++i) types.push_back(d.inputs[i].dtype);
    types.insert(types.end(), numbers, DType::F32);
    return types;
}

double* registersOf(Program::Registers& r, uint32_t operand, double*) { return r.floats(operand); }
int64_t* registersOf(Program::Registers& r, uint32_t operand, int64_t*) { return r.ints(operand); }

}  // namespace

bool RowProgram::supports(const LayerDesc& d, DType first, DType out, std::span<const int64_t> dims) {
    if (d.program.empty()) return isFloatType(first) == isFloatType(out);
    const SeparatedProgram separated = separateRowNumbers(d.program);
    if (!separated.numbers.empty() && (d.op != "MatMul" || !statisticsFit(d, separated, dims))) return false;
    for (size_t i = d.opInputs; i < d.inputs.size(); ++i)
        if (!d.inputs[i].present() || (!broadcastsTo(d.inputs[i].dims, dims) && !separated.isStatistics(i - d.opInputs + 1))) return false;
    const auto types = operandTypes(d, first, separated.numbers.size());
    return isFloatType(first) == isFloatType(out) && Program::supports(separated.program, types, std::array{out});
}

RowProgram::RowProgram(const LayerDesc& d, DType first, std::vector<int64_t> dims)
    : firstExtra_(d.opInputs), dims_(std::move(dims)) {
    if (d.program.empty()) return;
    const SeparatedProgram separated = separateRowNumbers(d.program);
    numbers_ = separated.numbers;
    program_.emplace(separated.program, operandTypes(d, first, numbers_.size()));
}

RowProgram::State::State(const RowProgram& p, const KernelArgs& args) {
    if (!p.program_) return;
    registers_.emplace(*p.program_);
    for (size_t i = p.firstExtra_; i < args.inputs.size(); ++i) {
        const auto operand = static_cast<uint32_t>(i - p.firstExtra_ + 1);
        const bool statistics = std::any_of(p.numbers_.begin(), p.numbers_.end(), [&](const RowNumber& n) { return n.operand == operand; });
        extra_.push_back(args.inputs[i]);
        strides_.push_back(statistics ? Dims{} : broadcastStrides(args.inputs[i], p.dims_));
    }
}

template <typename C>
void RowProgram::applyRow(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, C* row) const {
    Program::Registers& r = *s.registers_;
    for (int64_t from = 0; from < n; from += kTile) {
        const int64_t count = std::min(kTile, n - from);
        std::copy_n(row + from, count, registersOf(r, 0, row));
        for (size_t k = 0; k < s.extra_.size(); ++k) {
            const TensorView& v = s.extra_[k];
            const auto operand = static_cast<uint32_t>(k + 1);
            const int64_t stride = s.strides_[k][axis];
            const int64_t offset = offsetOf(coords, s.strides_[k]) + from * stride;
            if (isFloatType(v.dtype)) load(v.dtype, v.data, offset, stride, count, r.floats(operand));
            else load(v.dtype, v.data, offset, stride, count, r.ints(operand));
        }
        for (size_t k = 0; k < numbers_.size(); ++k) {
            const double x = rowNumber(s.extra_[numbers_[k].operand - 1], coords, numbers_[k]);
            std::fill_n(r.floats(static_cast<uint32_t>(s.extra_.size() + 1 + k)), count, static_cast<double>(static_cast<float>(x)));
        }
        program_->run(r, count);
        std::copy_n(registersOf(r, program_->outputs()[0], row), count, row + from);
    }
}

void RowProgram::apply(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, double* row) const {
    if (program_) applyRow(s, coords, axis, n, row);
}
void RowProgram::apply(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, int64_t* row) const {
    if (program_) applyRow(s, coords, axis, n, row);
}

std::vector<int64_t> ResultWriter::fullDims(const LayerDesc& d, size_t splitAxis, size_t outputs) {
    std::vector<int64_t> dims = d.outputs[0].dims;
    for (size_t i = 1; i < outputs; ++i) dims[splitAxis] += d.outputs[i].dims[splitAxis];
    return dims;
}

bool ResultWriter::supports(const LayerDesc& d, DType result, size_t splitAxis, size_t outputs) {
    if (d.outputs.size() < outputs || outputs == 0) return false;
    const auto& first = d.outputs[0];
    for (size_t i = 0; i < outputs; ++i) {
        const auto& o = d.outputs[i];
        if (o.dtype != first.dtype || o.dims.size() != first.dims.size()) return false;
        for (size_t a = 0; a < o.dims.size(); ++a)
            if (a != splitAxis && o.dims[a] != first.dims[a]) return false;
    }
    if (outputs > 1 && splitAxis >= first.dims.size()) return false;
    return RowProgram::supports(d, result, first.dtype, fullDims(d, splitAxis, outputs));
}

ResultWriter::ResultWriter(const LayerDesc& d, DType result, size_t splitAxis, size_t outputs)
    : result_(result), splitAxis_(splitAxis), dims_(fullDims(d, splitAxis, outputs)), program_(d, result, dims_),
      stored_(d.outputs[0].dtype) {
    int64_t start = 0;
    for (size_t i = 0; i < outputs; ++i) {
        splitStart_.push_back(start);
        if (splitAxis < dims_.size()) start += d.outputs[i].dims[splitAxis];
    }
    splitStart_.push_back(start);
}

template <typename C>
void ResultWriter::putRow(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, C* row) const {
    if (!program_.empty()) {
        if constexpr (std::is_same_v<C, double>) {
            // The op's result is a float32 (or float64) value before the epilogue sees it.
            if (result_ != DType::F64)
                for (int64_t i = 0; i < n; ++i) row[i] = static_cast<double>(static_cast<float>(row[i]));
        } else {
            for (int64_t i = 0; i < n; ++i) row[i] = wrapTo(result_, row[i]);
        }
        program_.apply(s.program, coords, axis, n, row);
    }
    const size_t parts = splitStart_.size() - 1;
    if (parts == 1) {
        const TensorView& to = s.outputs[0];
        store(stored_, to.data, offsetOf(coords, to.strides), axis < dims_.size() ? to.strides[axis] : 1, n, row);
        return;
    }
    const int64_t begin = coords[splitAxis_];
    for (size_t k = 0; k < parts; ++k) {
        const TensorView& to = s.outputs[k];
        const int64_t lo = splitStart_[k], hi = splitStart_[k + 1];
        const int64_t base = offsetOf(coords, to.strides);
        if (axis != splitAxis_) {
            if (begin >= lo && begin < hi) store(stored_, to.data, base - lo * to.strides[splitAxis_], to.strides[axis], n, row);
            continue;
        }
        const int64_t from = std::max(lo, begin), until = std::min(hi, begin + n);
        if (from < until)
            store(stored_, to.data, base + (from - lo - begin) * to.strides[axis], to.strides[axis], until - from, row + (from - begin));
    }
}

void ResultWriter::put(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, double* row) const {
    putRow(s, coords, axis, n, row);
}
void ResultWriter::put(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, int64_t* row) const {
    putRow(s, coords, axis, n, row);
}

template <typename C>
void ResultWriter::putBlock(State& s, std::span<const int64_t> prefix, C* block) const {
    const size_t last = dims_.size() - 1;
    const auto middle = std::span<const int64_t>(dims_).subspan(prefix.size(), last - prefix.size());
    const int64_t n = dims_[last], rows = countOf(middle);
    std::vector<int64_t> coords(dims_.size(), 0);
    std::copy(prefix.begin(), prefix.end(), coords.begin());
    Odometer at(middle);
    for (int64_t r = 0; r < rows; ++r, at.next()) {
        std::copy(at.at().begin(), at.at().end(), coords.begin() + static_cast<std::ptrdiff_t>(prefix.size()));
        put(s, coords, last, n, block + r * n);
    }
}
template void ResultWriter::putBlock<double>(State&, std::span<const int64_t>, double*) const;
template void ResultWriter::putBlock<int64_t>(State&, std::span<const int64_t>, int64_t*) const;

template <typename C>
void ResultWriter::putAll(const KernelArgs& args, C* result) const {
    if (dims_.empty()) {
        State s(*this, args);
        put(s, {}, 0, 1, result);
        return;
    }
    const size_t last = dims_.size() - 1;
    const auto outer = std::span<const int64_t>(dims_).first(last);
    const int64_t n = dims_[last], rows = countOf(outer);
    if (n == 0) return;
    parallel(args.pool, rows, 4096 / n + 1, [&](int64_t begin, int64_t end, int) {
        State s(*this, args);
        Odometer at(outer, begin);
        std::vector<int64_t> coords(dims_.size(), 0);
        for (int64_t r = begin; r < end; ++r, at.next()) {
            std::copy(at.at().begin(), at.at().end(), coords.begin());
            put(s, coords, last, n, result + r * n);
        }
    });
}
template void ResultWriter::putAll<double>(const KernelArgs&, double*) const;
template void ResultWriter::putAll<int64_t>(const KernelArgs&, int64_t*) const;

}  // namespace sinter::ref
