#pragma once
#include <optional>
#include <string>

#include "core/device.h"

namespace sinter::cuda {

/// Compiled kernels as files, shared by every process of this user: a kernel that was tuned is not compiled again when
/// its engine is written, nor by the next build. In the folder SINTER_KERNEL_CACHE ("none": no files), else in
/// sinter-studio/kernels of the user's cache folder. Named by key and compiler; what is damaged is as good as missing.
std::optional<KernelBinary> readCompiled(const std::string& key);
/// Never fails: a cache that cannot be written is no cache.
void writeCompiled(const KernelBinary& binary);

}  // namespace sinter::cuda
