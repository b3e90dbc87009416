#include "cuda/codegen/types.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "core/kernel.h"

namespace sinter::cuda {

std::string storageType(DType t) {
    switch (t) {
        case DType::F32: return "float";
        case DType::F16: return "half_t";
        case DType::BF16: return "bf16_t";
        case DType::F64: return "double";
        case DType::I8: return "int8_t";
        case DType::U8: return "uint8_t";
        case DType::I16: return "int16_t";
        case DType::U16: return "uint16_t";
        case DType::I32: return "int32_t";
        case DType::U32: return "uint32_t";
        case DType::I64: return "int64_t";
        case DType::U64: return "uint64_t";
        case DType::Bool: return "bool";
        default: return {};
    }
}

std::string computeType(DType t) { return t == DType::F16 || t == DType::BF16 ? "float" : storageType(t); }

bool isFloat(DType t) { return t == DType::F32 || t == DType::F16 || t == DType::BF16 || t == DType::F64; }

bool storable(const LayerDesc& layer) {
    const auto fits = [](const TensorInfo& t) {
        return !t.present() || (!storageType(t.dtype).empty() && t.dims.size() <= static_cast<size_t>(kMaxRank) &&
                                t.count() <= std::numeric_limits<int32_t>::max());
    };
    return std::all_of(layer.inputs.begin(), layer.inputs.end(), fits) && std::all_of(layer.outputs.begin(), layer.outputs.end(), fits);
}

DType valueType(const TensorInfo& t) { return t.quantized() ? DType::F32 : t.dtype; }

std::string literal(double value, const std::string& type) {
    const bool isDouble = type == "double";
    if (std::isnan(value)) return isDouble ? "(double)__uint_as_float(0x7fffffffu)" : "__uint_as_float(0x7fffffffu)";
    if (std::isinf(value)) return std::string(value < 0 ? "-" : "") + (isDouble ? "(double)" : "") + "__uint_as_float(0x7f800000u)";
    char text[64];
    if (isDouble) {
        std::snprintf(text, sizeof text, "%a", value);
        return text;
    }
    const auto f = static_cast<float>(value);
    if (std::isinf(f)) return literal(f < 0 ? -INFINITY : INFINITY, type);
    std::snprintf(text, sizeof text, "%af", static_cast<double>(f));
    return text;
}

bool wellFormed(const LayerDesc& layer) {
    for (const ::sinter::KernelRow* row : ::sinter::KernelRegistry::instance().find(layer.op)) {
        if (row->name.starts_with("any_") && row->name.ends_with("__scalar") && row->supports(layer, 1)) return true;
    }
    return false;
}

}  // namespace sinter::cuda
