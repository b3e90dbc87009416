#pragma once
// Shared operator cases: a layer, what its inputs look like, and how exact a kernel must be.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/layer.h"

namespace sinter::cases {

struct Case {
    std::string name;
    LayerDesc desc;
    /// Largest error allowed, relative to the largest magnitude of the reference output (floating results only).
    double tolerance = 1e-5;
    /// Share of a quantized output's elements that may be one step off: sums that round differently near a tie.
    double nearTies = 0;
    /// Axis along which strided variants slice their tensors; -1 = axis 1 (channels), or the only axis.
    int viewAxis = -1;
    /// Range of random inputs; `fill` replaces the values of single inputs (in row-major order).
    double low = -1, high = 1;
    std::vector<std::pair<size_t, std::vector<double>>> fill;
};

/// Adds to a layer step by step: `Builder("Conv").input({1, 3, 8, 8}).weight({4, 3, 3, 3}).output({1, 4, 6, 6})…`.
class Builder {
public:
    explicit Builder(std::string op) { c_.desc.op = std::move(op); }

    Builder& name(std::string text);
    Builder& input(std::vector<int64_t> dims, DType t = DType::F32);
    Builder& weight(std::vector<int64_t> dims, DType t = DType::F32);  ///< a constant input
    Builder& absent();
    Builder& output(std::vector<int64_t> dims, DType t = DType::F32);
    /// The input or output added last is quantized: one scale, or one per index of `axis`.
    Builder& quantizedInput(double scale, int64_t zeroPoint = 0);
    Builder& quantizedInput(std::vector<double> scales, uint32_t axis, int64_t zeroPoint = 0);
    Builder& quantizedOutput(double scale, int64_t zeroPoint = 0);
    Builder& attr(std::string key, AttrValue v);
    Builder& ints(std::string key, std::vector<int64_t> v) { return attr(std::move(key), AttrValue(std::move(v))); }
    Builder& i(std::string key, int64_t v) { return attr(std::move(key), AttrValue(v)); }
    Builder& f(std::string key, double v) { return attr(std::move(key), AttrValue(v)); }
    Builder& s(std::string key, std::string v) { return attr(std::move(key), AttrValue(std::move(v))); }
    /// Ends the op's own inputs: those added later are the program's extra ones.
    Builder& extras();
    /// One instruction; its operand id is what the next ones refer to: inputs first, then instructions.
    Builder& step(std::string op, std::vector<uint32_t> args, std::vector<double> params = {}, DType t = DType::F32);
    /// Operand ids of the program's outputs (default: the last instruction).
    Builder& results(std::vector<uint32_t> ids);
    Builder& tolerance(double t);
    Builder& nearTies(double share);
    Builder& range(double low, double high);
    Builder& values(size_t input, std::vector<double> v);
    Builder& viewAxis(int axis);
    Case build() const;

private:
    Case c_;
    bool extrasBegun_ = false;
    std::vector<PointwiseProgram::Instruction> code_;
    std::vector<uint32_t> results_;
};

/// Text of a shape: "1x3x8x8".
std::string shapeText(const std::vector<int64_t>& dims);

}  // namespace sinter::cases
