#pragma once
#include <string_view>

#include "core/device.h"
#include "core/schema.h"

namespace sinter {

/// The features that format 1 defines: layers with regions or with shapes that are decided while they run; layers of kind
/// Plugin; several optimization profiles; layers that libraries of others run.
inline constexpr std::string_view kRegionsFeature = "regions";
inline constexpr std::string_view kPluginsFeature = "plugins";
inline constexpr std::string_view kLibrariesFeature = "libraries";
inline constexpr std::string_view kProfilesFeature = "profiles";

/// True when the engine needs it.
bool hasRegions(const schema::Engine& engine);

/// Structure: indices, views, storage. After this, following any index of the header is safe. Throws Error(Corrupt).
void checkStructure(const schema::Engine& engine, uint64_t blobBytes);

/// Required features, format version, device and instruction sets. Throws Error(Feature), Error(Format), Error(Device).
std::shared_ptr<Device> checkRequirements(const schema::Engine& engine);

}  // namespace sinter
