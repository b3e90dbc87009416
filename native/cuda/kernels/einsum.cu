// Einsum of any kind: a thread sums the products of one result. X_T, ACC, OPERANDS, KEPT and SUMMED (dimensions; at least one).
#include "ops.cuh"
#include "loop.cuh"

struct Operand {
    const void* data;
    int64_t kept[KEPT], summed[SUMMED];
};
struct Einsum {
    Loop kept;   ///< the result's dimensions
    Loop summed;
    View y;
    Operand operands[OPERANDS];
};

extern "C" __global__ void __launch_bounds__(256) einsum(const Einsum e) {
    follow_producers();
    SINTER_FOR_ITEMS(item, e.kept.total) {
        int at[8], in[8];
        e.kept.coordinates(item, at);
        int64_t base[OPERANDS];
#pragma unroll
        for (int k = 0; k < OPERANDS; ++k) {
            base[k] = 0;
#pragma unroll
            for (int a = 0; a < KEPT; ++a) base[k] += at[a] * e.operands[k].kept[a];
        }
        ACC sum = 0;
        for (int t = 0; t < e.summed.total; ++t) {
            e.summed.coordinates(t, in);
            ACC product = 1;
#pragma unroll
            for (int k = 0; k < OPERANDS; ++k) {
                int64_t offset = base[k];
#pragma unroll
                for (int a = 0; a < SUMMED; ++a) offset += in[a] * e.operands[k].summed[a];
                product *= convert<ACC>(static_cast<const X_T*>(e.operands[k].data)[offset]);
            }
            sum += product;
        }
        address<X_T>(e.y)[offset_of(e.y, at, e.kept.rank)] = convert<X_T>(sum);
    }
}
