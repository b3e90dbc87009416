#pragma once
#include <map>
#include <span>
#include <string>

#include "cases/case.h"

namespace sinter::cases {

/// Runs every registered kernel of the op on every case that it accepts: inputs dense, channels-last, as slices of wider
/// tensors and with permuted strides, as far as the kernel's tactic allows; with 1 and 3 threads. Checks the outputs
/// against the scalar reference on dense tensors, that both thread counts give the same bits, that inputs are unchanged
/// and that no byte outside an output is written. A case that no kernel accepts is a failure.
/// Every kernel is also asked about damaged forms of each layer, which it must decline without falling over.
/// The environment chooses among cases and kernels: selection.h.
void runCases(const std::string& title, std::span<const Case> cases);

/// The same without judging: what is wrong, one sentence each. `ran` counts the cases per kernel.
std::vector<std::string> findProblems(std::span<const Case> cases, std::map<std::string, int>& ran);

/// Outputs of the scalar reference for one case, as float64, with the case's inputs. For known-answer tests.
std::vector<std::vector<double>> reference(const Case& c);

}  // namespace sinter::cases
