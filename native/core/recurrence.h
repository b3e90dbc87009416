#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/layer.h"

namespace sinter {

enum class Cell : uint8_t { Lstm, Gru, Rnn };

/// One activation function of a recurrent layer, with its parameters.
struct Activation {
    std::string name;
    double alpha = 0, beta = 0;
    double operator()(double x) const;
};

/// Attributes and sizes of an LSTM, GRU or RNN layer; see the operators in the ONNX standard.
struct Recurrence {
    Cell cell;
    int64_t steps = 0, batch = 0, inputs = 0, hidden = 0;
    int directions = 1;
    bool reverse = false;      // a single, backward direction
    bool batchFirst = false;   // attribute layout = 1
    bool linearBeforeReset = false, inputForget = false;
    double clip = 0;           // 0: none
    std::vector<Activation> activations;  // per direction: LSTM 3, GRU 2, RNN 1

    int64_t gates() const { return cell == Cell::Lstm ? 4 : cell == Cell::Gru ? 3 : 1; }
    size_t functions() const { return cell == Cell::Lstm ? 3 : cell == Cell::Gru ? 2 : 1; }
    double clipped(double x) const { return clip > 0 ? std::min(std::max(x, -clip), clip) : x; }

    /// Nothing when shapes, types or attributes do not fit.
    static std::optional<Recurrence> of(const LayerDesc& d, Cell cell);
};

}  // namespace sinter
