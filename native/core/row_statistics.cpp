#include "core/row_statistics.h"

#include <algorithm>

namespace sinter {
namespace {

bool takesNumber(const PointwiseProgram::Instruction& i) { return (i.op == "RowMean" || i.op == "RowFactor") && i.args.size() == 1; }

}  // namespace

bool writesStatistics(const LayerDesc& layer) { return layer.op == "MatMul" && layer.outputs.size() > 1 && layer.intAttr("statistics", 0) == 1; }

size_t resultCount(const LayerDesc& layer) { return layer.outputs.size() - (writesStatistics(layer) ? 1 : 0); }

std::vector<int64_t> statisticsDims(std::span<const int64_t> rows) {
    if (rows.empty() || rows.back() % kStatisticsGroup != 0) return {};
    std::vector<int64_t> dims(rows.begin(), rows.end());
    dims.back() /= kStatisticsGroup;
    dims.push_back(2);
    return dims;
}

bool SeparatedProgram::isStatistics(size_t k) const {
    return std::any_of(numbers.begin(), numbers.end(), [&](const RowNumber& n) { return n.operand == k; });
}

SeparatedProgram separateRowNumbers(const PointwiseProgram& program) {
    SeparatedProgram s;
    const uint32_t inputs = program.inputCount;
    for (const auto& i : program.code) {
        if (takesNumber(i) && i.args[0] < inputs) s.numbers.push_back({i.args[0], i.op == "RowFactor", i.params.empty() ? 0 : i.params[0]});
    }
    if (s.numbers.empty()) {
        s.program = program;
        return s;
    }
    std::vector<uint32_t> place(inputs + program.code.size());  // of every operand and result in the new program
    for (uint32_t k = 0; k < inputs; ++k) place[k] = k;
    s.program.inputCount = inputs + static_cast<uint32_t>(s.numbers.size());
    uint32_t number = inputs, next = s.program.inputCount;
    for (size_t k = 0; k < program.code.size(); ++k) {
        auto i = program.code[k];
        if (takesNumber(i) && i.args[0] < inputs) {
            place[inputs + k] = number++;
            continue;
        }
        for (uint32_t& a : i.args) a = a < inputs + k ? place[a] : ~0U;
        place[inputs + k] = next++;
        s.program.code.push_back(std::move(i));
    }
    for (const uint32_t out : program.outputs) s.program.outputs.push_back(out < place.size() ? place[out] : ~0U);
    return s;
}

bool statisticsFit(const LayerDesc& layer, const SeparatedProgram& separated, std::span<const int64_t> result) {
    for (const RowNumber& n : separated.numbers) {
        const size_t index = layer.opInputs + n.operand - 1;
        if (n.operand == 0 || index >= layer.inputs.size()) return false;
        const TensorInfo& t = layer.inputs[index];
        const auto& d = t.dims;
        if (t.dtype != DType::F32 || t.quantized() || result.empty() || d.size() != result.size() + 1 || d.back() != 2) return false;
        if (!std::equal(result.begin(), result.end() - 1, d.begin())) return false;
        const auto reads = [&](const PointwiseProgram::Instruction& i) { return std::find(i.args.begin(), i.args.end(), n.operand) != i.args.end(); };
        if (std::any_of(separated.program.code.begin(), separated.program.code.end(), reads)) return false;
    }
    return true;
}

}  // namespace sinter
