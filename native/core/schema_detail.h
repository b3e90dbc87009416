#pragma once
#include <string>
#include <string_view>

#include "core/schema.h"
#include "core/wire.h"

/// Readers shared by the decoders of engines, layers and weight expressions.
namespace sinter::schema::detail {

constexpr int kMaxDimDepth = 64;
constexpr int kMaxWeightDepth = 200;
constexpr int kMaxRegionDepth = 32;

DType dtypeOf(uint64_t number);
DimExpr readDim(std::string_view bytes, int depth);
Layer readLayer(std::string_view bytes, int depth = 0);
Region readRegion(std::string_view bytes, int depth);
Value readValue(std::string_view bytes);

/// Runs a decoder; whatever malformed bytes throw becomes one sentence about `what`.
template <typename F>
auto guarded(const char* what, F&& decode) {
    try {
        return decode();
    } catch (const protozero::exception& e) {
        throw Error(ErrorCode::Corrupt, std::string("the ") + what + " is not a valid message: " + e.what());
    } catch (const Error& e) {
        throw Error(e.code, std::string("the ") + what + " cannot be read: " + e.what());
    }
}

}  // namespace sinter::schema::detail
