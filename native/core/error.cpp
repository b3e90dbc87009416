#include "core/error.h"

namespace sinter {

std::string_view errorCodeName(ErrorCode code) {
    switch (code) {
        case ErrorCode::None: return "none";
        case ErrorCode::Argument: return "argument";
        case ErrorCode::Io: return "io";
        case ErrorCode::Format: return "format";
        case ErrorCode::Truncated: return "truncated";
        case ErrorCode::Corrupt: return "corrupt";
        case ErrorCode::Feature: return "feature";
        case ErrorCode::Device: return "device";
        case ErrorCode::Shape: return "shape";
        case ErrorCode::Type: return "type";
        case ErrorCode::Kernel: return "kernel";
        case ErrorCode::Memory: return "memory";
        case ErrorCode::Stopped: return "stopped";
        case ErrorCode::Internal: break;
    }
    return "internal";
}

}  // namespace sinter
