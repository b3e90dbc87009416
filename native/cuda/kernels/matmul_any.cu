// Matrix products of any type with any strides and numpy batches. A_T, B_T: element types; SUM_T: what products are summed in;
// ZERO: A_T's zero point.
#include "gemm_tile.cuh"

struct Shape {
    const void* a;
    const void* b;
    int64_t a_row, a_k, b_k, b_column;
    int64_t a_batch[7], b_batch[7];  ///< strides of the batch axes, outermost first
    int batch[7];
    int rank;                        ///< batch axes
    int rows, columns, k;
    int flat;                        ///< b has no batches: all batches' rows are one matrix of rows · batches
};

struct Rows {
    const Shape& s;
    const A_T* at_[4];
    bool inside[4];
    int k_;

    SINTER_DEVICE void prepare(int i, int row, int limit) {
        inside[i] = row < limit;
        int64_t offset = row % s.rows * s.a_row;
        int rest = row / s.rows;
        for (int a = s.rank - 1; a >= 0; --a) {
            offset += rest % s.batch[a] * s.a_batch[a];
            rest /= s.batch[a];
        }
        at_[i] = static_cast<const A_T*>(s.a) + offset;
    }
    SINTER_DEVICE void at(int k) { k_ = k; }
    SINTER_DEVICE SUM_T load(int i) const { return inside[i] ? convert<SUM_T>(at_[i][k_ * s.a_k]) - SUM_T(ZERO) : SUM_T(0); }
};

struct Columns {
    const Shape& s;
    const B_T* at;
    bool inside;
    SINTER_DEVICE SUM_T load(int k) const { return inside ? convert<SUM_T>(at[k * s.b_k]) : SUM_T(0); }
};

extern "C" __global__ void __launch_bounds__(256) matmul_any(const Shape s, const EpilogueParams e) {
    follow_producers();
    const int row0 = blockIdx.x * TILE_M, column0 = blockIdx.y * TILE_N;
    int batches = 1;
    for (int a = 0; a < s.rank; ++a) batches *= s.batch[a];
    const int rows = s.flat ? s.rows * batches : s.rows;
    for (int z = blockIdx.z; z < (s.flat ? 1 : batches); z += gridDim.z) {
        Rows a{s};
        for (int i = 0; i < 4; ++i) {
            const int row = row0 + threadIdx.x / TILE_K + 16 * i;
            a.prepare(i, row < rows ? row + z * s.rows : 0, row < rows ? 0x7fffffff : 0);
        }
        int64_t offset = 0;
        int rest = z;
        for (int i = s.rank - 1; i >= 0 && !s.flat; --i) {
            offset += rest % s.batch[i] * s.b_batch[i];
            rest /= s.batch[i];
        }
        const int column = column0 + threadIdx.x % TILE_N;
        const Columns b{s, static_cast<const B_T*>(s.b) + offset + column * s.b_column, column < s.columns};
        SUM_T sum[4][4] = {};
        gemm_tile<SUM_T>(a, b, s.k, sum);
        store_tile(e, sum, row0, rows, column0, s.columns, z * s.rows, 0, true);
    }
}
