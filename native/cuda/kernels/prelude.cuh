// What every kernel may use: fixed-width types, 16-bit floats, vector access, strided views. No CUDA headers: NVRTC
// alone compiles this. SINTER_EMULATED replaces the PTX by C++ for the tests that run kernels on the CPU.
#pragma once
#include "prelude_launch.cuh"

typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
#ifndef SINTER_EMULATED
typedef long long int64_t;
typedef unsigned long long uint64_t;
#endif

#define SINTER_DEVICE __device__ __forceinline__

struct half_t { uint16_t bits; };
struct bf16_t { uint16_t bits; };

#ifdef SINTER_EMULATED
SINTER_DEVICE float to_float(half_t h) { return emulated::half_to_float(h.bits); }
SINTER_DEVICE half_t to_half(float f) { return half_t{emulated::float_to_half(f)}; }
#else
SINTER_DEVICE float to_float(half_t h) { float f; asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(h.bits)); return f; }
SINTER_DEVICE half_t to_half(float f) { half_t h; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h.bits) : "f"(f)); return h; }
#endif
SINTER_DEVICE float to_float(bf16_t b) { return __uint_as_float(static_cast<uint32_t>(b.bits) << 16); }
SINTER_DEVICE bf16_t to_bf16(float f) {
    const uint32_t u = __float_as_uint(f);
    if ((u & 0x7fffffffu) > 0x7f800000u) return bf16_t{static_cast<uint16_t>((u >> 16) | 0x40)};  // NaN stays NaN
    return bf16_t{static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
}
template <typename T> SINTER_DEVICE float to_float(T x) { return static_cast<float>(x); }

/// Conversion between element types: floats round to nearest even, integers as C converts them, bool is "not zero".
template <typename T> struct Convert {
    template <typename F> static SINTER_DEVICE T from(F x) { return static_cast<T>(x); }
    static SINTER_DEVICE T from(half_t x) { return static_cast<T>(to_float(x)); }
    static SINTER_DEVICE T from(bf16_t x) { return static_cast<T>(to_float(x)); }
};
template <> struct Convert<half_t> {
    template <typename F> static SINTER_DEVICE half_t from(F x) { return to_half(to_float(x)); }
    static SINTER_DEVICE half_t from(double x) { return to_half(static_cast<float>(x)); }
    static SINTER_DEVICE half_t from(half_t x) { return x; }
};
template <> struct Convert<bf16_t> {
    template <typename F> static SINTER_DEVICE bf16_t from(F x) { return to_bf16(to_float(x)); }
    static SINTER_DEVICE bf16_t from(double x) { return to_bf16(static_cast<float>(x)); }
    static SINTER_DEVICE bf16_t from(bf16_t x) { return x; }
};
template <> struct Convert<bool> {
    template <typename F> static SINTER_DEVICE bool from(F x) { return x != F(0); }
    static SINTER_DEVICE bool from(half_t x) { return to_float(x) != 0.0f; }
    static SINTER_DEVICE bool from(bf16_t x) { return to_float(x) != 0.0f; }
};
template <typename T, typename F> SINTER_DEVICE T convert(F x) { return Convert<T>::from(x); }
template <typename T> SINTER_DEVICE T from_float(float f) { return Convert<T>::from(f); }

// Conversion instructions run at a quarter of the rate of additions or less. Integers below 2^22 pass between registers and
// floats by an addition instead: the mantissa of 1.5 · 2^23 + n holds n.
constexpr float kMantissa = 12582912.0f;
constexpr uint32_t kMantissaBits = 0x4b400000u;

/// |n| up to 2^22.
SINTER_DEVICE float small_to_float(int n) { return __uint_as_float(static_cast<uint32_t>(n) + kMantissaBits) - kMantissa; }
template <typename T> SINTER_DEVICE float byte_to_float(T x) { return static_cast<float>(x); }
SINTER_DEVICE float byte_to_float(uint8_t x) { return __uint_as_float(0x4b000000u | x) - 8388608.0f; }
SINTER_DEVICE float byte_to_float(int8_t x) { return __uint_as_float(0x4b000000u | static_cast<uint8_t>(x ^ 0x80)) - 8388736.0f; }

/// Rounds half to even and saturates: quantized storage. The zero point is a whole number, so that clamping may come first.
template <typename T> SINTER_DEVICE T quantize(float real, float inverse_scale, float zero_point);
SINTER_DEVICE uint32_t quantized_bits(float x, float inverse, float zero, float least, float most) {
    const float clamped = fminf(fmaxf(x * inverse, least - zero), most - zero);
    return __float_as_uint(clamped + kMantissa) + static_cast<uint32_t>(static_cast<int>(zero));
}
template <> SINTER_DEVICE int8_t quantize<int8_t>(float x, float inverse, float zero) {
    return static_cast<int8_t>(quantized_bits(x, inverse, zero, -128.0f, 127.0f));
}
template <> SINTER_DEVICE uint8_t quantize<uint8_t>(float x, float inverse, float zero) {
    return static_cast<uint8_t>(quantized_bits(x, inverse, zero, 0.0f, 255.0f));
}

/// x · factor + y, between 0 and 1 (NaN: 0).
SINTER_DEVICE float saturated_sum(float x, float factor, float y) {
#ifndef SINTER_EMULATED
    float r;
    asm("fma.rn.sat.f32 %0, %1, %2, %3;" : "=f"(r) : "f"(x), "f"(factor), "f"(y));
    return r;
#else
    return fminf(fmaxf(fmaf(x, factor, y), 0.0f), 1.0f);
#endif
}
/// 2^15 + byte i of a word; of signed bytes 2^15 + 128 + byte.
template <bool SIGNED> SINTER_DEVICE float byte_above(uint32_t word, int i) {
    if (SIGNED) word ^= 0x80808080u;
#ifndef SINTER_EMULATED
    return __uint_as_float(__byte_perm(word, 0x47000000u, 0x7604 | i << 4));
#else
    return __uint_as_float(0x47000000u | (word >> 8 * i & 0xff) << 8);
#endif
}
/// The lowest bytes of four words as one.
SINTER_DEVICE uint32_t low_bytes(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
#ifndef SINTER_EMULATED
    return __byte_perm(__byte_perm(a, b, 0x0040), __byte_perm(c, d, 0x0040), 0x5410);
#else
    return (a & 0xff) | (b & 0xff) << 8 | (c & 0xff) << 16 | d << 24;
#endif
}

/// N elements moved as one access; the address must be aligned to all of them.
template <typename T, int N> struct alignas(sizeof(T) * N) Vec {
    T at[N];
    SINTER_DEVICE T& operator[](int i) { return at[i]; }
    SINTER_DEVICE const T& operator[](int i) const { return at[i]; }
};
/// Largest number of elements that one access may hold (16 bytes).
template <typename T> SINTER_DEVICE constexpr int widest() { return 16 / static_cast<int>(sizeof(T)); }

/// Loads V consecutive elements, in as few accesses as the type allows. `p` must be aligned to min(V·sizeof(T), 16).
template <int V, typename T> SINTER_DEVICE void load_vec(const T* p, T (&out)[V]) {
    constexpr int W = V < widest<T>() ? V : widest<T>();
#pragma unroll
    for (int i = 0; i < V; i += W) {
        const Vec<T, W> v = *reinterpret_cast<const Vec<T, W>*>(p + i);
#pragma unroll
        for (int k = 0; k < W; ++k) out[i + k] = v[k];
    }
}
template <int V, typename T> SINTER_DEVICE void store_vec(T* p, const T (&in)[V]) {
    constexpr int W = V < widest<T>() ? V : widest<T>();
#pragma unroll
    for (int i = 0; i < V; i += W) {
        Vec<T, W> v;
#pragma unroll
        for (int k = 0; k < W; ++k) v[k] = in[i + k];
        *reinterpret_cast<Vec<T, W>*>(p + i) = v;
    }
}

/// V quantized values as load_vec reads them, as the floats of their integers.
template <int V, typename T> SINTER_DEVICE void load_quantized(const T* p, float (&out)[V]) {
#ifndef SINTER_EMULATED
    if constexpr (sizeof(T) == 1 && V % 4 == 0) {
        constexpr bool kSigned = static_cast<T>(-1) < static_cast<T>(0);
        uint32_t words[V / 4];
        load_vec<V / 4>(reinterpret_cast<const uint32_t*>(p), words);
#pragma unroll
        for (int i = 0; i < V; ++i) {
            const uint32_t word = kSigned ? words[i / 4] ^ 0x80808080u : words[i / 4];
            out[i] = __uint_as_float(__byte_perm(word, 0x4b000000u, 0x7540 + i % 4)) - (kSigned ? 8388736.0f : 8388608.0f);
        }
        return;
    }
#endif
    T stored[V];
    load_vec<V>(p, stored);
#pragma unroll
    for (int i = 0; i < V; ++i) out[i] = byte_to_float(stored[i]);
}

/// Stores V quantized values as store_vec does, put together as words.
template <int V, typename T> SINTER_DEVICE void store_quantized(T* p, const float (&real)[V], float inverse, float zero) {
#ifndef SINTER_EMULATED
    if constexpr (sizeof(T) == 1 && V % 4 == 0) {
        constexpr bool kSigned = static_cast<T>(-1) < static_cast<T>(0);
        uint32_t words[V / 4];
#pragma unroll
        for (int i = 0; i < V; i += 4) {
            uint32_t bits[4];
#pragma unroll
            for (int k = 0; k < 4; ++k) bits[k] = quantized_bits(real[i + k], inverse, zero, kSigned ? -128.0f : 0.0f, kSigned ? 127.0f : 255.0f);
            words[i / 4] = low_bytes(bits[0], bits[1], bits[2], bits[3]);
        }
        store_vec<V / 4>(reinterpret_cast<uint32_t*>(p), words);
        return;
    }
#endif
    T stored[V];
#pragma unroll
    for (int i = 0; i < V; ++i) stored[i] = quantize<T>(real[i], inverse, zero);
    store_vec<V>(p, stored);
}

/// Asks the second-level cache for the line of an address.
SINTER_DEVICE void prefetch_line(const void* p) {
#ifndef SINTER_EMULATED
    asm volatile("prefetch.global.L2 [%0];" ::"l"(p));
#endif
}

/// A tensor as kernels get it: address and element strides per logical axis.
struct View {
    void* data;
    int64_t strides[8];
};
template <typename T> SINTER_DEVICE T* address(const View& v) { return static_cast<T*>(v.data); }

SINTER_DEVICE constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

constexpr unsigned kFullWarp = 0xffffffffu;
#ifndef SINTER_EMULATED
template <typename T> SINTER_DEVICE T shuffle_xor(T x, int lane) { return __shfl_xor_sync(kFullWarp, x, lane); }
#endif
/// Combines a value over the 32 threads of a warp; all get the result.
template <typename T, typename F> SINTER_DEVICE T warp_reduce(T x, F f) {
#pragma unroll
    for (int lane = 16; lane > 0; lane /= 2) x = f(x, shuffle_xor(x, lane));
    return x;
}
/// Combines a value over a block of up to 1,024 threads (a multiple of 32); all get the result. `shared` holds 32 values.
template <typename T, typename F> SINTER_DEVICE T block_reduce(T x, T identity, F f, T* shared) {
    x = warp_reduce(x, f);
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    if (warps == 1) return x;
    __syncthreads();
    if (lane == 0) shared[warp] = x;
    __syncthreads();
    x = lane < warps ? shared[lane] : identity;
    return warp_reduce(x, f);
}
struct Add { template <typename T> SINTER_DEVICE T operator()(T a, T b) const { return a + b; } };
struct Multiply { template <typename T> SINTER_DEVICE T operator()(T a, T b) const { return a * b; } };
struct Largest { template <typename T> SINTER_DEVICE T operator()(T a, T b) const { return a > b || a != a ? a : b; } };
struct Smallest { template <typename T> SINTER_DEVICE T operator()(T a, T b) const { return a < b || a != a ? a : b; } };
