// Spatial transformer (Jaderberg et al., 2015), with the conventions of its Caffe layer: theta holds, per image, the rows
// of a 2×3 matrix that takes places of the result (row, column, 1) to places of the image, both from -1 to 1 with step
// 2 / length; the image counts as zero outside.
#include <cmath>

#include "sinter/plugin.h"

namespace {

struct Work {
    const float* image;
    const float* theta;
    float* result;
    int64_t channels, height, width, rows, columns;
};

/// One place of all channels, bilinearly.
void sample(const Work& w, const float* image, float* result, double y, double x) {
    const auto top = static_cast<int64_t>(std::floor(y)), left = static_cast<int64_t>(std::floor(x));
    for (int64_t c = 0; c < w.channels; ++c) {
        const float* plane = image + c * w.height * w.width;
        double sum = 0;
        for (int64_t i = top; i <= top + 1; ++i) {
            for (int64_t j = left; j <= left + 1; ++j) {
                if (i < 0 || i >= w.height || j < 0 || j >= w.width) continue;
                sum += (1 - std::abs(y - static_cast<double>(i))) * (1 - std::abs(x - static_cast<double>(j))) * plane[i * w.width + j];
            }
        }
        result[c * w.rows * w.columns] = static_cast<float>(sum);
    }
}

/// Rows of the result, counted over all images.
void part(void* user, int64_t begin, int64_t end) {
    const Work& w = *static_cast<const Work*>(user);
    for (int64_t at = begin; at < end; ++at) {
        const int64_t n = at / w.rows, row = at % w.rows;
        const float* t = w.theta + n * 6;
        const float* image = w.image + n * w.channels * w.height * w.width;
        float* result = w.result + (n * w.channels * w.rows + row) * w.columns;
        const double r = 2.0 * static_cast<double>(row) / static_cast<double>(w.rows) - 1;
        for (int64_t column = 0; column < w.columns; ++column) {
            const double c = 2.0 * static_cast<double>(column) / static_cast<double>(w.columns) - 1;
            const double y = t[0] * r + t[1] * c + t[2], x = t[3] * r + t[4] * c + t[5];
            const double py = (y + 1) / 2 * static_cast<double>(w.height), px = (x + 1) / 2 * static_cast<double>(w.width);
            // Far outside nothing is left; also keeps what is no number, or beyond all, away from the conversions.
            const bool near = py > -2 && px > -2 && py < static_cast<double>(w.height + 1) && px < static_cast<double>(w.width + 1);
            sample(w, image, result + column, near ? py : -2, near ? px : -2);
        }
    }
}

const char* run(const sinter_plugin_call* call) {
    const sinter_plugin_tensor &image = call->inputs[0], &theta = call->inputs[1], &result = call->outputs[0];
    if (image.rank != 4 || theta.rank != 2 || theta.dims[0] != image.dims[0] || theta.dims[1] != 6) {
        return "theta must hold six numbers for each image";
    }
    Work work{static_cast<const float*>(image.data),
              static_cast<const float*>(theta.data),
              static_cast<float*>(result.data),
              image.dims[1],
              image.dims[2],
              image.dims[3],
              result.dims[2],
              result.dims[3]};
    call->parallel(call, image.dims[0] * work.rows, 4, part, &work);
    return nullptr;
}

const sinter_plugin plugin{SINTER_PLUGIN_ABI, "spatial-transformer", "1.0.0", run};

}  // namespace

extern "C" const sinter_plugin* sinter_plugin_entry(void) { return &plugin; }
