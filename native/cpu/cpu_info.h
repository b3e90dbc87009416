#pragma once
#include "core/device.h"

namespace sinter {

/// This machine's processor: brand, usable cores, vector instruction sets, and what is missing.
DeviceInfo cpuInfo();

}  // namespace sinter
