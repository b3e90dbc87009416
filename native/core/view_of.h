#pragma once
#include "core/dim.h"
#include "core/schema.h"
#include "core/tensor.h"

namespace sinter {

/// The window that view value `v` (of type and shape `info`) opens on `base`; `offset` gets its distance from the base's
/// start in bytes. Throws Error(Corrupt) when it does not fit.
TensorView viewOf(const schema::Value& v, const TensorInfo& info, const TensorView& base, const SymbolValues& symbols, int64_t& offset);

}  // namespace sinter
