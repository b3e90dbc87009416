// A plugin's own CUDA source, called for each element of its first output. INPUTS and OUTPUTS count its operands.
#include "prelude.cuh"

/// Dense and row-major. An optional input that is left out has dtype 0 and no data.
struct sinter_tensor {
    void* data;
    int64_t dims[8];
    int32_t rank;
    int32_t dtype;  // as onnx.TensorProto.DataType
};

struct sinter_operands {
    sinter_tensor inputs[INPUTS];
    sinter_tensor outputs[OUTPUTS];
};

// `namespace attribute`: the operator's attributes as constants.
#include "plugin_attributes.cuh"
// The plugin: __device__ void compute(const sinter_tensor* inputs, const sinter_tensor* outputs, int64_t element).
#include "plugin_source.cuh"

extern "C" __global__ void __launch_bounds__(256) plugin(const __grid_constant__ sinter_operands o, const int64_t count) {
    const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) compute(o.inputs, o.outputs, i);
}
