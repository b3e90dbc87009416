// Walking the elements of a tensor: an element's number becomes its coordinates by multiplications, not divisions.
#pragma once
#include "prelude.cuh"
#include "prelude_launch.cuh"

/// n / divisor for 0 <= n < 2^31.
struct Divider {
    unsigned multiplier, shift, divisor;
    SINTER_DEVICE int divide(int n) const { return divisor == 1 ? n : static_cast<int>(__umulhi(static_cast<unsigned>(n), multiplier) >> shift); }
};

/// Axes in the order in which elements are numbered, outermost first.
struct Loop {
    Divider axes[8];
    int rank, total;
    SINTER_DEVICE int size(int axis) const { return static_cast<int>(axes[axis].divisor); }
    SINTER_DEVICE void coordinates(int item, int (&at)[8]) const {
#pragma unroll
        for (int a = 7; a >= 0; --a) {
            if (a >= rank) continue;
            const int rest = axes[a].divide(item);
            at[a] = item - rest * size(a);
            item = rest;
        }
    }
};

SINTER_DEVICE int64_t offset_of(const View& v, const int (&at)[8], int rank) {
    int64_t offset = 0;
#pragma unroll
    for (int a = 0; a < 8; ++a) {
        if (a < rank) offset += at[a] * v.strides[a];
    }
    return offset;
}

/// Dynamic shared memory of a block under a name of type unsigned char*.
#ifdef SINTER_EMULATED
#define SINTER_DYNAMIC_SHARED(name) unsigned char* const name = emulated::sinter_emulated_state->dynamicShared
#else
#define SINTER_DYNAMIC_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
#endif

#define SINTER_FOR_ITEMS(item, total) for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < (total); item += gridDim.x * blockDim.x)
