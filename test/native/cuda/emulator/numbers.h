// What the stand-ins of NVIDIA's libraries share: stored numbers, and the way to the emulated driver's streams.
#pragma once
#include <dlfcn.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

namespace emulated {

constexpr int kF32 = 0, kF16 = 2, kBF16 = 14;  // cudaDataType

inline float fromHalf(uint16_t h) {
    const int exponent = (h >> 10) & 31, mantissa = h & 1023;
    const float sign = h & 0x8000 ? -1.0F : 1.0F;
    if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
    if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
    return sign * std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
}
inline uint16_t toHalf(float f) {
    const uint16_t sign = std::signbit(f) ? 0x8000 : 0;
    const float a = std::fabs(f);
    if (a != a) return static_cast<uint16_t>(sign | 0x7e00);
    if (a >= 65520.0F) return static_cast<uint16_t>(sign | 0x7c00);
    if (a < 6.103515625e-05F) return static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(a, 24))));
    int exponent = 0;
    const float m = std::frexp(a, &exponent);  // 0.5 … 1
    auto mantissa = static_cast<int>(std::nearbyint(std::ldexp(m, 11)));
    if (mantissa == 2048) {
        mantissa = 1024;
        ++exponent;
    }
    return static_cast<uint16_t>(sign | ((exponent + 14) << 10) | (mantissa - 1024));
}
inline float fromBfloat(uint16_t h) {
    const uint32_t bits = static_cast<uint32_t>(h) << 16;
    float f;
    std::memcpy(&f, &bits, 4);
    return f;
}
inline uint16_t toBfloat(float f) {
    uint32_t bits;
    std::memcpy(&bits, &f, 4);
    if (f != f) return 0x7fc0;
    return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
inline float load(int type, const void* p, int64_t i) {
    switch (type) {
        case kF16: return fromHalf(static_cast<const uint16_t*>(p)[i]);
        case kBF16: return fromBfloat(static_cast<const uint16_t*>(p)[i]);
        default: return static_cast<const float*>(p)[i];
    }
}
inline void store(int type, void* p, int64_t i, float x) {
    switch (type) {
        case kF16: static_cast<uint16_t*>(p)[i] = toHalf(x); break;
        case kBF16: static_cast<uint16_t*>(p)[i] = toBfloat(x); break;
        default: static_cast<float*>(p)[i] = x;
    }
}

/// An entry point of the emulated driver, which lies beside this library.
template <typename F>
F ofDriver(const char* name) {
    Dl_info here{};
    dladdr(reinterpret_cast<void*>(&ofDriver<F>), &here);
    const std::string path = here.dli_fname;
    return reinterpret_cast<F>(dlsym(dlopen((path.substr(0, path.rfind('/')) + "/libcuda.so.1").c_str(), RTLD_NOW), name));
}

/// Hands work to a stream of the emulated driver.
inline int onStream(void* stream, std::function<void()> work) {
    using Step = int (*)(void*, void (*)(void*), void*);
    static const auto step = ofDriver<Step>("sinter_emulated_step");
    // It may be recorded and replayed for as long as the process lives.
    auto* kept = new std::function<void()>(std::move(work));
    return step(stream, [](void* w) { (*static_cast<std::function<void()>*>(w))(); }, kept);
}

}  // namespace emulated
