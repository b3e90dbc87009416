// Col2Im: every pixel adds up the blocks' entries that lie on it. X_T, ACC, AXES (1 to 3).
#include "ops.cuh"
#include "loop.cuh"

struct Col2Im {
    Loop loop;  ///< image, channel, pixels
    View x, y;  ///< x: image, channel · taps, places
    const int64_t* block;
    int64_t block_step;
    int stride[AXES], dilation[AXES], pad[AXES], pads[AXES];  ///< pads: at both ends together
};

extern "C" __global__ void __launch_bounds__(256) col2im(const Col2Im c) {
    follow_producers();
    int block[AXES], positions[AXES], taps = 1;
#pragma unroll
    for (int a = 0; a < AXES; ++a) {
        block[a] = static_cast<int>(c.block[a * c.block_step]);
        positions[a] = (c.loop.size(2 + a) + c.pads[a] - (block[a] - 1) * c.dilation[a] - 1) / c.stride[a] + 1;
        taps *= block[a];
    }
    SINTER_FOR_ITEMS(item, c.loop.total) {
        int at[8];
        c.loop.coordinates(item, at);
        ACC sum = 0;
        for (int t = 0; t < taps; ++t) {
            int rest = t, place = 0, step = 1;
            bool inside = true;
#pragma unroll
            for (int a = AXES - 1; a >= 0; --a) {
                const int n = at[2 + a] + c.pad[a] - rest % block[a] * c.dilation[a];
                rest /= block[a];
                const int p = n / c.stride[a];
                inside = inside && n >= 0 && n % c.stride[a] == 0 && p < positions[a];
                place += p * step;
                step *= positions[a];
            }
            if (inside) sum += convert<ACC>(address<const X_T>(c.x)[at[0] * c.x.strides[0] + (at[1] * taps + t) * c.x.strides[1] + place * c.x.strides[2]]);
        }
        address<X_T>(c.y)[offset_of(c.y, at, 2 + AXES)] = convert<X_T>(sum);
    }
}
