// DeformConv: a convolution whose taps are moved by offsets that the network computes, as an implicit matrix product. X_T; HAS_MASK.
#include "gemm_tile.cuh"

struct Shape {
    View x, w, offsets, mask;  ///< of axes n, c, y, x
    int height, width, out_h, out_w, kernel_w, taps;
    int stride[2], dilation[2], pad[2];
    int rows, group_channels, group_columns, channels_per_offset;
};

struct Pixels {
    const Shape& s;
    int n[4], oy[4], ox[4], group;
    bool inside[4];
    int channel, tap;

    SINTER_DEVICE void prepare(int i, int row) {
        inside[i] = row < s.rows;
        ox[i] = row % s.out_w;
        oy[i] = row / s.out_w % s.out_h;
        n[i] = row / s.out_w / s.out_h;
    }
    SINTER_DEVICE void at(int k) {
        channel = k / s.taps;
        tap = k % s.taps;
    }
    SINTER_DEVICE acc_t pixel(const X_T* plane, int y, int x) const {
        return y < 0 || x < 0 || y >= s.height || x >= s.width ? acc_t(0) : convert<acc_t>(plane[y * s.x.strides[2] + x * s.x.strides[3]]);
    }
    SINTER_DEVICE acc_t load(int i) const {
        if (!inside[i]) return acc_t(0);
        const int c = group * s.group_channels + channel, k = c / s.channels_per_offset * s.taps + tap;
        const X_T* offset = address<const X_T>(s.offsets) + n[i] * s.offsets.strides[0] + oy[i] * s.offsets.strides[2] + ox[i] * s.offsets.strides[3];
        const acc_t y = acc_t(oy[i] * s.stride[0] - s.pad[0] + tap / s.kernel_w * s.dilation[0]) + convert<acc_t>(offset[2 * k * s.offsets.strides[1]]);
        const acc_t x = acc_t(ox[i] * s.stride[1] - s.pad[1] + tap % s.kernel_w * s.dilation[1]) + convert<acc_t>(offset[(2 * k + 1) * s.offsets.strides[1]]);
        if (!(y > acc_t(-1) && x > acc_t(-1) && y < acc_t(s.height) && x < acc_t(s.width))) return acc_t(0);
        const acc_t fy = floor(y), fx = floor(x), ly = y - fy, lx = x - fx;
        const int y0 = static_cast<int>(fy), x0 = static_cast<int>(fx);
        const X_T* plane = address<const X_T>(s.x) + n[i] * s.x.strides[0] + c * s.x.strides[1];
        acc_t v = (acc_t(1) - ly) * ((acc_t(1) - lx) * pixel(plane, y0, x0) + lx * pixel(plane, y0, x0 + 1)) +
                  ly * ((acc_t(1) - lx) * pixel(plane, y0 + 1, x0) + lx * pixel(plane, y0 + 1, x0 + 1));
#if HAS_MASK
        v *= convert<acc_t>(address<const X_T>(s.mask)[n[i] * s.mask.strides[0] + k * s.mask.strides[1] + oy[i] * s.mask.strides[2] + ox[i] * s.mask.strides[3]]);
#endif
        return v;
    }
};

struct Filters {
    const Shape& s;
    int column;
    bool inside;
    SINTER_DEVICE acc_t load(int k) const {
        const int tap = k % s.taps;
        return inside ? convert<acc_t>(address<const X_T>(s.w)[column * s.w.strides[0] + k / s.taps * s.w.strides[1] + tap / s.kernel_w * s.w.strides[2] + tap % s.kernel_w * s.w.strides[3]]) : acc_t(0);
    }
};

extern "C" __global__ void __launch_bounds__(256) deform_conv(const Shape s, const EpilogueParams e) {
    const int row0 = blockIdx.x * TILE_M, column0 = blockIdx.y * TILE_N, group = blockIdx.z;
    Pixels a{s};
    a.group = group;
    for (int i = 0; i < 4; ++i) a.prepare(i, row0 + threadIdx.x / TILE_K + 16 * i);
    const int column = column0 + threadIdx.x % TILE_N;
    const Filters b{s, group * s.group_columns + column, column < s.group_columns};
    acc_t sum[4][4] = {};
    gemm_tile<acc_t>(a, b, s.group_channels * s.taps, sum);
    store_tile(e, sum, row0, s.rows, column0, s.group_columns, 0, group * s.group_columns, false);
}
