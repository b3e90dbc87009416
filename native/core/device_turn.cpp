#include "core/device_turn.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <filesystem>
#include <string>

namespace sinter {
namespace {

/// One per device and machine, whoever asks.
std::string lockFile(const DeviceInfo& info) {
    std::error_code none;
    std::string name = "sinter-" + info.id + "-" + info.name + ".lock";
    for (char& c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '-') c = '_';
    }
    return (std::filesystem::temp_directory_path(none) / name).string();
}

}  // namespace

DeviceTurn::DeviceTurn(const Device& device) {
    if (device.sharesHostMemory()) return;
    file_ = ::open(lockFile(device.info()).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    while (file_ >= 0 && ::flock(file_, LOCK_EX) != 0 && errno == EINTR) {
    }
}

DeviceTurn::~DeviceTurn() {
    if (file_ >= 0) ::close(file_);
}

}  // namespace sinter
