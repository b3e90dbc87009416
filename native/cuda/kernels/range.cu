// Range. Y_T = X_T; ACC.
#include "ops.cuh"
#include "loop.cuh"

struct Range {
    const X_T *start, *delta;
    Y_T* y;
    int64_t step;
    int total;
};
extern "C" __global__ void __launch_bounds__(256) range(const Range v) {
    follow_producers();
    SINTER_FOR_ITEMS(i, v.total) v.y[i * v.step] = convert<Y_T>(convert<ACC>(*v.start) + static_cast<ACC>(i) * convert<ACC>(*v.delta));
}
