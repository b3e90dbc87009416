// Convolutions of any rank, type, stride and group as an implicit matrix product; TRANSPOSED: of ConvTranspose.
// X_T, W_T: element types; SUM_T: what products are summed in; ZERO: X_T's zero point.
#include "gemm_tile.cuh"

struct Shape {
    const void* x;
    const void* w;
    int64_t x_image, x_channel, x_axis[3];  ///< strides
    int64_t w_column, w_channel, w_tap, w_group;
    int in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
    int rows, group_channels, group_columns, groups, taps;
};

struct Pixels {
    const Shape& s;
    int64_t image[4];
    int at_[4][3];
    bool inside[4];
    int c, tap[3];

    SINTER_DEVICE void prepare(int i, int row, int group) {
        inside[i] = row < s.rows;
        int rest = row;
        int o[3];
        for (int a = 2; a >= 0; --a) {
            o[a] = rest % s.out[a];
            rest /= s.out[a];
#ifdef TRANSPOSED
            at_[i][a] = o[a] + s.pad[a];
#else
            at_[i][a] = o[a] * s.stride[a] - s.pad[a];
#endif
        }
        image[i] = rest * s.x_image + static_cast<int64_t>(group) * s.group_channels * s.x_channel;
    }
    SINTER_DEVICE void at(int k) {
        c = k % s.group_channels;
        int t = k / s.group_channels;
        tap[2] = t % s.kernel[2] * s.dilation[2];
        t /= s.kernel[2];
        tap[1] = t % s.kernel[1] * s.dilation[1];
        tap[0] = t / s.kernel[1] * s.dilation[0];
    }
    SINTER_DEVICE SUM_T load(int i) const {
        if (!inside[i]) return SUM_T(0);
        int64_t offset = image[i] + c * s.x_channel;
#pragma unroll
        for (int a = 0; a < 3; ++a) {
#ifdef TRANSPOSED
            const int n = at_[i][a] - tap[a];
            if (n < 0 || n % s.stride[a] != 0) return SUM_T(0);
            const int p = n / s.stride[a];
#else
            const int p = at_[i][a] + tap[a];
#endif
            if (p < 0 || p >= s.in[a]) return SUM_T(0);
            offset += p * s.x_axis[a];
        }
        return convert<SUM_T>(static_cast<const X_T*>(s.x)[offset]) - SUM_T(ZERO);
    }
};

struct Filters {
    const Shape& s;
    const W_T* at;  ///< of this thread's column
    bool inside;
    SINTER_DEVICE SUM_T load(int k) const {
        return inside ? convert<SUM_T>(at[k % s.group_channels * s.w_channel + k / s.group_channels * s.w_tap]) : SUM_T(0);
    }
};

extern "C" __global__ void __launch_bounds__(256) conv_any(const Shape s, const EpilogueParams e) {
    follow_producers();
    const int row0 = blockIdx.x * TILE_M, column0 = blockIdx.y * TILE_N, group = blockIdx.z;
    Pixels a{s};
    for (int i = 0; i < 4; ++i) a.prepare(i, row0 + threadIdx.x / TILE_K + 16 * i, group);
    const int column = column0 + threadIdx.x % TILE_N;
    const Filters b{s, static_cast<const W_T*>(s.w) + group * s.w_group + column * s.w_column, column < s.group_columns};
    SUM_T sum[4][4] = {};
    gemm_tile<SUM_T>(a, b, s.group_channels * s.taps, sum);
    store_tile(e, sum, row0, s.rows, column0, s.group_columns, 0, group * s.group_columns, s.groups == 1);
}
