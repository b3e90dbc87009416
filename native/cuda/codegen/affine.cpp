#include "cuda/codegen/affine.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sinter::cuda {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool isConstant(const AffineClamp& v) {
    return std::all_of(v.factors.begin(), v.factors.end(), [](double f) { return f == 0; });
}
bool isClamped(const AffineClamp& v) { return v.least != -kInfinity || v.most != kInfinity; }

AffineClamp sum(AffineClamp a, const AffineClamp& b, double sign) {
    for (size_t i = 0; i < a.factors.size(); ++i) a.factors[i] += sign * b.factors[i];
    a.constant += sign * b.constant;
    return a;
}
AffineClamp times(AffineClamp a, double factor) {
    for (double& f : a.factors) f *= factor;
    a.constant *= factor;
    return a;
}

/// The value of an instruction whose operands are `a`; clamped ones are only passed on.
std::optional<AffineClamp> valueOf(const PointwiseProgram::Instruction& i, const std::vector<AffineClamp>& a) {
    if (i.op == "Identity" && a.size() == 1) return a[0];
    if (std::any_of(a.begin(), a.end(), isClamped)) return std::nullopt;
    if (i.op == "Add" && a.size() == 2) return sum(a[0], a[1], 1);
    if (i.op == "Sub" && a.size() == 2) return sum(a[0], a[1], -1);
    if (i.op == "Neg" && a.size() == 1) return times(a[0], -1);
    if (i.op == "Mul" && a.size() == 2 && (isConstant(a[0]) || isConstant(a[1]))) {
        return isConstant(a[0]) ? times(a[1], a[0].constant) : times(a[0], a[1].constant);
    }
    AffineClamp clamped = a.empty() ? AffineClamp{} : a[0];
    if (i.op == "Relu" && a.size() == 1) {
        clamped.least = 0;
        return clamped;
    }
    if (i.op == "Clip" && a.size() == 3 && isConstant(a[1]) && isConstant(a[2]) && a[1].constant <= a[2].constant) {
        clamped.least = a[1].constant;
        clamped.most = a[2].constant;
        return clamped;
    }
    return std::nullopt;
}

}  // namespace

std::optional<AffineClamp> affineClampOf(const PointwiseProgram& program) {
    const size_t inputs = program.empty() ? 1 : program.inputCount;
    const AffineClamp zero{std::vector<double>(inputs, 0.0), 0, -kInfinity, kInfinity};
    std::vector<AffineClamp> values(inputs, zero);
    for (size_t k = 0; k < inputs; ++k) values[k].factors[k] = 1;
    if (program.empty()) return values[0];
    if (program.outputs.size() != 1) return std::nullopt;
    for (const auto& i : program.code) {
        if (i.dtype != DType::F32) return std::nullopt;
        if (i.op == "Const") {
            values.push_back(zero);
            values.back().constant = i.params.empty() ? 0 : static_cast<double>(static_cast<float>(i.params[0]));
            continue;
        }
        std::vector<AffineClamp> operands;
        for (const uint32_t a : i.args) {
            if (a >= values.size()) return std::nullopt;
            operands.push_back(values[a]);
        }
        const auto value = valueOf(i, operands);
        if (!value) return std::nullopt;
        values.push_back(*value);
    }
    if (program.outputs[0] >= values.size()) return std::nullopt;
    const AffineClamp& result = values[program.outputs[0]];
    const bool finite = std::isfinite(result.constant) && std::all_of(result.factors.begin(), result.factors.end(), [](double f) { return std::isfinite(f); });
    return finite ? std::optional(result) : std::nullopt;
}

}  // namespace sinter::cuda
