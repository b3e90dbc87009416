#pragma once
#include "core/device.h"

namespace sinter {

/// What this processor reaches on `threads` threads: multiply-adds in registers, and a copy between blocks that no cache
/// holds. The best of many short rounds, so that a busy machine disturbs little; about half a second.
Ceilings measureCpuCeilings(int threads, const StopToken* stop);

}  // namespace sinter
