// Snake (Ziyin, Hartwig and Ueda, 2020): an activation that learns periodic functions, x + sin²(αx) / α.
#include <cmath>

#include "sinter/plugin.h"

namespace {

struct Work {
    const float* x;
    float* y;
    float alpha;
};

void part(void* user, int64_t begin, int64_t end) {
    const Work& w = *static_cast<const Work*>(user);
    for (int64_t i = begin; i < end; ++i) {
        const float s = std::sin(w.alpha * w.x[i]);
        w.y[i] = w.x[i] + s * s / w.alpha;
    }
}

const char* run(const sinter_plugin_call* call) {
    const auto alpha = static_cast<float>(call->float_attr(call, "alpha", 1));
    if (alpha == 0) return "alpha must not be zero";
    const sinter_plugin_tensor& x = call->inputs[0];
    int64_t count = 1;
    for (int32_t i = 0; i < x.rank; ++i) count *= x.dims[i];
    Work work{static_cast<const float*>(x.data), static_cast<float*>(call->outputs[0].data), alpha};
    call->parallel(call, count, 4096, part, &work);
    return nullptr;
}

const sinter_plugin plugin{SINTER_PLUGIN_ABI, "snake", "1.0.0", run};

}  // namespace

extern "C" const sinter_plugin* sinter_plugin_entry(void) { return &plugin; }
