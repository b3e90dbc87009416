#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/tensor.h"

namespace sinter {

/// Straight-line single-assignment elementwise code; see PointwiseProgram in engine.proto.
struct PointwiseProgram {
    struct Instruction {
        std::string op;
        std::vector<uint32_t> args;
        DType dtype = DType::F32;
        std::vector<double> params;
    };
    uint32_t inputCount = 0;
    std::vector<Instruction> code;
    std::vector<uint32_t> outputs;
    bool empty() const { return outputs.empty(); }
};

using AttrValue = std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>, std::vector<std::string>>;

/// A layer with concrete shapes: what kernels are matched against and made for. Kinds and attributes: docs/layers.md.
struct LayerDesc {
    std::string name;
    std::string op;
    std::vector<std::pair<std::string, AttrValue>> attrs;
    std::vector<TensorInfo> inputs;    ///< the op's own (opInputs of them), then the program's extra ones
    uint32_t opInputs = 0;
    std::vector<TensorInfo> outputs;
    PointwiseProgram program;          ///< epilogue, or the whole computation of op "Pointwise"
    std::vector<std::vector<int64_t>> dims;  ///< op "Dims" only: evaluated values

    const AttrValue* attr(std::string_view key) const;
    int64_t intAttr(std::string_view key, int64_t fallback) const;
    double floatAttr(std::string_view key, double fallback) const;
    std::string stringAttr(std::string_view key, std::string_view fallback) const;
    std::vector<int64_t> intsAttr(std::string_view key) const;
    std::vector<double> floatsAttr(std::string_view key) const;
};

}  // namespace sinter
