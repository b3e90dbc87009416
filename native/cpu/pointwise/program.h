#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/kernel.h"
#include "cpu/pointwise/ops.h"
#include "cpu/simd/isa_family.h"

namespace sinter::pointwise {

/// A PointwiseProgram over float32 made into calls of vectorized micro-operations on strips of at most kStrip elements.
class Program {
public:
    static constexpr int kStrip = 1024;

    /// Null where an operation, or another element type, needs the scalar reference.
    static std::shared_ptr<const Program> compile(const PointwiseProgram& source, const simd::IsaFamily& family);

    int inputs() const { return inputs_; }
    int outputs() const { return static_cast<int>(outputs_.size()); }
    /// Floats of scratch that `run` needs.
    int64_t scratchFloats() const { return static_cast<int64_t>(temps_) * kStrip; }

    /// Computes n elements. Input i has the elements in[i][0 … n), or the single element in[i][0] where step[i] is 0.
    /// An output may be one of the inputs (the same address and a step of 1).
    void run(const float* const* in, const uint8_t* step, float* const* out, int64_t n, float* scratch) const;

    /// Nanoseconds per element on one thread, for estimates.
    double cost() const { return cost_; }

private:
    enum class Where : uint8_t { Input, Temp, Constant, Output };
    struct Operand {
        Where where = Where::Input;
        uint16_t index = 0;
    };
    struct Step {
        Op op = Op::Copy;
        void (*scalar)(const OpArgs&) = nullptr;  ///< instead of `op`: through the C library
        Operand out;
        Operand args[3];
        uint8_t argCount = 0;
        float p0 = 0, p1 = 0;
    };

    const OpFn* (*table_)() = nullptr;
    int inputs_ = 0;
    int temps_ = 0;
    double cost_ = 0;
    std::vector<Step> steps_;
    std::vector<float> constants_;
    std::vector<Operand> outputs_;
};

}  // namespace sinter::pointwise
