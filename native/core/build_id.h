#pragma once
#include <string>

namespace sinter {

/// Identifies the linked code of this library or program: the linker's digest of its contents, in hexadecimal.
/// "" where the platform keeps none.
std::string buildId();

}  // namespace sinter
