#pragma once
#include "core/tensor.h"

namespace sinter {

/// A view on `data` with the strides of `info.layout`.
TensorView makeView(const TensorInfo& info, void* data);

/// Copies every element of `from` to the same logical place of `to`; shapes and dtypes must be equal (Error(Internal)).
void copyStrided(const TensorView& to, const TensorView& from);

}  // namespace sinter
