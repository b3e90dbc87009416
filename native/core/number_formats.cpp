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
    bool nan = true;      ///< without: every pattern is a number
};
constexpr SmallFloat kF16{5, 10, 15, true, false};
constexpr SmallFloat kBF16{8, 7, 127, true, false};
constexpr SmallFloat kE4M3FN{4, 3, 7, false, false};
constexpr SmallFloat kE4M3FNUZ{4, 3, 8, false, true};
constexpr SmallFloat kE5M2{5, 2, 15, true, false};
constexpr SmallFloat kE5M2FNUZ{5, 2, 16, false, true};
constexpr SmallFloat kE2M1{2, 1, 1, false, false, false};

const SmallFloat* formatOf(DType t) {
    switch (t) {
        case DType::F16: return &kF16;
        case DType::BF16: return &kBF16;
        case DType::F8E4M3FN: return &kE4M3FN;
        case DType::F8E4M3FNUZ: return &kE4M3FNUZ;
        case DType::F8E5M2: return &kE5M2;
        case DType::F8E5M2FNUZ: return &kE5M2FNUZ;
        case DType::F4E2M1: return &kE2M1;
        default: return nullptr;
    }
}

uint32_t signBit(const SmallFloat& f) { return 1U << (f.exponentBits + f.mantissaBits); }
uint32_t nanBits(const SmallFloat& f) {
    if (!f.nan) return signBit(f);                                                  // negative zero stands in
    if (f.negativeZeroNan) return signBit(f);
    if (!f.infinities) return signBit(f) - 1;                                       // all ones below the sign
    return (signBit(f) - 1) & ~((1U << (f.mantissaBits - 1)) - 1);                  // quiet
}
uint32_t infinityBits(const SmallFloat& f) { return ((1U << f.exponentBits) - 1) << f.mantissaBits; }
uint32_t largestBits(const SmallFloat& f) {
    if (f.infinities) return infinityBits(f) - 1;
    if (!f.nan) return signBit(f) - 1;
    return f.negativeZeroNan ? signBit(f) - 1 : signBit(f) - 2;
}

uint32_t encode(const SmallFloat& f, double value) {
    const uint32_t sign = std::signbit(value) ? signBit(f) : 0;
    if (std::isnan(value)) return nanBits(f) | sign;
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
        if (f.infinities) bits = infinityBits(f);
        else if (f.nan) return nanBits(f) | sign;
        else bits = largestBits(f);
    }
    if (bits == 0 && f.negativeZeroNan) return 0;
    return bits | sign;
}

double decode(const SmallFloat& f, uint32_t bits) {
    const uint32_t magnitude = bits & (signBit(f) - 1);
    const bool negative = (bits & signBit(f)) != 0;
    if (f.negativeZeroNan ? (negative && magnitude == 0) : (f.nan && !f.infinities && magnitude == signBit(f) - 1)) {
        return std::copysign(std::numeric_limits<double>::quiet_NaN(), negative ? -1.0 : 1.0);
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

/// A power of two by its exponent alone, 2^(code - 127); 255 is NaN, there is neither sign nor zero.
uint32_t encodeE8M0(double value, PowerRounding rounding) {
    constexpr uint32_t kNan = 255;
    if (!std::isfinite(value)) return kNan;
    int exponent = 0;
    const double m = 2 * std::frexp(std::fabs(value), &exponent);  // in [1, 2), or 0
    if (m == 0) return 0;
    const bool up = rounding == PowerRounding::Up ? m > 1 : rounding == PowerRounding::Nearest && m >= 1.5;
    const int code = exponent - 1 + 127 + (up ? 1 : 0);
    return code < 0 ? 0 : code > 254 ? kNan : static_cast<uint32_t>(code);
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
        case DType::I4:
        case DType::U2:
        case DType::I2: return true;
        default: return false;
    }
}

/// Integers among themselves: two's complement wrap-around, as C and numpy do.
uint64_t loadInteger(DType t, const void* data, size_t i) {
    switch (t) {
        case DType::U8:
        case DType::U4:
        case DType::U2:
        case DType::Bool: return load<uint8_t>(data, i);
        case DType::I8:
        case DType::I4:
        case DType::I2: return static_cast<uint64_t>(static_cast<int64_t>(load<int8_t>(data, i)));
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
        case DType::U2: return store(data, i, static_cast<uint8_t>(v & 3));
        case DType::I2: return store(data, i, static_cast<int8_t>(static_cast<int8_t>((v & 3) << 6) >> 6));
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

uint32_t encodeFloat(DType type, double value, PowerRounding rounding) {
    if (type == DType::F8E8M0) return encodeE8M0(value, rounding);
    if (const SmallFloat* f = formatOf(type)) return encode(*f, value);
    noNumber(type);
}

double decodeFloat(DType type, uint32_t bits) {
    if (type == DType::F8E8M0) {
        return bits == 255 ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, static_cast<int>(bits) - 127);
    }
    if (const SmallFloat* f = formatOf(type)) return decode(*f, bits);
    noNumber(type);
}

double saturateFloat(DType type, double value) {
    if (std::isnan(value)) return value;
    switch (type) {
        case DType::F8E4M3FN:
        case DType::F8E4M3FNUZ:
        case DType::F8E5M2:
        case DType::F8E5M2FNUZ:
        case DType::F4E2M1: {
            const SmallFloat& f = *formatOf(type);
            const double most = decode(f, largestBits(f));
            return std::fabs(value) > most ? std::copysign(most, value) : value;
        }
        case DType::F8E8M0: return std::isfinite(value) ? std::fmin(std::fabs(value), 0x1p127) : value;
        default: return value;
    }
}

double loadElement(DType type, const void* data, size_t i) {
    switch (type) {
        case DType::F32: return load<float>(data, i);
        case DType::F64: return load<double>(data, i);
        case DType::U8:
        case DType::U4:
        case DType::U2:
        case DType::Bool: return load<uint8_t>(data, i);
        case DType::I8:
        case DType::I4:
        case DType::I2: return load<int8_t>(data, i);
        case DType::U16: return load<uint16_t>(data, i);
        case DType::I16: return load<int16_t>(data, i);
        case DType::U32: return load<uint32_t>(data, i);
        case DType::I32: return load<int32_t>(data, i);
        case DType::U64: return static_cast<double>(load<uint64_t>(data, i));
        case DType::I64: return static_cast<double>(load<int64_t>(data, i));
        case DType::F16:
        case DType::BF16: return decodeFloat(type, load<uint16_t>(data, i));
        case DType::F8E4M3FN:
        case DType::F8E4M3FNUZ:
        case DType::F8E5M2:
        case DType::F8E5M2FNUZ:
        case DType::F8E8M0:
        case DType::F4E2M1: return decodeFloat(type, load<uint8_t>(data, i));
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
        case DType::U2: return store(data, i, static_cast<uint8_t>(clampTo(v, 0, 3)));
        case DType::I2: return store(data, i, static_cast<int8_t>(clampTo(v, -2, 1)));
        case DType::U16: return store(data, i, toInteger<uint16_t>(v));
        case DType::I16: return store(data, i, toInteger<int16_t>(v));
        case DType::U32: return store(data, i, toInteger<uint32_t>(v));
        case DType::I32: return store(data, i, toInteger<int32_t>(v));
        case DType::U64: return store(data, i, toInteger<uint64_t>(v));
        case DType::I64: return store(data, i, toInteger<int64_t>(v));
        case DType::F16:
        case DType::BF16: return store(data, i, static_cast<uint16_t>(encodeFloat(type, v)));
        case DType::F8E4M3FN:
        case DType::F8E4M3FNUZ:
        case DType::F8E5M2:
        case DType::F8E5M2FNUZ:
        case DType::F8E8M0:
        case DType::F4E2M1: return store(data, i, static_cast<uint8_t>(encodeFloat(type, saturateFloat(type, v))));
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
    const auto bits = static_cast<uint64_t>(storedBits(type));
    return bits < 8 ? (n * bits + 7) / 8 : n * dtypeSize(type);
}

void unpackStored(DType type, const void* stored, void* elements, int64_t count) {
    const int bits = storedBits(type);
    if (bits >= 8 || bits == 0) {
        if (count > 0) std::memcpy(elements, stored, storedBytes(type, count));
        return;
    }
    const int perByte = 8 / bits;
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    const auto* from = static_cast<const uint8_t*>(stored);
    for (int64_t i = 0; i < count; ++i) {
        const auto pattern = static_cast<uint64_t>(from[i / perByte] >> (i % perByte * bits)) & mask;
        if (isInteger(type)) storeInteger(type, elements, static_cast<size_t>(i), pattern);
        else store(elements, static_cast<size_t>(i), static_cast<uint8_t>(pattern));
    }
}

void packStored(DType type, const void* elements, void* stored, int64_t count) {
    const int bits = storedBits(type);
    if (bits >= 8 || bits == 0) {
        if (count > 0) std::memcpy(stored, elements, storedBytes(type, count));
        return;
    }
    const int perByte = 8 / bits;
    const int mask = (1 << bits) - 1;
    auto* to = static_cast<uint8_t*>(stored);
    const auto* from = static_cast<const uint8_t*>(elements);
    for (int64_t i = 0; i < count; ++i) {
        const auto pattern = static_cast<uint8_t>((from[i] & mask) << (i % perByte * bits));
        to[i / perByte] = i % perByte == 0 ? pattern : static_cast<uint8_t>(to[i / perByte] | pattern);
    }
}

}  // namespace sinter
