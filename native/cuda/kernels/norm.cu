// LayerNorm, InstanceNorm, GroupNorm: (x − mean) / √(variance + ε) over `count` consecutive elements of the row-major
// result, then scale and bias. A block per group; a thread holds up to HELD elements in registers.
#include "epilogue.cuh"

struct Shape {
    int groups, count, columns;
    int channels, plane, repeat;  ///< per channel: element i has channel i / plane % channels, scale channel / repeat
    float epsilon;
};

SINTER_DEVICE acc_t loaded(const EpilogueOperand& x, const EpilogueParams& e, int index, int columns) {
    X_T v[1];
    epilogue_load<X_T, 1>(x, epilogue_offset<RESULT_AXES>(x, e.shape, index / columns), index % columns, columns, v);
    return convert<acc_t>(v[0]);
}
template <typename T> SINTER_DEVICE acc_t parameter(const EpilogueOperand& o, const EpilogueParams& e, const Shape& s, int index) {
#if PER_CHANNEL
    return convert<acc_t>(static_cast<const T*>(o.data)[index / s.plane % s.channels / s.repeat]);
#else
    T v[1];
    epilogue_load<T, 1>(o, epilogue_offset<RESULT_AXES>(o, e.shape, index / s.columns), index % s.columns, s.columns, v);
    return convert<acc_t>(v[0]);
#endif
}

extern "C" __global__ void normalize_groups(const EpilogueOperand x, const EpilogueOperand scale, const EpilogueOperand bias, const Shape s, const EpilogueParams e) {
    __shared__ acc_t shared[32];
    follow_producers();
    for (int group = blockIdx.x; group < s.groups; group += gridDim.x) {
        const int first = group * s.count;
        acc_t held[HELD];
        acc_t sum = 0;
        for (int i = 0, j = threadIdx.x; j < s.count; ++i, j += blockDim.x) {
            const acc_t v = loaded(x, e, first + j, s.columns);
            if (i < HELD) held[i] = v;
            sum += v;
        }
        const acc_t mean = block_reduce(sum, acc_t(0), Add(), shared) / acc_t(s.count);
        acc_t squares = 0;
        for (int i = 0, j = threadIdx.x; j < s.count; ++i, j += blockDim.x) {
            const acc_t v = (i < HELD ? held[i] : loaded(x, e, first + j, s.columns)) - mean;
            squares += v * v;
        }
        __syncthreads();
        const acc_t variance = block_reduce(squares, acc_t(0), Add(), shared) / acc_t(s.count);
        const acc_t factor = acc_t(1) / f_sqrt(variance + acc_t(s.epsilon));
        for (int i = 0, j = threadIdx.x; j < s.count; ++i, j += blockDim.x) {
            const int index = first + j;
            acc_t v[1] = {((i < HELD ? held[i] : loaded(x, e, index, s.columns)) - mean) * factor};
#if HAS_SCALE
            v[0] *= parameter<SCALE_T>(scale, e, s, index);
#endif
#if HAS_BIAS
            v[0] += parameter<BIAS_T>(bias, e, s, index);
#endif
            epilogue<1>(e, index / s.columns, index % s.columns, v);
        }
        __syncthreads();
    }
}
