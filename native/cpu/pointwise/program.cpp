#include "cpu/pointwise/program.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>

namespace sinter::pointwise {
namespace {

constexpr double kCheap = 0.06;  // nanoseconds an element: operands in the first-level cache
constexpr double kCostly = 0.4;

struct Rule {
    Op op;
    int args;
    double cost = kCheap;
};

const std::map<std::string_view, Rule>& rules() {
    static const std::map<std::string_view, Rule> table{
        {"Identity", {Op::Copy, 1}}, {"Cast", {Op::Copy, 1}}, {"Abs", {Op::Abs, 1}}, {"Neg", {Op::Neg, 1}},
        {"Exp", {Op::Exp, 1, kCostly}}, {"Log", {Op::Log, 1, kCostly}}, {"Sqrt", {Op::Sqrt, 1, 0.2}},
        {"Reciprocal", {Op::Reciprocal, 1, 0.2}}, {"Floor", {Op::Floor, 1}}, {"Ceil", {Op::Ceil, 1}},
        {"Round", {Op::Round, 1}}, {"Sign", {Op::Sign, 1}}, {"Erf", {Op::Erf, 1, kCostly}}, {"Relu", {Op::Relu, 1}},
        {"LeakyRelu", {Op::LeakyRelu, 1}}, {"Elu", {Op::Elu, 1, kCostly}}, {"Celu", {Op::Celu, 1, kCostly}},
        {"Selu", {Op::Selu, 1, kCostly}}, {"Sigmoid", {Op::Sigmoid, 1, kCostly}}, {"Tanh", {Op::Tanh, 1, kCostly}},
        {"Softplus", {Op::Softplus, 1, 0.8}}, {"Softsign", {Op::Softsign, 1, 0.2}}, {"Mish", {Op::Mish, 1, 1.2}},
        {"HardSigmoid", {Op::HardSigmoid, 1}}, {"HardSwish", {Op::HardSwish, 1}}, {"Gelu", {Op::Gelu, 1, kCostly}},
        {"ThresholdedRelu", {Op::ThresholdedRelu, 1}}, {"Shrink", {Op::Shrink, 1}}, {"Not", {Op::Not, 1}},
        {"IsNaN", {Op::IsNaN, 1}}, {"Add", {Op::Add, 2}}, {"Sub", {Op::Sub, 2}}, {"Mul", {Op::Mul, 2}},
        {"Div", {Op::Div, 2, 0.2}}, {"Min", {Op::Min, 2}}, {"Max", {Op::Max, 2}}, {"PRelu", {Op::PRelu, 2}},
        {"Equal", {Op::Equal, 2}}, {"Less", {Op::Less, 2}}, {"LessOrEqual", {Op::LessOrEqual, 2}}, {"And", {Op::And, 2}},
        {"Or", {Op::Or, 2}}, {"Xor", {Op::Xor, 2}}, {"Clip", {Op::Clip, 3}}, {"Where", {Op::Where, 3}},
    };
    return table;
}

template <float (*Fn)(float)>
void each(const OpArgs& o) {
    for (int64_t i = 0; i < o.n; ++i) o.out[i] = Fn(o.scalars & 1 ? *o.a : o.a[i]);
}
void powEach(const OpArgs& o) {
    for (int64_t i = 0; i < o.n; ++i) o.out[i] = std::pow(o.scalars & 1 ? *o.a : o.a[i], o.scalars & 2 ? *o.b : o.b[i]);
}

/// Rare functions go through the C library.
const std::map<std::string_view, void (*)(const OpArgs&)>& libraryFunctions() {
    static const std::map<std::string_view, void (*)(const OpArgs&)> table{
        {"Sin", each<std::sin>}, {"Cos", each<std::cos>}, {"Tan", each<std::tan>}, {"Asin", each<std::asin>},
        {"Acos", each<std::acos>}, {"Atan", each<std::atan>}, {"Sinh", each<std::sinh>}, {"Cosh", each<std::cosh>},
        {"Asinh", each<std::asinh>}, {"Acosh", each<std::acosh>}, {"Atanh", each<std::atanh>},
    };
    return table;
}

bool isTruth(std::string_view op) {
    static constexpr std::array<std::string_view, 10> names{"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual",
                                                            "And", "Or", "Xor", "Not", "IsNaN"};
    return std::find(names.begin(), names.end(), op) != names.end();
}

}  // namespace

std::shared_ptr<const Program> Program::compile(const PointwiseProgram& source, const simd::IsaFamily& family) {
    auto program = std::make_shared<Program>();
    program->table_ = family.isa == Isa::Avx2 ? opsAvx2 : opsAvx512;
    program->inputs_ = static_cast<int>(source.inputCount);
    // Where each operand of the source lives; temps are given out once all steps and last uses are known.
    std::vector<Operand> operands;
    for (uint32_t i = 0; i < source.inputCount; ++i) operands.push_back({Where::Input, static_cast<uint16_t>(i)});
    int values = 0;
    for (const PointwiseProgram::Instruction& in : source.code) {
        const bool truth = in.dtype == DType::Bool && isTruth(in.op);
        if (in.dtype != DType::F32 && !truth) return nullptr;
        for (uint32_t a : in.args) {
            if (a >= operands.size()) return nullptr;
        }
        const auto param = [&](size_t i, double fallback) {
            return static_cast<float>(i < in.params.size() ? in.params[i] : fallback);
        };
        if (in.op == "Const") {
            operands.push_back({Where::Constant, static_cast<uint16_t>(program->constants_.size())});
            program->constants_.push_back(param(0, 0));
            continue;
        }
        const auto operand = [&](size_t i) { return operands[in.args[i]]; };
        const auto isConstant = [&](size_t i, float value) {
            return operand(i).where == Where::Constant && program->constants_[operand(i).index] == value;
        };
        Step step;
        step.p0 = param(0, 0);
        step.p1 = param(1, 0);
        step.argCount = static_cast<uint8_t>(in.args.size());
        if (in.args.size() > 3) return nullptr;
        for (size_t i = 0; i < in.args.size(); ++i) step.args[i] = operand(i);
        double cost = kCheap;
        if (in.op == "Greater" || in.op == "GreaterOrEqual") {
            if (in.args.size() != 2) return nullptr;
            step.op = in.op == "Greater" ? Op::Less : Op::LessOrEqual;
            std::swap(step.args[0], step.args[1]);
        } else if (in.op == "Pow") {
            if (in.args.size() != 2) return nullptr;
            if (isConstant(1, 2)) {
                step.op = Op::Mul;
                step.args[1] = step.args[0];
            } else if (isConstant(1, 0.5f)) {
                step.op = Op::Sqrt;
                step.argCount = 1;
                cost = 0.2;
            } else if (isConstant(1, 1)) {
                step.op = Op::Copy;
                step.argCount = 1;
            } else {
                step.scalar = powEach;
                cost = 15;
            }
        } else if (const auto rule = rules().find(in.op); rule != rules().end()) {
            if (static_cast<int>(in.args.size()) != rule->second.args) return nullptr;
            step.op = rule->second.op;
            cost = rule->second.cost;
            if (step.op == Op::Gelu && param(0, 0) != 0) step.op = Op::GeluTanh;
        } else if (const auto f = libraryFunctions().find(in.op); f != libraryFunctions().end()) {
            if (in.args.size() != 1) return nullptr;
            step.scalar = f->second;
            cost = 10;
        } else {
            return nullptr;
        }
        program->cost_ += family.isa == Isa::Avx2 ? cost * 1.7 : cost;
        step.out = {Where::Temp, static_cast<uint16_t>(values)};
        operands.push_back({Where::Temp, static_cast<uint16_t>(values)});
        ++values;
        program->steps_.push_back(step);
    }

    std::vector<Step>& steps = program->steps_;
    // A result goes straight to its output when no later step reads an input: the output may lie on one.
    std::vector<int> outputOf(static_cast<size_t>(values), -1);
    for (size_t o = 0; o < source.outputs.size(); ++o) {
        if (source.outputs[o] >= operands.size()) return nullptr;
        const Operand from = operands[source.outputs[o]];
        bool direct = from.where == Where::Temp && outputOf[from.index] < 0;
        for (size_t s = direct ? from.index + 1u : steps.size(); direct && s < steps.size(); ++s) {
            for (int a = 0; a < steps[s].argCount; ++a) direct = direct && steps[s].args[a].where != Where::Input;
        }
        const Operand out{Where::Output, static_cast<uint16_t>(o)};
        program->outputs_.push_back(out);
        if (direct) {
            outputOf[from.index] = static_cast<int>(o);
        } else {
            Step copy;
            copy.args[0] = from;
            copy.argCount = 1;
            copy.out = out;
            steps.push_back(copy);
        }
    }
    std::vector<size_t> lastUse(static_cast<size_t>(values), 0);
    for (size_t s = 0; s < steps.size(); ++s) {
        for (int a = 0; a < steps[s].argCount; ++a) {
            if (steps[s].args[a].where == Where::Temp) lastUse[steps[s].args[a].index] = s;
        }
    }
    std::vector<uint16_t> place(static_cast<size_t>(values), 0);
    std::vector<uint16_t> free;
    for (size_t s = 0; s < steps.size(); ++s) {
        Step& step = steps[s];
        std::vector<uint16_t> dying;
        for (int a = 0; a < step.argCount; ++a) {
            Operand& arg = step.args[a];
            if (arg.where != Where::Temp) continue;
            const uint16_t value = arg.index;
            if (outputOf[value] >= 0) {
                arg = {Where::Output, static_cast<uint16_t>(outputOf[value])};
                continue;
            }
            arg.index = place[value];
            if (lastUse[value] == s) {
                lastUse[value] = steps.size();  // once, though the step may read it twice
                dying.push_back(place[value]);
            }
        }
        // Elementwise: a step may write over an operand that dies in it.
        free.insert(free.end(), dying.begin(), dying.end());
        if (step.out.where != Where::Temp) continue;
        const uint16_t value = step.out.index;
        if (outputOf[value] >= 0) {
            step.out = {Where::Output, static_cast<uint16_t>(outputOf[value])};
            continue;
        }
        if (free.empty()) {
            place[value] = static_cast<uint16_t>(program->temps_++);
        } else {
            place[value] = free.back();
            free.pop_back();
        }
        step.out.index = place[value];
    }
    return program;
}

void Program::run(const float* const* in, const uint8_t* step, float* const* out, int64_t n, float* scratch) const {
    const OpFn* const table = table_();
    for (int64_t at = 0; at < n; at += kStrip) {
        const int64_t count = std::min<int64_t>(kStrip, n - at);
        for (const Step& s : steps_) {
            OpArgs args{};
            args.n = count;
            args.p0 = s.p0;
            args.p1 = s.p1;
            const float* from[3] = {};
            for (int a = 0; a < s.argCount; ++a) {
                const Operand o = s.args[a];
                switch (o.where) {
                    case Where::Input:
                        from[a] = in[o.index] + (step[o.index] ? at : 0);
                        if (!step[o.index]) args.scalars |= 1u << a;
                        break;
                    case Where::Temp: from[a] = scratch + int64_t{o.index} * kStrip; break;
                    case Where::Constant:
                        from[a] = &constants_[o.index];
                        args.scalars |= 1u << a;
                        break;
                    case Where::Output: from[a] = out[o.index] + at; break;
                }
            }
            args.a = from[0];
            args.b = from[1];
            args.c = from[2];
            args.out = s.out.where == Where::Output ? out[s.out.index] + at : scratch + int64_t{s.out.index} * kStrip;
            if (s.scalar != nullptr) {
                s.scalar(args);
            } else {
                table[static_cast<int>(s.op)](args);
            }
        }
    }
}

}  // namespace sinter::pointwise
