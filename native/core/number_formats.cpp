#include "core/number_formats.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "core/error.h"

namespace sinter {
namespace {

/// A binary float narrower than float64, stored in the low bits of an integer.
struct SmallFloat {
    int exponentBits;
    int mantissaBits;
    int bias;
    bool infinities;      ///< the top exponent means infinity and NaN (IEEE 754)
    bool negativeZeroNan; ///< "UZ": no negative zero, its pattern is the only NaN
    bool saturates;       ///< out of range becomes the largest finite value
};
constexpr SmallFloat kF16{5, 10, 15, true, false, false};
constexpr SmallFloat kBF16{8, 7, 127, true, false, false};
constexpr SmallFloat kE4M3FN{4, 3, 7, false, false, true};
constexpr SmallFloat kE4M3FNUZ{4, 3, 8, false, true, true};
constexpr SmallFloat kE5M2{5, 2, 15, true, false, true};
constexpr SmallFloat kE5M2FNUZ{5, 2, 16, false, true, true};

uint32_t signBit(const SmallFloat& f) { return 1U << (f.exponentBits + f.mantissaBits); }
uint32_t nanBits(const SmallFloat& f) {
    if (f.negativeZeroNan) return signBit(f);
    if (!f.infinities) return signBit(f) - 1;                                       // all ones below the sign
    return (signBit(f) - 1) & ~((1U << (f.mantissaBits - 1)) - 1);                  // quiet
}
uint32_t infinityBits(const SmallFloat& f) { return ((1U << f.exponentBits) - 1) << f.mantissaBits; }
uint32_t largestBits(const SmallFloat& f) {
    if (f.infinities) return infinityBits(f) - 1;
    return f.negativeZeroNan ? signBit(f) - 1 : signBit(f) - 2;
}

uint32_t encode(const SmallFloat& f, double value) {
    if (std::isnan(value)) return nanBits(f);
    const uint32_t sign = std::signbit(value) ? signBit(f) : 0;
    const double magnitude = std::fabs(value);
    uint32_t bits = 0;
    if (std::isinf(magnitude)) {
        bits = largestBits(f) + 1;
    } else if (magnitude > 0) {
        int exponent = 0;
        std::frexp(magnitude, &exponent);  // magnitude = m · 2^exponent, m in [0.5, 1)
        const int stored = exponent - 1 + f.bias;
        const int least = stored >= 1 ? exponent - 1 : 1 - f.bias;  // exponent of the last normal binade for subnormals
        // Exact: scaling by a power of two, then one rounding to nearest even.
        const double units = std::nearbyint(std::ldexp(magnitude, f.mantissaBits - least));
        const auto count = static_cast<uint64_t>(units);
        const uint64_t base = stored >= 1 ? (static_cast<uint64_t>(stored - 1) << f.mantissaBits) : 0;
        const uint64_t wide = base + count;  // a carry out of the mantissa moves to the next binade by itself
        bits = wide > largestBits(f) ? largestBits(f) + 1 : static_cast<uint32_t>(wide);
    }
    if (bits > largestBits(f)) {
        if (f.saturates) bits = largestBits(f);
        else bits = infinityBits(f);
    }
    if (bits == 0 && f.negativeZeroNan) return 0;
    return bits | sign;
}

double decode(const SmallFloat& f, uint32_t bits) {
    const uint32_t magnitude = bits & (signBit(f) - 1);
    const bool negative = (bits & signBit(f)) != 0;
    if (f.negativeZeroNan ? (negative && magnitude == 0) : (!f.infinities && magnitude == signBit(f) - 1)) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const uint32_t exponent = magnitude >> f.mantissaBits;
    const uint32_t mantissa = magnitude & ((1U << f.mantissaBits) - 1);
    double v = 0;
    if (f.infinities && exponent == (1U << f.exponentBits) - 1) {
        v = mantissa ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
    } else if (exponent == 0) {
        v = std::ldexp(mantissa, 1 - f.bias - f.mantissaBits);
    } else {
        v = std::ldexp(mantissa + (1U << f.mantissaBits), static_cast<int>(exponent) - f.bias - f.mantissaBits);
    }
    return negative ? -v : v;
}

template <typename T>
T load(const void* data, size_t i) {
    T v;
    std::memcpy(&v, static_cast<const char*>(data) + i * sizeof(T), sizeof v);
    return v;
}
template <typename T>
void store(void* data, size_t i, T v) {
    std::memcpy(static_cast<char*>(data) + i * sizeof(T), &v, sizeof v);
}

/// Truncates towards zero, saturates, NaN to 0.
template <typename T>
T toInteger(double v) {
    using Limits = std::numeric_limits<T>;
    if (std::isnan(v)) return 0;
    v = std::trunc(v);
    // 2^63 and 2^64 are doubles, the largest 64-bit integers are not: compare against the first value outside.
    const double above = std::ldexp(1.0, Limits::digits);
    if (v >= above) return Limits::max();
    if (v < static_cast<double>(Limits::min())) return Limits::min();
    return static_cast<T>(v);
}

int64_t clampTo(double v, int64_t lo, int64_t hi) {
    const auto i = toInteger<int64_t>(v);
    return i < lo ? lo : i > hi ? hi : i;
}

bool isInteger(DType t) {
    switch (t) {
        case DType::U8:
        case DType::I8:
        case DType::U16:
        case DType::I16:
        case DType::I32:
        case DType::I64:
        case DType::U32:
        case DType::U64:
        case DType::Bool:
        case DType::U4:
        case DType::I4: return true;
        default: return false;
    }
}

/// Integers among themselves: two's complement wrap-around, as C and numpy do.
uint64_t loadInteger(DType t, const void* data, size_t i) {
    switch (t) {
        case DType::U8:
        case DType::U4:
        case DType::Bool: return load<uint8_t>(data, i);
        case DType::I8:
        case DType::I4: return static_cast<uint64_t>(static_cast<int64_t>(load<int8_t>(data, i)));
        case DType::U16: return load<uint16_t>(data, i);
        case DType::I16: return static_cast<uint64_t>(static_cast<int64_t>(load<int16_t>(data, i)));
        case DType::U32: return load<uint32_t>(data, i);
        case DType::I32: return static_cast<uint64_t>(static_cast<int64_t>(load<int32_t>(data, i)));
        default: return load<uint64_t>(data, i);
    }
}

void storeInteger(DType t, void* data, size_t i, uint64_t v) {
    switch (t) {
        case DType::Bool: return store<uint8_t>(data, i, v != 0);
        case DType::U8:
        case DType::I8: return store(data, i, static_cast<uint8_t>(v));
        case DType::U4: return store(data, i, static_cast<uint8_t>(v & 15));
        case DType::I4: return store(data, i, static_cast<int8_t>(static_cast<int8_t>((v & 15) << 4) >> 4));
        case DType::U16:
        case DType::I16: return store(data, i, static_cast<uint16_t>(v));
        case DType::U32:
        case DType::I32: return store(data, i, static_cast<uint32_t>(v));
        default: return store(data, i, v);
    }
}

[[noreturn]] void noNumber(DType t) {
    throw Error(ErrorCode::Type, "elements of type " + std::string(dtypeName(t)) + " are not numbers");
}

}  // namespace

double loadElement(DType type, const void* data, size_t i) {
    switch (type) {
        case DType::F32: return load<float>(data, i);
        case DType::F64: return load<double>(data, i);
        case DType::U8:
        case DType::U4:
        case DType::Bool: return load<uint8_t>(data, i);
        case DType::I8:
        case DType::I4: return load<int8_t>(data, i);
        case DType::U16: return load<uint16_t>(data, i);
        case DType::I16: return load<int16_t>(data, i);
        case DType::U32: return load<uint32_t>(data, i);
        case DType::I32: return load<int32_t>(data, i);
        case DType::U64: return static_cast<double>(load<uint64_t>(data, i));
        case DType::I64: return static_cast<double>(load<int64_t>(data, i));
        case DType::F16: return decode(kF16, load<uint16_t>(data, i));
        case DType::BF16: return decode(kBF16, load<uint16_t>(data, i));
        case DType::F8E4M3FN: return decode(kE4M3FN, load<uint8_t>(data, i));
        case DType::F8E4M3FNUZ: return decode(kE4M3FNUZ, load<uint8_t>(data, i));
        case DType::F8E5M2: return decode(kE5M2, load<uint8_t>(data, i));
        case DType::F8E5M2FNUZ: return decode(kE5M2FNUZ, load<uint8_t>(data, i));
        case DType::Undefined:
        case DType::String: break;
    }
    noNumber(type);
}

void storeElement(DType type, void* data, size_t i, double v) {
    switch (type) {
        case DType::F32: return store(data, i, static_cast<float>(v));
        case DType::F64: return store(data, i, v);
        case DType::Bool: return store<uint8_t>(data, i, v != 0);
        case DType::U8: return store(data, i, toInteger<uint8_t>(v));
        case DType::I8: return store(data, i, toInteger<int8_t>(v));
        case DType::U4: return store(data, i, static_cast<uint8_t>(clampTo(v, 0, 15)));
        case DType::I4: return store(data, i, static_cast<int8_t>(clampTo(v, -8, 7)));
        case DType::U16: return store(data, i, toInteger<uint16_t>(v));
        case DType::I16: return store(data, i, toInteger<int16_t>(v));
        case DType::U32: return store(data, i, toInteger<uint32_t>(v));
        case DType::I32: return store(data, i, toInteger<int32_t>(v));
        case DType::U64: return store(data, i, toInteger<uint64_t>(v));
        case DType::I64: return store(data, i, toInteger<int64_t>(v));
        case DType::F16: return store(data, i, static_cast<uint16_t>(encode(kF16, v)));
        case DType::BF16: return store(data, i, static_cast<uint16_t>(encode(kBF16, v)));
        case DType::F8E4M3FN: return store(data, i, static_cast<uint8_t>(encode(kE4M3FN, v)));
        case DType::F8E4M3FNUZ: return store(data, i, static_cast<uint8_t>(encode(kE4M3FNUZ, v)));
        case DType::F8E5M2: return store(data, i, static_cast<uint8_t>(encode(kE5M2, v)));
        case DType::F8E5M2FNUZ: return store(data, i, static_cast<uint8_t>(encode(kE5M2FNUZ, v)));
        case DType::Undefined:
        case DType::String: break;
    }
    noNumber(type);
}

void castElements(DType from, const void* in, DType to, void* out, size_t count) {
    if (from == to) {
        std::memcpy(out, in, count * dtypeSize(from));
    } else if (isInteger(from) && isInteger(to)) {
        for (size_t i = 0; i < count; ++i) storeInteger(to, out, i, loadInteger(from, in, i));
    } else {
        for (size_t i = 0; i < count; ++i) storeElement(to, out, i, loadElement(from, in, i));
    }
}

uint64_t storedBytes(DType type, int64_t count) {
    const auto n = static_cast<uint64_t>(count);
    return type == DType::U4 || type == DType::I4 ? (n + 1) / 2 : n * dtypeSize(type);
}

void unpackStored(DType type, const void* stored, void* elements, int64_t count) {
    if (type != DType::U4 && type != DType::I4) {
        if (count > 0) std::memcpy(elements, stored, storedBytes(type, count));
        return;
    }
    const auto* from = static_cast<const uint8_t*>(stored);
    for (int64_t i = 0; i < count; ++i) {
        storeInteger(type, elements, static_cast<size_t>(i), static_cast<uint64_t>(from[i / 2] >> (i % 2 * 4)));
    }
}

void packStored(DType type, const void* elements, void* stored, int64_t count) {
    if (type != DType::U4 && type != DType::I4) {
        if (count > 0) std::memcpy(stored, elements, storedBytes(type, count));
        return;
    }
    auto* to = static_cast<uint8_t*>(stored);
    const auto* from = static_cast<const uint8_t*>(elements);
    for (int64_t i = 0; i < count; ++i) {
        const auto nibble = static_cast<uint8_t>(from[i] & 15);
        to[i / 2] = i % 2 == 0 ? nibble : static_cast<uint8_t>(to[i / 2] | (nibble << 4));
    }
}

}  // namespace sinter
