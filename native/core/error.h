#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sinter {

/// What kind of failure it is; callers branch on this, people read the message. The values are those of the C ABI.
enum class ErrorCode : uint8_t {
    None = 0,
    Argument = 1,     ///< the call itself is wrong
    Io = 2,           ///< a file cannot be opened, read or written
    Format = 3,       ///< not an engine file, or of another format version
    Truncated = 4,    ///< shorter than it says
    Corrupt = 5,      ///< checksum or structure does not hold
    Feature = 6,      ///< needs a feature that this runtime does not know
    Device = 7,       ///< needs a device or an instruction set that is not here
    Shape = 8,        ///< a shape does not fit
    Type = 9,         ///< an element type does not fit
    Kernel = 10,      ///< a layer failed or has no kernel
    Memory = 11,
    Stopped = 12,     ///< the caller asked to stop
    Internal = 13,
};
std::string_view errorCodeName(ErrorCode code);

/// Every failure of the runtime: one sentence for people, a code for callers, the layer where known.
class Error : public std::runtime_error {
public:
    Error(ErrorCode code, const std::string& message, std::string layer = {})
        : std::runtime_error(message), code(code), layer(std::move(layer)) {}
    ErrorCode code;
    std::string layer;
};

}  // namespace sinter
