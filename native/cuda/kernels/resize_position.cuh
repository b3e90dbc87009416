// Where an output index of a Resize lies in the input, in float32 without contraction: ties of `nearest` fall as on the CPU.
// COORDINATE: 0 half_pixel, 1 half_pixel_symmetric, 2 pytorch_half_pixel, 3 align_corners, 4 asymmetric, 5 tf_crop_and_resize,
// 6 tf_half_pixel_for_nn.
#pragma once
#include "prelude.cuh"

struct ResizeAxis {
    int in, out;
    float scale, roi_start, roi_end;
    int untouched;
};

/// False where the position is to be extrapolated.
SINTER_DEVICE bool resize_position(const ResizeAxis& a, int o, float& at) {
    const float x = static_cast<float>(o), in = static_cast<float>(a.in), out = __fmul_rn(a.scale, in);
    const float centre = __fsub_rn(__fdiv_rn(__fadd_rn(x, 0.5f), a.scale), 0.5f);
    if (COORDINATE == 0) at = centre;
    else if (COORDINATE == 1) {
        const float adjustment = __fdiv_rn(static_cast<float>(a.out), out);
        const float start = __fmul_rn(__fdiv_rn(in, 2.0f), __fsub_rn(1.0f, adjustment));
        at = __fsub_rn(__fadd_rn(start, __fdiv_rn(__fadd_rn(x, 0.5f), a.scale)), 0.5f);
    } else if (COORDINATE == 2) at = a.out > 1 ? centre : 0.0f;
    else if (COORDINATE == 3) at = a.out == 1 ? 0.0f : __fdiv_rn(__fmul_rn(x, __fsub_rn(in, 1.0f)), __fsub_rn(out, 1.0f));
    else if (COORDINATE == 4) at = __fdiv_rn(x, a.scale);
    else if (COORDINATE == 6) at = __fdiv_rn(__fadd_rn(x, 0.5f), a.scale);
    else {
        const float last = __fsub_rn(in, 1.0f);
        if (a.out > 1) {
            const float step = __fdiv_rn(__fmul_rn(__fmul_rn(x, __fsub_rn(a.roi_end, a.roi_start)), last), __fsub_rn(out, 1.0f));
            at = __fadd_rn(__fmul_rn(a.roi_start, last), step);
        } else {
            at = __fmul_rn(__fmul_rn(0.5f, __fadd_rn(a.roi_start, a.roi_end)), last);
        }
        return at >= 0.0f && at <= last;
    }
    return true;
}
