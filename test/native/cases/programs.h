#pragma once
// Epilogues that convolutions, matrix products and others are tested with.
#include <string>
#include <vector>

#include "cases/case.h"

namespace sinter::cases {

/// Appends one named epilogue to a layer whose result has shape `dims` (channel axis `channel`).
/// Names: "", relu, clip, hardswish, silu, gelu, leaky, residual, residual_relu, bias_relu, scale_shift, long.
inline void addEpilogue(Builder& b, const std::string& name, const std::vector<int64_t>& dims, size_t channel, DType t = DType::F32) {
    b.extras();
    if (name.empty()) return;
    std::vector<int64_t> perChannel(dims.size() - channel, 1);
    perChannel[0] = dims[channel];
    const auto op = [&](const char* n, std::vector<uint32_t> a, std::vector<double> p = {}) { b.step(n, std::move(a), std::move(p), t); };
    if (name == "relu") op("Relu", {0});
    else if (name == "clip") op("Const", {}, {0}), op("Const", {}, {6}), op("Clip", {0, 1, 2});
    else if (name == "hardswish") op("HardSwish", {0});
    else if (name == "silu") op("Sigmoid", {0}), op("Mul", {0, 1});
    else if (name == "gelu") op("Gelu", {0}, {0});
    else if (name == "leaky") op("LeakyRelu", {0}, {0.1});
    else if (name == "residual") b.input(dims, t), op("Add", {0, 1});
    else if (name == "residual_relu") b.input(dims, t), op("Add", {0, 1}), op("Relu", {2});
    else if (name == "bias_relu") b.weight(perChannel, t), op("Add", {0, 1}), op("Relu", {2});
    else if (name == "scale_shift") b.weight(perChannel, t).weight(perChannel, t), op("Mul", {0, 1}), op("Add", {3, 2});
    else if (name == "long")
        // hard-swish of (result + residual · scalar), then tanh and a per-channel product
        b.input(dims, t).weight({1}, t).weight(perChannel, t), op("Mul", {1, 2}), op("Add", {0, 4}), op("HardSwish", {5}), op("Tanh", {6}),
            op("Mul", {7, 3}), op("Abs", {8}), op("Sqrt", {9});
}

}  // namespace sinter::cases
