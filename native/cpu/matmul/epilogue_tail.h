#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "cpu/matmul/rows.h"
#include "cpu/pointwise/program.h"

namespace sinter::gemm {

/// An epilogue operand, broadcast to a result whose columns are one axis and whose rows are all the others.
struct Extra {
    const float* base = nullptr;
    RowMap rows;
    int64_t columnStride = 0;
};

/// Operands of the epilogue program that follow the op's own inputs, seen from a result of shape `result` whose
/// columns are axis `columnAxis`; the other axes are the rows, in order.
std::vector<Extra> bindExtras(std::span<const TensorView> extras, std::span<const int64_t> result, int columnAxis);
/// The rows of `view` when axis `columnAxis` is the columns.
RowMap rowsOf(const TensorView& view, int columnAxis);

/// An interpreted epilogue, applied to rows of a result while they are in the first-level cache.
class EpilogueTail {
public:
    EpilogueTail(const pointwise::Program& program, std::span<const Extra> extras, float* scratch)
        : program_(program), extras_(extras), scratch_(scratch), offsets_(extras.size()), in_(extras.size() + 1),
          step_(extras.size() + 1, 1) {}

    /// Floats of scratch per thread.
    static int64_t scratchFloats(const pointwise::Program* program) {
        return program ? program->scratchFloats() + int64_t{program->inputs()} * pointwise::Program::kStrip : 0;
    }

    /// Columns [column, column + n) of row `row`, which lie at `values`, are replaced by the program's result.
    void apply(int64_t row, int64_t column, int64_t n, float* values);

private:
    const pointwise::Program& program_;
    std::span<const Extra> extras_;
    float* scratch_;
    std::vector<int64_t> offsets_;
    std::vector<const float*> in_;
    std::vector<uint8_t> step_;
};

}  // namespace sinter::gemm
