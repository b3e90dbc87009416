// Det: a warp eliminates one matrix in the workspace, with partial pivoting. X_T, ACC.
#include "ops.cuh"
#include "loop.cuh"

struct Det {
    Loop loop;  ///< over matrices
    View x, y;
    int64_t row_step, column_step;
    int n;
    ACC* work;
};

extern "C" __global__ void __launch_bounds__(256) det(const Det d) {
    follow_producers();
    const int lane = threadIdx.x & 31, n = d.n;
    for (int m = blockIdx.x * 8 + (threadIdx.x >> 5); m < d.loop.total; m += gridDim.x * 8) {
        int at[8];
        d.loop.coordinates(m, at);
        const X_T* x = address<const X_T>(d.x) + offset_of(d.x, at, d.loop.rank);
        ACC* a = d.work + static_cast<int64_t>(m) * n * n;
        for (int i = lane; i < n * n; i += 32) a[i] = convert<ACC>(x[i / n * d.row_step + i % n * d.column_step]);
        __syncwarp();
        ACC result = 1;
        for (int k = 0; k < n && result != ACC(0); ++k) {
            int pivot = k;
            for (int r = k + 1; r < n; ++r) {
                if (f_abs(a[r * n + k]) > f_abs(a[pivot * n + k])) pivot = r;
            }
            __syncwarp();
            if (pivot != k) {
                for (int c = lane; c < n; c += 32) {
                    const ACC swapped = a[k * n + c];
                    a[k * n + c] = a[pivot * n + c];
                    a[pivot * n + c] = swapped;
                }
                result = -result;
            }
            __syncwarp();
            const ACC head = a[k * n + k];
            result *= head;
            if (head == ACC(0)) break;
            for (int r = k + 1 + lane; r < n; r += 32) {
                const ACC f = a[r * n + k] / head;
                for (int c = k; c < n; ++c) a[r * n + c] -= f * a[k * n + c];
            }
            __syncwarp();
        }
        if (lane == 0) address<X_T>(d.y)[offset_of(d.y, at, d.loop.rank)] = convert<X_T>(result);
        __syncwarp();
    }
}
