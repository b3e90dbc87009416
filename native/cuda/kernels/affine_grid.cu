// AffineGrid: places of a regular grid, transformed. X_T, Y_T, ACC.
#include "ops.cuh"
#include "loop.cuh"

struct Grid {
    Loop loop;  ///< [N, spatial…, S]; the last axis tells the coordinate
    View theta, y;
    int axes, corners;
};
/// Coordinate `axis` of the place: the last spatial axis comes first.
extern "C" __global__ void __launch_bounds__(256) affine_grid(const Grid v) {
    follow_producers();
    SINTER_FOR_ITEMS(item, v.loop.total) {
        int at[8];
        v.loop.coordinates(item, at);
        int row = 0;
#pragma unroll
        for (int a = 0; a < 8; ++a) {
            if (a == v.axes + 1) row = at[a];
        }
        const X_T* theta = address<const X_T>(v.theta) + at[0] * v.theta.strides[0] + row * v.theta.strides[1];
        ACC sum = convert<ACC>(theta[v.axes * v.theta.strides[2]]);
#pragma unroll
        for (int a = 1; a < 8; ++a) {
            if (a > v.axes) continue;
            const int n = v.loop.size(a);
            const ACC i = static_cast<ACC>(at[a]);
            const ACC place = v.corners ? (n > 1 ? ACC(-1) + ACC(2) * i / ACC(n - 1) : ACC(-1)) : (ACC(2) * i + ACC(1)) / ACC(n) - ACC(1);
            sum += convert<ACC>(theta[(v.axes - a) * v.theta.strides[2]]) * place;
        }
        address<Y_T>(v.y)[offset_of(v.y, at, v.loop.rank)] = convert<Y_T>(sum);
    }
}
