#include "core/dim.h"

#include <algorithm>

#include "core/error.h"

namespace sinter {
namespace {

using Kind = schema::DimExpr::Kind;

[[noreturn]] void fail(const std::string& message) { throw Error(ErrorCode::Shape, message); }

int64_t floorDiv(int64_t a, int64_t b) {
    const int64_t q = a / b;
    return q - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

std::string symbolName(int64_t index, std::span<const std::string> names) {
    if (index >= 0 && static_cast<size_t>(index) < names.size()) return names[static_cast<size_t>(index)];
    return "#" + std::to_string(index);
}

int64_t combine(Kind kind, int64_t a, int64_t b) {
    int64_t r = 0;
    switch (kind) {
        case Kind::Add:
            if (__builtin_add_overflow(a, b, &r)) fail("a dimension overflows");
            return r;
        case Kind::Mul:
            if (__builtin_mul_overflow(a, b, &r)) fail("a dimension overflows");
            return r;
        case Kind::FloorDiv:
        case Kind::CeilDiv:
            if (b == 0) fail("a dimension divides by zero");
            if (a == INT64_MIN || b == INT64_MIN) fail("a dimension overflows");
            return kind == Kind::FloorDiv ? floorDiv(a, b) : -floorDiv(-a, b);
        case Kind::Min: return std::min(a, b);
        case Kind::Max: return std::max(a, b);
        default: break;
    }
    fail("a dimension expression is malformed");
}

}  // namespace

int64_t evaluateDim(const schema::DimExpr& d, const SymbolValues& values, std::span<const std::string> names) {
    if (d.kind == Kind::Constant) return d.value;
    if (d.kind == Kind::Symbol) {
        if (d.value >= 0 && static_cast<size_t>(d.value) < values.size() && values[static_cast<size_t>(d.value)]) {
            return *values[static_cast<size_t>(d.value)];
        }
        fail("dimension \"" + symbolName(d.value, names) + "\" has no value");
    }
    const bool division = d.kind == Kind::FloorDiv || d.kind == Kind::CeilDiv;
    if (d.args.empty() || (division && d.args.size() != 2)) fail("a dimension expression is malformed");
    int64_t result = evaluateDim(d.args[0], values, names);
    for (size_t i = 1; i < d.args.size(); ++i) result = combine(d.kind, result, evaluateDim(d.args[i], values, names));
    return result;
}

bool evaluable(const schema::DimExpr& d, const SymbolValues& values) {
    if (d.kind == schema::DimExpr::Kind::Symbol) return static_cast<size_t>(d.value) < values.size() && values[static_cast<size_t>(d.value)].has_value();
    return std::all_of(d.args.begin(), d.args.end(), [&](const schema::DimExpr& a) { return evaluable(a, values); });
}

std::vector<int64_t> evaluateShape(std::span<const schema::DimExpr> shape, const SymbolValues& values,
                                   std::span<const std::string> names) {
    if (shape.size() > static_cast<size_t>(kMaxRank)) {
        fail("a tensor has " + std::to_string(shape.size()) + " dimensions, at most " + std::to_string(kMaxRank) + " can run");
    }
    std::vector<int64_t> dims;
    dims.reserve(shape.size());
    int64_t count = 1;
    for (const schema::DimExpr& d : shape) {
        const int64_t v = evaluateDim(d, values, names);
        if (v < 0 || v > int64_t{1} << 40) {
            fail("dimension " + dimText(d, names) + " is " + std::to_string(v) + ", which no tensor can have");
        }
        dims.push_back(v);
        if (v != 0 && count > (int64_t{1} << 48) / v) fail("a tensor of " + shapeText(dims) + " is too large");
        count *= std::max<int64_t>(v, 1);
    }
    return dims;
}

std::string dimText(const schema::DimExpr& d, std::span<const std::string> names) {
    if (d.kind == Kind::Constant) return std::to_string(d.value);
    if (d.kind == Kind::Symbol) return symbolName(d.value, names);
    static constexpr const char* kOps[] = {"", "", " + ", "*", " / ", " / ", ", ", ", "};
    static constexpr const char* kNames[] = {"", "", "", "", "floor", "ceil", "min", "max"};
    std::string text;
    for (const schema::DimExpr& a : d.args) {
        if (!text.empty()) text += kOps[static_cast<int>(d.kind)];
        text += dimText(a, names);
    }
    return kNames[static_cast<int>(d.kind)] + ("(" + text + ")");
}

std::string shapeText(std::span<const schema::DimExpr> shape, std::span<const std::string> names) {
    if (shape.empty()) return "scalar";
    std::string text;
    for (const schema::DimExpr& d : shape) text += (text.empty() ? "" : "×") + dimText(d, names);
    return text;
}

std::string shapeText(std::span<const int64_t> shape) {
    if (shape.empty()) return "scalar";
    std::string text;
    for (const int64_t d : shape) text += (text.empty() ? "" : "×") + std::to_string(d);
    return text;
}

SymbolValues bindSymbols(const schema::Engine& engine, std::span<const std::vector<int64_t>> inputShapes) {
    SymbolValues values(engine.symbols.size());
    const auto refuse = [&](size_t i) {
        const schema::Binding& b = engine.inputs[i];
        fail("input \"" + b.name + "\" is " + shapeText(inputShapes[i]) + ", the engine takes " +
             shapeText(engine.values[b.value].shape, engine.symbols));
    };
    for (size_t i = 0; i < engine.inputs.size(); ++i) {
        const auto& declared = engine.values[engine.inputs[i].value].shape;
        if (declared.size() != inputShapes[i].size()) refuse(i);
        for (size_t k = 0; k < declared.size(); ++k) {
            const int64_t got = inputShapes[i][k];
            if (got < 0) refuse(i);
            if (declared[k].kind != Kind::Symbol) continue;
            const auto symbol = static_cast<size_t>(declared[k].value);
            if (symbol >= values.size()) fail("input \"" + engine.inputs[i].name + "\" has an unknown symbol in its shape");
            if (values[symbol] && *values[symbol] != got) {
                fail("input \"" + engine.inputs[i].name + "\" is " + shapeText(inputShapes[i]) + ", but dimension \"" +
                     engine.symbols[symbol] + "\" is " + std::to_string(*values[symbol]) + " in another place of the inputs");
            }
            values[symbol] = got;
        }
    }
    for (size_t i = 0; i < engine.inputs.size(); ++i) {
        const auto& declared = engine.values[engine.inputs[i].value].shape;
        for (size_t k = 0; k < declared.size(); ++k) {
            if (evaluateDim(declared[k], values, engine.symbols) != inputShapes[i][k]) refuse(i);
        }
    }
    return values;
}

}  // namespace sinter
