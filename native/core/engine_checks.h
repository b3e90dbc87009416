#pragma once
#include "core/device.h"
#include "core/schema.h"

namespace sinter {

/// Structure: indices, views, storage. After this, following any index of the header is safe. Throws Error(Corrupt).
void checkStructure(const schema::Engine& engine, uint64_t blobBytes);

/// Required features, format version, device and instruction sets. Throws Error(Feature), Error(Format), Error(Device).
std::shared_ptr<Device> checkRequirements(const schema::Engine& engine);

}  // namespace sinter
