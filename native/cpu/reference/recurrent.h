#pragma once
#include <vector>

#include "core/kernel.h"
#include "core/recurrence.h"

namespace sinter::ref {

/// One direction's weights, widened: W [gates·hidden, inputs], R [gates·hidden, hidden], both biases, LSTM peepholes.
struct CellWeights {
    std::vector<double> w, r, wb, rb, peephole;
};

/// State of one batch row, advanced by one time step; `x` is that row's input.
void stepCell(const Recurrence& s, const CellWeights& weights, const Activation* f, const double* x, std::vector<double>& h, std::vector<double>& c);

}  // namespace sinter::ref
