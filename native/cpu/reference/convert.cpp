#include "cpu/reference/convert.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/number_formats.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

/// Half to float by bit manipulation: loads of f16 tensors are frequent.
float fastHalf(uint16_t h) {
    const uint32_t sign = static_cast<uint32_t>(h & 0x8000u) << 16;
    const uint32_t body = h & 0x7fffu;
    if (body >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | (body & 0x3ffu) << 13);
    // Scaling by 2^112 normalizes subnormals for free.
    const float magnitude = std::bit_cast<float>(body << 13) * 0x1p112f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
}

template <typename C, typename T>
void widen(const void* data, int64_t offset, int64_t stride, int64_t n, C* out) {
    const T* p = static_cast<const T*>(data) + offset;
    if (stride == 1)
        for (int64_t i = 0; i < n; ++i) out[i] = static_cast<C>(p[i]);
    else if (stride == 0)
        for (int64_t i = 0; i < n; ++i) out[i] = static_cast<C>(p[0]);
    else
        for (int64_t i = 0; i < n; ++i) out[i] = static_cast<C>(p[i * stride]);
}

template <typename C, typename T>
void narrow(void* data, int64_t offset, int64_t stride, int64_t n, const C* in) {
    T* p = static_cast<T*>(data) + offset;
    if (stride == 1)
        for (int64_t i = 0; i < n; ++i) p[i] = static_cast<T>(in[i]);
    else
        for (int64_t i = 0; i < n; ++i) p[i * stride] = static_cast<T>(in[i]);
}

template <typename T, typename F>
void widenWith(const void* data, int64_t offset, int64_t stride, int64_t n, double* out, F f) {
    const T* p = static_cast<const T*>(data) + offset;
    for (int64_t i = 0; i < n; ++i) out[i] = f(p[i * stride]);
}

template <typename T, typename F>
void narrowWith(void* data, int64_t offset, int64_t stride, int64_t n, const double* in, F f) {
    T* p = static_cast<T*>(data) + offset;
    for (int64_t i = 0; i < n; ++i) p[i * stride] = static_cast<T>(f(in[i]));
}

template <typename C>
void loadViewDense(const TensorView& v, C* out) {
    if (v.rank == 0) return load(v.dtype, v.data, 0, 1, 1, out);
    const size_t last = static_cast<size_t>(v.rank - 1);
    const int64_t n = v.dims[last];
    const auto outer = std::span<const int64_t>(v.dims.data(), last);
    const int64_t rows = countOf(outer);
    if (n == 0) return;
    Odometer at(outer);
    for (int64_t r = 0; r < rows; ++r, at.next()) load(v.dtype, v.data, offsetOf(at.at(), v.strides), v.strides[last], n, out + r * n);
}

}  // namespace

bool isFloatType(DType t) {
    switch (t) {
        case DType::F32: case DType::F64: case DType::F16: case DType::BF16: case DType::F8E4M3FN: case DType::F8E4M3FNUZ:
        case DType::F8E5M2: case DType::F8E5M2FNUZ: case DType::F8E8M0: case DType::F4E2M1: return true;
        default: return false;
    }
}

bool isIntType(DType t) {
    switch (t) {
        case DType::Bool: case DType::U8: case DType::I8: case DType::U16: case DType::I16: case DType::I32: case DType::I64:
        case DType::U32: case DType::U64: case DType::U4: case DType::I4: case DType::U2: case DType::I2: return true;
        default: return false;
    }
}

uint16_t floatToHalf(double x) { return static_cast<uint16_t>(encodeFloat(DType::F16, x)); }
double halfToFloat(uint16_t h) { return static_cast<double>(fastHalf(h)); }
uint16_t floatToBfloat(double x) { return static_cast<uint16_t>(encodeFloat(DType::BF16, x)); }
double bfloatToFloat(uint16_t h) { return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(h) << 16)); }

void load(DType t, const void* d, int64_t o, int64_t s, int64_t n, double* out) {
    switch (t) {
        case DType::F32: return widen<double, float>(d, o, s, n, out);
        case DType::F64: return widen<double, double>(d, o, s, n, out);
        case DType::F16: return widenWith<uint16_t>(d, o, s, n, out, halfToFloat);
        case DType::BF16: return widenWith<uint16_t>(d, o, s, n, out, bfloatToFloat);
        case DType::F8E4M3FN: case DType::F8E4M3FNUZ: case DType::F8E5M2: case DType::F8E5M2FNUZ: case DType::F8E8M0: case DType::F4E2M1:
            return widenWith<uint8_t>(d, o, s, n, out, [t](uint8_t c) { return decodeFloat(t, c); });
        default: break;
    }
    // An integer operand read as a float (indices, sizes, quantized values).
    switch (t) {
        case DType::U8: case DType::U4: case DType::U2: case DType::Bool: return widen<double, uint8_t>(d, o, s, n, out);
        case DType::I8: case DType::I4: case DType::I2: return widen<double, int8_t>(d, o, s, n, out);
        case DType::U16: return widen<double, uint16_t>(d, o, s, n, out);
        case DType::I16: return widen<double, int16_t>(d, o, s, n, out);
        case DType::I32: return widen<double, int32_t>(d, o, s, n, out);
        case DType::U32: return widen<double, uint32_t>(d, o, s, n, out);
        case DType::I64: return widen<double, int64_t>(d, o, s, n, out);
        case DType::U64: return widen<double, uint64_t>(d, o, s, n, out);
        default: break;
    }
}

void load(DType t, const void* d, int64_t o, int64_t s, int64_t n, int64_t* out) {
    switch (t) {
        case DType::U8: case DType::U4: case DType::U2: case DType::Bool: return widen<int64_t, uint8_t>(d, o, s, n, out);
        case DType::I8: case DType::I4: case DType::I2: return widen<int64_t, int8_t>(d, o, s, n, out);
        case DType::U16: return widen<int64_t, uint16_t>(d, o, s, n, out);
        case DType::I16: return widen<int64_t, int16_t>(d, o, s, n, out);
        case DType::I32: return widen<int64_t, int32_t>(d, o, s, n, out);
        case DType::U32: return widen<int64_t, uint32_t>(d, o, s, n, out);
        case DType::I64: case DType::U64: return widen<int64_t, int64_t>(d, o, s, n, out);
        default: break;
    }
}

void store(DType t, void* d, int64_t o, int64_t s, int64_t n, const double* in) {
    switch (t) {
        case DType::F32: return narrow<double, float>(d, o, s, n, in);
        case DType::F64: return narrow<double, double>(d, o, s, n, in);
        case DType::F16: return narrowWith<uint16_t>(d, o, s, n, in, floatToHalf);
        case DType::BF16: return narrowWith<uint16_t>(d, o, s, n, in, floatToBfloat);
        case DType::F8E4M3FN: case DType::F8E4M3FNUZ: case DType::F8E5M2: case DType::F8E5M2FNUZ: case DType::F8E8M0: case DType::F4E2M1:
            return narrowWith<uint8_t>(d, o, s, n, in, [t](double x) { return encodeFloat(t, x); });
        default: break;
    }
}

void store(DType t, void* d, int64_t o, int64_t s, int64_t n, const int64_t* in) {
    switch (dtypeSize(t)) {
        case 1: return narrow<int64_t, int8_t>(d, o, s, n, in);
        case 2: return narrow<int64_t, int16_t>(d, o, s, n, in);
        case 4: return narrow<int64_t, int32_t>(d, o, s, n, in);
        case 8: return narrow<int64_t, int64_t>(d, o, s, n, in);
        default: break;
    }
}

double loadFloat(const TensorView& v, int64_t offset) {
    double x = 0;
    load(v.dtype, v.data, offset, 1, 1, &x);
    return x;
}

int64_t loadInt(const TensorView& v, int64_t offset) {
    int64_t x = 0;
    load(v.dtype, v.data, offset, 1, 1, &x);
    return x;
}

void loadDense(const TensorView& v, double* out) { loadViewDense(v, out); }
void loadDense(const TensorView& v, int64_t* out) { loadViewDense(v, out); }

double roundTo(DType t, double x) {
    if (t == DType::F64) return x;
    if (t == DType::F32) return static_cast<double>(static_cast<float>(x));
    uint64_t bytes = 0;
    store(t, &bytes, 0, 1, 1, &x);
    load(t, &bytes, 0, 1, 1, &x);
    return x;
}

int64_t wrapTo(DType t, int64_t x) {
    switch (t) {
        case DType::Bool: return x != 0;
        case DType::U8: return static_cast<uint8_t>(x);
        case DType::I8: return static_cast<int8_t>(x);
        case DType::U16: return static_cast<uint16_t>(x);
        case DType::I16: return static_cast<int16_t>(x);
        case DType::I32: return static_cast<int32_t>(x);
        case DType::U32: return static_cast<uint32_t>(x);
        case DType::U2: return x & 3;
        case DType::I2: return static_cast<int8_t>(static_cast<uint8_t>(x << 6)) >> 6;
        case DType::U4: return x & 15;
        case DType::I4: return static_cast<int8_t>(static_cast<uint8_t>(x << 4)) >> 4;
        default: return x;
    }
}

int64_t floatToInt(DType t, double x) {
    constexpr double k31 = 0x1p31, k63 = 0x1p63;
    const auto toInt64 = [](double v) {
        return v >= -k63 && v < k63 ? static_cast<int64_t>(v) : std::numeric_limits<int64_t>::min();
    };
    switch (t) {
        case DType::Bool: return x != 0 || std::isnan(x);
        case DType::I64: return toInt64(x);
        case DType::U64:
            if (x >= k63 && x < 2 * k63) return static_cast<int64_t>(static_cast<uint64_t>(x));
            return toInt64(x);
        case DType::U32: return wrapTo(t, toInt64(x));
        default: {
            // Through int32: out of range gives its smallest value.
            const double whole = std::trunc(x);
            const int32_t v = whole >= -k31 && whole < k31 ? static_cast<int32_t>(whole) : std::numeric_limits<int32_t>::min();
            return wrapTo(t, v);
        }
    }
}

}  // namespace sinter::ref
