// Pairs of an unsigned key and a place, sorted by one block: bitonic, so that the order of all steps is fixed.
#pragma once
#include "prelude.cuh"

template <typename KEY> struct Pairs {
    KEY* keys;
    int* places;

    SINTER_DEVICE bool after(int a, int b) const { return keys[a] > keys[b] || (keys[a] == keys[b] && places[a] > places[b]); }
    /// By key, then by place. `count` is a power of two; called by all threads of the block, which see the result.
    SINTER_DEVICE void sort(int count) const {
        for (int size = 2; size <= count; size *= 2) {
            for (int step = size / 2; step > 0; step /= 2) {
                __syncthreads();
                for (int i = threadIdx.x; i < count / 2; i += blockDim.x) {
                    const int a = 2 * i - (i & (step - 1)), b = a + step;
                    const bool rising = (a & size) == 0;
                    if (after(a, b) == rising) {
                        const KEY key = keys[a];
                        const int place = places[a];
                        keys[a] = keys[b];
                        places[a] = places[b];
                        keys[b] = key;
                        places[b] = place;
                    }
                }
            }
        }
        __syncthreads();
    }
};

/// An unsigned number that is larger where the float is; NaN is larger than everything, both zeros are one.
SINTER_DEVICE uint32_t ordered_bits(float f) {
    const uint32_t u = f != f ? 0x7fffffffu : f == 0.0f ? 0u : __float_as_uint(f);
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}
