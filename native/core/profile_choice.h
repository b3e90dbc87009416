#pragma once
#include <span>
#include <vector>

#include "core/dim.h"

namespace sinter {

/// Takes the profile that fits best, whichever that is.
inline constexpr int kAnyProfile = -1;

/// The optimization profile for input shapes whose symbols are bound: `wanted`, or of those that allow them the one whose
/// `opt` is nearest (least sum of |log(size / opt)|, ties to the first). Throws Error(Shape) that names the input, its
/// dimension, what it is and what it may be, and Error(Argument) when there is no profile `wanted`.
size_t chooseProfile(const schema::Engine& engine, std::span<const std::vector<int64_t>> inputShapes, const SymbolValues& values, int wanted);

/// The symbols at a profile's `opt`, for what must be decided before a shape is known (packing sizes).
SymbolValues symbolsAtOpt(const schema::Engine& engine, size_t profile);

/// The sizes that kernels are kept for in the file: `opt`, `min` and `max` of a profile, where they are finite and differ.
std::vector<SymbolValues> profileCorners(const schema::Engine& engine, size_t profile);

}  // namespace sinter
