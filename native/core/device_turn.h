#pragma once
#include "core/device.h"

namespace sinter {

/// While it lives, no other process of this user's machine times kernels on the device: builds that run at the same time compile
/// side by side and time in turns. A file lock, so that a process that is killed gives it back. Devices that compute on the
/// host's cores have none, and a lock file that cannot be opened is done without.
class DeviceTurn {
public:
    explicit DeviceTurn(const Device& device);
    ~DeviceTurn();
    DeviceTurn(const DeviceTurn&) = delete;
    DeviceTurn& operator=(const DeviceTurn&) = delete;

private:
    int file_ = -1;
};

}  // namespace sinter
