#include "cpu/half/widen.h"

#include <algorithm>

#include "cpu/reference/convert.h"

namespace sinter::half {

bool anyHalf(const LayerDesc& layer) {
    return std::any_of(layer.inputs.begin(), layer.inputs.end(), isHalf) || std::any_of(layer.outputs.begin(), layer.outputs.end(), isHalf);
}

TensorInfo widened(const TensorInfo& t) {
    TensorInfo wide = t;
    if (isHalf(t)) wide.dtype = DType::F32;
    return wide;
}

PointwiseProgram widened(const PointwiseProgram& program) {
    PointwiseProgram wide = program;
    for (PointwiseProgram::Instruction& in : wide.code) {
        if ((in.dtype != DType::F16 && in.dtype != DType::BF16) || in.op == "Cast") continue;
        if (in.op == "Const") {
            for (double& p : in.params) p = ref::roundTo(in.dtype, p);
        }
        in.dtype = DType::F32;
    }
    return wide;
}

}  // namespace sinter::half
