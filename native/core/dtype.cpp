#include "core/dtype.h"

namespace sinter {
namespace {

struct Row {
    DType type;
    uint8_t size;
    std::string_view name;
};

constexpr Row kRows[] = {
    {DType::F32, 4, "float32"},           {DType::U8, 1, "uint8"},
    {DType::I8, 1, "int8"},               {DType::U16, 2, "uint16"},
    {DType::I16, 2, "int16"},             {DType::I32, 4, "int32"},
    {DType::I64, 8, "int64"},             {DType::String, 0, "string"},
    {DType::Bool, 1, "bool"},             {DType::F16, 2, "float16"},
    {DType::F64, 8, "float64"},           {DType::U32, 4, "uint32"},
    {DType::U64, 8, "uint64"},            {DType::BF16, 2, "bfloat16"},
    {DType::F8E4M3FN, 1, "float8e4m3fn"}, {DType::F8E4M3FNUZ, 1, "float8e4m3fnuz"},
    {DType::F8E5M2, 1, "float8e5m2"},     {DType::F8E5M2FNUZ, 1, "float8e5m2fnuz"},
    {DType::U4, 1, "uint4"},              {DType::I4, 1, "int4"},
    {DType::F4E2M1, 1, "float4e2m1"},     {DType::F8E8M0, 1, "float8e8m0"},
    {DType::U2, 1, "uint2"},              {DType::I2, 1, "int2"},
};

}  // namespace

size_t dtypeSize(DType t) {
    for (const Row& r : kRows) {
        if (r.type == t) return r.size;
    }
    return 0;
}

int storedBits(DType t) {
    switch (t) {
        case DType::U2:
        case DType::I2: return 2;
        case DType::U4:
        case DType::I4:
        case DType::F4E2M1: return 4;
        default: return static_cast<int>(dtypeSize(t)) * 8;
    }
}

std::string_view dtypeName(DType t) {
    for (const Row& r : kRows) {
        if (r.type == t) return r.name;
    }
    return "undefined";
}

}  // namespace sinter
