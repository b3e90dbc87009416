#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/layer.h"

namespace sinter::ref {

/// Elements computed at once: all registers of a usual program stay in L1/L2.
constexpr int64_t kTile = 256;

/// A PointwiseProgram made ready to run over tiles, with exact ONNX semantics.
/// float32, float16 and bfloat16 values are rounded to float32 after every operation, float64 stays; integers wrap.
class Program {
public:
    /// True when every instruction is known and its operand types fit.
    static bool supports(const PointwiseProgram& program, std::span<const DType> inputs, std::span<const DType> outputs);

    Program(const PointwiseProgram& program, std::span<const DType> inputs);

    /// Registers of one worker. Operand ids as in the program: inputs first, then one per instruction.
    class Registers {
    public:
        explicit Registers(const Program& program);
        double* floats(uint32_t operand) { return floats_.data() + static_cast<int64_t>(operand) * kTile; }
        int64_t* ints(uint32_t operand) { return ints_.data() + static_cast<int64_t>(operand) * kTile; }

    private:
        std::vector<double> floats_;
        std::vector<int64_t> ints_;
    };

    /// Executes all instructions on the first n elements (n <= kTile) of the registers.
    void run(Registers& r, int64_t n) const;

    uint32_t inputCount() const { return inputCount_; }
    DType type(uint32_t operand) const { return types_[operand]; }
    std::span<const uint32_t> outputs() const { return outputs_; }

    enum class Op : uint8_t;

private:
    struct Step {
        Op op;
        DType type;                  // of the result
        std::vector<uint32_t> args;
        std::vector<double> params;
        double param(size_t i, double fallback) const { return i < params.size() ? params[i] : fallback; }
    };
    void step(const Step& s, uint32_t to, Registers& r, int64_t n) const;
    void floatStep(const Step& s, uint32_t to, Registers& r, int64_t n) const;
    void intStep(const Step& s, uint32_t to, Registers& r, int64_t n) const;
    void compareStep(const Step& s, uint32_t to, Registers& r, int64_t n) const;
    static double castFloat(const Step& s, double x);
    void castStep(const Step& s, uint32_t to, Registers& r, int64_t n) const;
    void powStep(const Step& s, uint32_t to, Registers& r, int64_t n) const;

    uint32_t inputCount_;
    std::vector<DType> types_;
    std::vector<Step> steps_;
    std::vector<uint32_t> outputs_;
};

}  // namespace sinter::ref
