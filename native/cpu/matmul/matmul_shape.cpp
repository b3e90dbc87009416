#include "cpu/matmul/matmul_shape.h"

#include <algorithm>

#include "core/row_statistics.h"
#include "cpu/matmul/epilogue.h"

namespace sinter::gemm {

std::optional<MatMulShape> matMulShapeOf(const LayerDesc& layer, DType aType, DType bType, bool halves) {
    if (layer.op != "MatMul" || layer.opInputs < 2 || layer.inputs.size() < 2 || layer.outputs.empty() || writesStatistics(layer)) return std::nullopt;
    const TensorInfo& a = layer.inputs[0];
    const TensorInfo& b = layer.inputs[1];
    if (a.dtype != aType || b.dtype != bType || a.quantized() || b.quantized() || a.dims.empty() || b.dims.size() < 2) return std::nullopt;
    if (layer.opInputs > 2 && layer.inputs[2].present() && layer.inputs[2].dtype != DType::F32) return std::nullopt;
    for (const TensorInfo& o : layer.outputs) {
        if (o.dtype != DType::F32 && !(halves && numbersOf(o))) return std::nullopt;
    }
    MatMulShape s;
    s.transA = layer.intAttr("trans_a", 0) != 0;
    s.transB = layer.intAttr("trans_b", 0) != 0;
    const size_t ra = a.dims.size();
    const size_t rb = b.dims.size();
    if (ra == 1 && s.transA) return std::nullopt;
    if (ra > 1) s.m = s.transA ? a.dims[ra - 1] : a.dims[ra - 2];
    s.k = ra > 1 && s.transA ? a.dims[ra - 2] : a.dims[ra - 1];
    s.n = s.transB ? b.dims[rb - 2] : b.dims[rb - 1];
    if ((s.transB ? b.dims[rb - 1] : b.dims[rb - 2]) != s.k || s.k < 1 || s.n < 1 || s.m < 1) return std::nullopt;
    if (layer.opInputs > 2 && layer.inputs[2].present() && layer.inputs[2].count() != s.n) return std::nullopt;
    const size_t batchRank = std::max(ra > 2 ? ra - 2 : 0, rb - 2);
    s.sharedB = true;
    for (size_t i = 0; i < batchRank; ++i) {
        const size_t fromEnd = batchRank - i;
        const int64_t da = ra >= fromEnd + 2 ? a.dims[ra - 2 - fromEnd] : 1;
        const int64_t db = rb >= fromEnd + 2 ? b.dims[rb - 2 - fromEnd] : 1;
        if (da < 1 || db < 1) return std::nullopt;
        s.batch.push_back(std::max(da, db));
        if (db != 1) s.sharedB = false;
    }
    s.result = s.batch;
    if (ra > 1) s.result.push_back(s.m);
    s.result.push_back(s.n);
    if (s.result.size() > static_cast<size_t>(kMaxRank)) return std::nullopt;
    return s;
}

}  // namespace sinter::gemm
