// LinearAttention: a block per batch row and head of keys carries its state of DK × DV over the tokens in shared memory; a thread
// keeps whole columns of it. Q_T, K_T, V_T, STATE_T, DECAY_T, BETA_T, Y_T, OUT_STATE_T, ACC; HAS_DECAY, HAS_BETA, PER_ROW (one
// decay per row of the state), SHARED_BETA (one for all heads).
#include "ops.cuh"
#include "loop.cuh"

struct LinearAttention {
    View q, k, v, state, decay, beta, y, out_state;  ///< strides: batch, token, feature; of states: batch, head, row, column
    int batch, tokens, heads, shared_heads;           ///< query heads of one head of keys
    ACC scale;
};

extern "C" __global__ void linear_attention(const LinearAttention a) {
    SINTER_DYNAMIC_SHARED(dynamic);
    ACC* const s = reinterpret_cast<ACC*>(dynamic);  // [DK][DV]
    ACC* const key = s + DK * DV;
    ACC* const query = key + DK;
    ACC* const factor = query + DK;
    const int b = blockIdx.x / a.heads, head = blockIdx.x % a.heads;
    for (int i = threadIdx.x; i < DK * DV; i += blockDim.x)
        s[i] = a.state.data ? convert<ACC>(address<const STATE_T>(a.state)[b * a.state.strides[0] + head * a.state.strides[1] + i / DV * a.state.strides[2] + i % DV * a.state.strides[3]]) : ACC(0);
    for (int t = 0; t < a.tokens; ++t) {
        __syncthreads();
        for (int i = threadIdx.x; i < DK; i += blockDim.x) {
            key[i] = convert<ACC>(address<const K_T>(a.k)[b * a.k.strides[0] + t * a.k.strides[1] + (head * DK + i) * a.k.strides[2]]);
#if HAS_DECAY
            factor[i] = f_exp(convert<ACC>(address<const DECAY_T>(a.decay)[b * a.decay.strides[0] + t * a.decay.strides[1] + (PER_ROW ? head * DK + i : head) * a.decay.strides[2]]));
#endif
        }
        __syncthreads();
        for (int j = threadIdx.x; j < DV; j += blockDim.x) {
            ACC added = convert<ACC>(address<const V_T>(a.v)[b * a.v.strides[0] + t * a.v.strides[1] + (head * DV + j) * a.v.strides[2]]);
            ACC known = 0;
            for (int i = 0; i < DK; ++i) {
#if HAS_DECAY
                s[i * DV + j] *= factor[i];
#endif
#if HAS_BETA
                known += s[i * DV + j] * key[i];
#endif
            }
#if HAS_BETA
            added = convert<ACC>(address<const BETA_T>(a.beta)[b * a.beta.strides[0] + t * a.beta.strides[1] + (SHARED_BETA ? 0 : head) * a.beta.strides[2]]) * (added - known);
#endif
            for (int i = 0; i < DK; ++i) s[i * DV + j] += key[i] * added;
        }
        for (int g = head * a.shared_heads; g < (head + 1) * a.shared_heads; ++g) {
            __syncthreads();
            for (int i = threadIdx.x; i < DK; i += blockDim.x) query[i] = convert<ACC>(address<const Q_T>(a.q)[b * a.q.strides[0] + t * a.q.strides[1] + (g * DK + i) * a.q.strides[2]]);
            __syncthreads();
            for (int j = threadIdx.x; j < DV; j += blockDim.x) {
                ACC sum = 0;
                for (int i = 0; i < DK; ++i) sum += query[i] * s[i * DV + j];
                address<Y_T>(a.y)[b * a.y.strides[0] + t * a.y.strides[1] + (g * DV + j) * a.y.strides[2]] = convert<Y_T>(a.scale * sum);
            }
        }
    }
    __syncthreads();
    if (!a.out_state.data) return;
    for (int i = threadIdx.x; i < DK * DV; i += blockDim.x)
        address<OUT_STATE_T>(a.out_state)[b * a.out_state.strides[0] + head * a.out_state.strides[1] + i / DV * a.out_state.strides[2] + i % DV * a.out_state.strides[3]] = convert<OUT_STATE_T>(s[i]);
}
