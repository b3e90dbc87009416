// Included before every kernel source that the emulator compiles: CUDA C++ as far as our kernels use it, on one core.
// A block's threads are fibers; __syncthreads and warp shuffles switch between them.
#pragma once
#include <stdint.h>
#include <stddef.h>

#include <cmath>
#include <cstring>

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __constant__ static const
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) alignas(n)

struct uint3_ { unsigned x, y, z; };
struct dim3 { unsigned x = 1, y = 1, z = 1; };
struct float2 { float x, y; };
struct float4 { float x, y, z, w; };
struct int2 { int x, y; };
struct int4 { int x, y, z, w; };
struct uint2 { unsigned x, y; };
struct uint4 { unsigned x, y, z, w; };

namespace emulated {
/// What the host side (cuda.cpp) and a kernel's library share.
struct State {
    uint3_ thread, block;
    dim3 blockSize, gridSize;
    unsigned char* dynamicShared;
    unsigned char* exchange;      ///< 16 bytes per thread, for shuffles
    void (*yield)(int what);      ///< 1 = wait for the warp, 2 = wait for the block
};
extern "C" __attribute__((visibility("default"))) State* sinter_emulated_state;
State* sinter_emulated_state = nullptr;

inline float half_to_float(uint16_t h) {
    const unsigned sign = (h & 0x8000u) << 16, exponent = (h >> 10) & 31, mantissa = h & 1023;
    unsigned bits;
    if (exponent == 31) bits = sign | 0x7f800000u | (mantissa << 13);
    else if (exponent != 0) bits = sign | ((exponent + 112) << 23) | (mantissa << 13);
    else {
        const float f = std::ldexp(static_cast<float>(mantissa), -24);
        return sign ? -f : f;
    }
    float f;
    std::memcpy(&f, &bits, 4);
    return f;
}
inline uint16_t float_to_half(float f) {
    unsigned bits;
    std::memcpy(&bits, &f, 4);
    const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
    const float a = std::fabs(f);
    if (a != a) return sign | 0x7e00;
    if (a >= 65520.0f) return sign | 0x7c00;
    if (a < 6.103515625e-05f) return static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(a, 24))));
    unsigned u = bits & 0x7fffffffu;
    u += 0xfffu + ((u >> 13) & 1);
    return static_cast<uint16_t>(sign | ((u - 0x38000000u) >> 13));
}
}  // namespace emulated

#define threadIdx (emulated::sinter_emulated_state->thread)
#define blockIdx (emulated::sinter_emulated_state->block)
#define blockDim (emulated::sinter_emulated_state->blockSize)
#define gridDim (emulated::sinter_emulated_state->gridSize)

inline void __syncthreads() { emulated::sinter_emulated_state->yield(2); }
inline void __syncwarp(unsigned = 0) { emulated::sinter_emulated_state->yield(1); }
template <typename T> inline T emulated_exchange(T x, int from) {
    auto* s = emulated::sinter_emulated_state;
    const int me = static_cast<int>(s->thread.x + s->blockSize.x * (s->thread.y + s->blockSize.y * s->thread.z));
    static_assert(sizeof(T) <= 16);
    std::memcpy(s->exchange + me * 16, &x, sizeof(T));
    s->yield(1);
    T y;
    std::memcpy(&y, s->exchange + ((me & ~31) | (from & 31)) * 16, sizeof(T));
    s->yield(1);
    return y;
}
inline int emulated_lane() {
    auto* s = emulated::sinter_emulated_state;
    return static_cast<int>(s->thread.x + s->blockSize.x * (s->thread.y + s->blockSize.y * s->thread.z)) & 31;
}
template <typename T> inline T shuffle_xor(T x, int mask) { return emulated_exchange(x, emulated_lane() ^ mask); }
template <typename T> inline T __shfl_sync(unsigned, T x, int from, int = 32) { return emulated_exchange(x, from); }
template <typename T> inline T __shfl_xor_sync(unsigned, T x, int mask, int = 32) { return emulated_exchange(x, emulated_lane() ^ mask); }

inline unsigned __ballot_sync(unsigned, bool yes) {
    auto* s = emulated::sinter_emulated_state;
    const int threads = static_cast<int>(s->blockSize.x * s->blockSize.y * s->blockSize.z);
    const int me = static_cast<int>(s->thread.x + s->blockSize.x * (s->thread.y + s->blockSize.y * s->thread.z));
    s->exchange[me * 16] = yes ? 1 : 0;
    s->yield(1);
    unsigned all = 0;
    for (int lane = 0; lane < 32 && (me & ~31) + lane < threads; ++lane) all |= static_cast<unsigned>(s->exchange[((me & ~31) + lane) * 16]) << lane;
    s->yield(1);
    return all;
}
inline unsigned __match_any_sync(unsigned, unsigned long long x) {
    auto* s = emulated::sinter_emulated_state;
    const int threads = static_cast<int>(s->blockSize.x * s->blockSize.y * s->blockSize.z);
    const int me = static_cast<int>(s->thread.x + s->blockSize.x * (s->thread.y + s->blockSize.y * s->thread.z));
    std::memcpy(s->exchange + me * 16, &x, 8);
    s->yield(1);
    unsigned all = 0;
    for (int lane = 0; lane < 32 && (me & ~31) + lane < threads; ++lane) all |= static_cast<unsigned>(std::memcmp(s->exchange + ((me & ~31) + lane) * 16, &x, 8) == 0) << lane;
    s->yield(1);
    return all;
}
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline float __uint_as_float(unsigned u) { float f; std::memcpy(&f, &u, 4); return f; }
inline unsigned __float_as_uint(float f) { unsigned u; std::memcpy(&u, &f, 4); return u; }
inline int __float_as_int(float f) { int u; std::memcpy(&u, &f, 4); return u; }
inline float __int_as_float(int u) { float f; std::memcpy(&f, &u, 4); return f; }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(static_cast<unsigned long long>(a) * b >> 32); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline long long __double_as_longlong(double x) { long long u; std::memcpy(&u, &x, 8); return u; }
inline void sincospif(float x, float* s, float* c) { *s = static_cast<float>(std::sin(M_PI * x)); *c = static_cast<float>(std::cos(M_PI * x)); }
inline void sincospi(double x, double* s, double* c) { *s = std::sin(M_PI * x); *c = std::cos(M_PI * x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
template <typename T> inline T __ldg(const T* p) { return *p; }
template <typename T> inline T min(T a, T b) { return b < a ? b : a; }
template <typename T> inline T max(T a, T b) { return a < b ? b : a; }
inline int64_t min(int64_t a, int b) { return b < a ? b : a; }
inline int64_t max(int64_t a, int b) { return a < b ? b : a; }
inline int __dp4a(int a, int b, int c) {
    for (int i = 0; i < 4; ++i) c += static_cast<int8_t>(a >> (8 * i)) * static_cast<int8_t>(b >> (8 * i));
    return c;
}
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
template <typename T> inline T atomicAdd(T* p, T v) { const T old = *p; *p = old + v; return old; }

template <typename T> inline T atomicMax(T* p, T v) { const T old = *p; if (v > old) *p = v; return old; }
template <typename T> inline T atomicCAS(T* p, T expected, T v) { const T old = *p; if (old == expected) *p = v; return old; }

namespace emulated {
template <typename T> T parameter(void* p) { return *static_cast<T*>(p); }
template <typename... A, size_t... I> void apply(void (*f)(A...), void** p, __SIZE_TYPE__*, const size_t (&)[sizeof...(A) + 1]);
template <size_t...> struct Indices {};
template <size_t N, size_t... I> struct Make : Make<N - 1, N - 1, I...> {};
template <size_t... I> struct Make<0, I...> { using type = Indices<I...>; };
template <typename T> struct Plain { using type = T; };
template <typename T> struct Plain<const T> { using type = T; };
template <typename... A, size_t... I> void call(void (*f)(A...), void** p, Indices<I...>) { f(*static_cast<typename Plain<A>::type*>(p[I])...); }
/// Size of a parameter; 0 beyond the last one.
template <typename... A> size_t size_of_parameter(void (*)(A...), size_t i) {
    const size_t sizes[] = {sizeof(A)..., 0};
    return i < sizeof...(A) ? sizes[i] : 0;
}
template <typename... A> void call(void (*f)(A...), void** p) { call(f, p, typename Make<sizeof...(A)>::type{}); }
}  // namespace emulated
