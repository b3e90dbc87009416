#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sinter {

/// Element types; the values are those of onnx.TensorProto.DataType and engine.proto.
enum class DType : uint8_t {
    Undefined = 0, F32 = 1, U8 = 2, I8 = 3, U16 = 4, I16 = 5, I32 = 6, I64 = 7, String = 8, Bool = 9, F16 = 10,
    F64 = 11, U32 = 12, U64 = 13, BF16 = 16, F8E4M3FN = 17, F8E4M3FNUZ = 18, F8E5M2 = 19, F8E5M2FNUZ = 20, U4 = 21,
    I4 = 22, F4E2M1 = 23, F8E8M0 = 24, U2 = 25, I2 = 26,
};

/// Bytes per element; types of 2 and 4 bits report 1 (they are unpacked when weights are evaluated). 0 for strings.
size_t dtypeSize(DType t);
/// Bits per element as models and callers store it: less than 8 where several share a byte.
int storedBits(DType t);
std::string_view dtypeName(DType t);

}  // namespace sinter
