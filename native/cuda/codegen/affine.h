#pragma once
#include <optional>
#include <vector>

#include "core/layer.h"

namespace sinter::cuda {

/// What a program of sums, constant factors and a last clamp computes: min(max(Σ factors[i] · input i + constant, least), most).
struct AffineClamp {
    std::vector<double> factors;  ///< per input of the program
    double constant = 0;
    double least, most;           ///< infinite where nothing clamps
};

/// The form of a program of one output, all in float32; nothing when it has none. An empty program of one input is the
/// identity.
std::optional<AffineClamp> affineClampOf(const PointwiseProgram& program);

}  // namespace sinter::cuda
