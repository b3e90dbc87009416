#include "core/number_formats.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/crc32.h"

using namespace sinter;

namespace {
uint32_t bits(DType t, double v) {
    uint32_t b = 0;
    storeElement(t, &b, 0, v);
    return b;
}
double back(DType t, uint32_t b) { return loadElement(t, &b, 0); }
}  // namespace

TEST_CASE("float16 and bfloat16 round once, to nearest even") {
    CHECK(bits(DType::F16, 1.0) == 0x3c00);
    CHECK(bits(DType::F16, -2.5) == 0xc100);
    CHECK(bits(DType::F16, 65504.0) == 0x7bff);
    CHECK(bits(DType::F16, 65519.999) == 0x7bff);
    CHECK(bits(DType::F16, 65520.0) == 0x7c00);                      // halfway to the next: infinity
    CHECK(bits(DType::F16, std::ldexp(1.0, -24)) == 0x0001);         // least subnormal
    CHECK(bits(DType::F16, std::ldexp(1.0, -25)) == 0x0000);         // halfway: even
    CHECK(bits(DType::F16, std::ldexp(3.0, -25)) == 0x0002);
    CHECK(bits(DType::F16, 1.0 + std::ldexp(1.0, -11)) == 0x3c00);   // halfway: even
    CHECK(bits(DType::F16, 1.0 + std::ldexp(1.0, -11) + std::ldexp(1.0, -40)) == 0x3c01);  // float32 first would lose this
    CHECK(bits(DType::F16, -0.0) == 0x8000);
    CHECK(bits(DType::BF16, 1.0) == 0x3f80);
    CHECK(bits(DType::BF16, 3.3895313892515355e38) == 0x7f7f);
    CHECK(bits(DType::BF16, 1e39) == 0x7f80);
    CHECK(std::isnan(back(DType::F16, bits(DType::F16, std::nan("")))));
}

TEST_CASE("every 16-bit and 8-bit float survives the way to float64 and back") {
    for (const DType t : {DType::F16, DType::BF16, DType::F8E4M3FN, DType::F8E4M3FNUZ, DType::F8E5M2, DType::F8E5M2FNUZ}) {
        const uint32_t count = dtypeSize(t) == 2 ? 65536 : 256;
        for (uint32_t b = 0; b < count; ++b) {
            const double v = back(t, b);
            if (std::isnan(v)) continue;
            if (std::isinf(v) && t == DType::F8E5M2) continue;  // narrowing saturates
            REQUIRE(bits(t, v) == b);
        }
    }
}

TEST_CASE("8-bit floats: limits and saturation") {
    CHECK(back(DType::F8E4M3FN, 0x7e) == 448);
    CHECK(bits(DType::F8E4M3FN, 1e9) == 0x7e);
    CHECK(back(DType::F8E5M2, 0x7b) == 57344);
    CHECK(bits(DType::F8E5M2, -1e9) == 0xfb);
    CHECK(back(DType::F8E4M3FNUZ, 0x7f) == 240);
    CHECK(std::isnan(back(DType::F8E4M3FNUZ, 0x80)));
    CHECK(std::isnan(back(DType::F8E4M3FN, 0x7f)));
}

TEST_CASE("floats beyond their range: saturated only where asked") {
    CHECK(encodeFloat(DType::F8E4M3FN, 1e9) == 0x7f);
    CHECK(encodeFloat(DType::F8E4M3FN, -1e9) == 0xff);
    CHECK(encodeFloat(DType::F8E4M3FNUZ, 1e9) == 0x80);
    CHECK(encodeFloat(DType::F8E5M2, 1e9) == 0x7c);
    CHECK(encodeFloat(DType::F4E2M1, 1e9) == 7);  // nothing stands for more
    CHECK(saturateFloat(DType::F8E5M2, -1e9) == -57344);
    CHECK(saturateFloat(DType::F16, 1e9) == 1e9);
}

TEST_CASE("4-bit floats and powers of two") {
    const double all[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    for (uint32_t i = 0; i < 8; ++i) {
        CHECK(decodeFloat(DType::F4E2M1, i) == all[i]);
        CHECK(decodeFloat(DType::F4E2M1, i + 8) == -all[i]);
        CHECK(encodeFloat(DType::F4E2M1, all[i]) == i);
    }
    CHECK(encodeFloat(DType::F4E2M1, 5) == 6);  // a tie goes to even
    CHECK(encodeFloat(DType::F8E8M0, 1) == 127);
    CHECK(encodeFloat(DType::F8E8M0, 1.25) == 128);
    CHECK(encodeFloat(DType::F8E8M0, 1.25, PowerRounding::Down) == 127);
    CHECK(encodeFloat(DType::F8E8M0, 1.25, PowerRounding::Nearest) == 127);
    CHECK(encodeFloat(DType::F8E8M0, 1.5, PowerRounding::Nearest) == 128);
    CHECK(decodeFloat(DType::F8E8M0, 0) == 0x1p-127);
    CHECK(std::isnan(decodeFloat(DType::F8E8M0, 255)));
}

TEST_CASE("types of 2 and 4 bits share bytes from the low bits up") {
    const int8_t whole[] = {1, -1, -2, 0, 1};
    uint8_t stored[2] = {};
    CHECK(storedBytes(DType::I2, 5) == 2);
    packStored(DType::I2, whole, stored, 5);
    CHECK(stored[0] == 0b00101101);
    CHECK(stored[1] == 1);
    int8_t again[5] = {};
    unpackStored(DType::I2, stored, again, 5);
    CHECK(std::equal(whole, whole + 5, again));
    uint8_t patterns[3] = {};
    const uint8_t nibbles[] = {0xe7, 0x05};
    unpackStored(DType::F4E2M1, nibbles, patterns, 3);
    CHECK(loadElement(DType::F4E2M1, patterns, 0) == 6);
    CHECK(loadElement(DType::F4E2M1, patterns, 1) == -4);
    CHECK(loadElement(DType::F4E2M1, patterns, 2) == 3);
}

TEST_CASE("casts: integers among themselves are exact, floats truncate and saturate") {
    const int64_t wide[] = {(int64_t{1} << 53) + 1, -3, 300};
    int64_t same[3];
    castElements(DType::I64, wide, DType::U64, same, 3);
    CHECK(same[0] == (int64_t{1} << 53) + 1);
    uint8_t narrow[3];
    castElements(DType::I64, wide, DType::U8, narrow, 3);
    CHECK(narrow[1] == 253);
    CHECK(narrow[2] == 44);
    const float f[] = {2.9F, -2.9F, 1e20F, std::numeric_limits<float>::quiet_NaN()};
    int32_t i[4];
    castElements(DType::F32, f, DType::I32, i, 4);
    CHECK(i[0] == 2);
    CHECK(i[1] == -2);
    CHECK(i[2] == INT32_MAX);
    CHECK(i[3] == 0);
    uint8_t b[4];
    castElements(DType::F32, f, DType::Bool, b, 2);
    CHECK(b[0] == 1);
}

TEST_CASE("crc32 is zlib's") {
    const char* text = "123456789";
    const auto bytes = std::as_bytes(std::span(text, 9));
    CHECK(crc32(bytes) == 0xcbf43926U);
    CHECK(crc32(bytes.subspan(4), crc32(bytes.first(4))) == 0xcbf43926U);
    CHECK(crc32({}) == 0);
}
