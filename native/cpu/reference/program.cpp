#include "cpu/reference/program.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/number_formats.h"
#include "cpu/reference/convert.h"
#include "cpu/reference/program_ops.h"

namespace sinter::ref {
namespace {

using Op = Program::Op;

bool isCompare(Op op) { return op >= Op::Equal && op <= Op::GreaterOrEqual; }

/// True when operand types `a` of an operation with result `r` make sense.
bool fits(const OpTraits& traits, DType r, std::span<const DType> a) {
    const bool floats = isFloatType(r);
    for (DType t : a)
        if (!isNumeric(t)) return false;
    if (!isNumeric(r)) return false;
    const auto same = [&](DType t) { return isFloatType(t) == floats; };
    switch (traits.op) {
        case Op::Cast: return true;
        case Op::Const: return true;
        case Op::Where: return isIntType(a[0]) && same(a[1]) && same(a[2]);
        case Op::Pow: return same(a[0]);
        case Op::IsNaN: case Op::IsInf: return isFloatType(a[0]) && !floats;
        default: break;
    }
    if (isCompare(traits.op)) return !floats && isFloatType(a[0]) == isFloatType(a[1]);
    return (floats ? traits.floats : traits.ints) && std::all_of(a.begin(), a.end(), same);
}

int64_t saturate(double x) {
    if (std::isnan(x)) return 0;
    if (x >= 0x1p63) return std::numeric_limits<int64_t>::max();
    if (x <= -0x1p63) return std::numeric_limits<int64_t>::min();
    return static_cast<int64_t>(x);
}

/// A constant of an integer type: values beyond its range mean its limits (Clip without bounds).
int64_t constantInt(DType t, double x) {
    switch (t) {
        case DType::U64: return x <= 0 ? 0 : x >= 0x1p64 ? -1 : static_cast<int64_t>(static_cast<uint64_t>(x));
        case DType::I64: return saturate(x);
        case DType::Bool: return x != 0;
        default: {
            const int bits = storedBits(t);
            const bool isSigned = t == DType::I8 || t == DType::I16 || t == DType::I32 || t == DType::I4 || t == DType::I2;
            const int64_t hi = (int64_t{1} << (isSigned ? bits - 1 : bits)) - 1;
            return std::clamp(saturate(x), isSigned ? -hi - 1 : 0, hi);
        }
    }
}

int64_t divideInt(DType t, int64_t a, int64_t b) {
    if (b == 0) return 0;
    if (t == DType::U64) return static_cast<int64_t>(static_cast<uint64_t>(a) / static_cast<uint64_t>(b));
    return b == -1 ? static_cast<int64_t>(0 - static_cast<uint64_t>(a)) : a / b;
}

int64_t moduloInt(DType t, int64_t a, int64_t b, bool fmod) {
    if (b == 0) return 0;
    if (t == DType::U64) return static_cast<int64_t>(static_cast<uint64_t>(a) % static_cast<uint64_t>(b));
    if (b == -1) return 0;
    const int64_t r = a % b;
    return !fmod && r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

double moduloFloat(double a, double b, bool fmod) {
    const double r = std::fmod(a, b);
    return !fmod && r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

int64_t powerInt(int64_t base, int64_t exponent) {
    if (exponent < 0) {
        if (base == 1) return 1;
        if (base == -1) return exponent % 2 == 0 ? 1 : -1;
        return 0;
    }
    uint64_t result = 1, b = static_cast<uint64_t>(base);
    for (; exponent != 0; exponent >>= 1, b *= b)
        if (exponent & 1) result *= b;
    return static_cast<int64_t>(result);
}

double minFloat(double a, double b) { return std::isnan(a) ? a : std::isnan(b) ? b : b < a ? b : a; }
double maxFloat(double a, double b) { return std::isnan(a) ? a : std::isnan(b) ? b : a < b ? b : a; }
bool lessInt(DType t, int64_t a, int64_t b) {
    return t == DType::U64 ? static_cast<uint64_t>(a) < static_cast<uint64_t>(b) : a < b;
}

template <typename T, typename R, typename F>
void each(int64_t n, const T* a, R* out, F f) {
    for (int64_t i = 0; i < n; ++i) out[i] = f(a[i]);
}
template <typename T, typename R, typename F>
void each(int64_t n, const T* a, const T* b, R* out, F f) {
    for (int64_t i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
}

}  // namespace

bool Program::supports(const PointwiseProgram& p, std::span<const DType> inputs, std::span<const DType> outputs) {
    if (p.inputCount != inputs.size() || p.outputs.size() != outputs.size()) return false;
    std::vector<DType> types(inputs.begin(), inputs.end());
    for (DType t : types)
        if (!isNumeric(t)) return false;
    for (const auto& i : p.code) {
        const auto traits = findOp(i.op);
        if (!traits || traits->args != static_cast<int>(i.args.size())) return false;
        if (traits->op == Op::Const && i.params.empty()) return false;
        std::vector<DType> a;
        for (uint32_t arg : i.args) {
            if (arg >= types.size()) return false;
            a.push_back(types[arg]);
        }
        if (!fits(*traits, i.dtype, a)) return false;
        types.push_back(i.dtype);
    }
    for (size_t k = 0; k < outputs.size(); ++k) {
        if (p.outputs[k] >= types.size()) return false;
        if (isFloatType(types[p.outputs[k]]) != isFloatType(outputs[k])) return false;
        if (!isNumeric(outputs[k])) return false;
    }
    return true;
}

Program::Program(const PointwiseProgram& p, std::span<const DType> inputs)
    : inputCount_(p.inputCount), types_(inputs.begin(), inputs.end()), outputs_(p.outputs) {
    for (const auto& i : p.code) {
        steps_.push_back({findOp(i.op)->op, i.dtype, i.args, i.params});
        types_.push_back(i.dtype);
    }
}

Program::Registers::Registers(const Program& p)
    : floats_(p.types_.size() * kTile), ints_(p.types_.size() * kTile) {}

void Program::run(Registers& r, int64_t n) const {
    uint32_t to = inputCount_;
    for (const Step& s : steps_) step(s, to++, r, n);
}

void Program::step(const Step& s, uint32_t to, Registers& r, int64_t n) const {
    const bool floats = isFloatType(s.type);
    switch (s.op) {
        case Op::Const: {
            const double v = s.params[0];
            if (floats) std::fill_n(r.floats(to), n, roundTo(s.type, v));
            else std::fill_n(r.ints(to), n, constantInt(s.type, v));
            return;
        }
        case Op::Cast: return castStep(s, to, r, n);
        case Op::Pow: return powStep(s, to, r, n);
        case Op::IsNaN: return each(n, r.floats(s.args[0]), r.ints(to), [](double x) -> int64_t { return std::isnan(x); });
        case Op::IsInf: {
            const bool negative = s.param(0, 1) != 0, positive = s.param(1, 1) != 0;
            return each(n, r.floats(s.args[0]), r.ints(to),
                        [=](double x) -> int64_t { return std::isinf(x) && (x < 0 ? negative : positive); });
        }
        case Op::Where: {
            const int64_t* c = r.ints(s.args[0]);
            if (floats) {
                const double *a = r.floats(s.args[1]), *b = r.floats(s.args[2]);
                double* out = r.floats(to);
                for (int64_t i = 0; i < n; ++i) out[i] = c[i] ? a[i] : b[i];
            } else {
                const int64_t *a = r.ints(s.args[1]), *b = r.ints(s.args[2]);
                int64_t* out = r.ints(to);
                for (int64_t i = 0; i < n; ++i) out[i] = c[i] ? a[i] : b[i];
            }
            return;
        }
        default: break;
    }
    if (isCompare(s.op)) return compareStep(s, to, r, n);
    if (floats) {
        floatStep(s, to, r, n);
        if (s.type != DType::F64) {
            double* out = r.floats(to);
            for (int64_t i = 0; i < n; ++i) out[i] = static_cast<double>(static_cast<float>(out[i]));
        }
    } else {
        intStep(s, to, r, n);
        if (s.type != DType::I64 && s.type != DType::U64) {
            int64_t* out = r.ints(to);
            for (int64_t i = 0; i < n; ++i) out[i] = wrapTo(s.type, out[i]);
        }
    }
}

void Program::floatStep(const Step& s, uint32_t to, Registers& r, int64_t n) const {
    const double* a = r.floats(s.args[0]);
    double* out = r.floats(to);
    if (s.op == Op::Clip) {
        const double *lo = r.floats(s.args[1]), *hi = r.floats(s.args[2]);
        for (int64_t i = 0; i < n; ++i) {
            const double x = a[i] < lo[i] ? lo[i] : a[i];
            out[i] = x > hi[i] ? hi[i] : x;
        }
        return;
    }
    if (s.args.size() == 1) {
        const double p0 = s.param(0, 0), p1 = s.param(1, 0);
        switch (s.op) {
            case Op::Identity: std::copy_n(a, n, out); return;
            case Op::Relu: return each(n, a, out, [](double x) { return x < 0 ? 0.0 : x; });
            default: return each(n, a, out, [&](double x) { return unaryFloat(s.op, x, p0, p1); });
        }
    }
    const double* b = r.floats(s.args[1]);
    switch (s.op) {
        case Op::Add: return each(n, a, b, out, [](double x, double y) { return x + y; });
        case Op::Sub: return each(n, a, b, out, [](double x, double y) { return x - y; });
        case Op::Mul: return each(n, a, b, out, [](double x, double y) { return x * y; });
        case Op::Div: return each(n, a, b, out, [](double x, double y) { return x / y; });
        case Op::Min: return each(n, a, b, out, minFloat);
        case Op::Max: return each(n, a, b, out, maxFloat);
        case Op::PRelu: return each(n, a, b, out, [](double x, double y) { return x < 0 ? x * y : x; });
        case Op::Mod: {
            const bool fmod = s.param(0, 0) != 0;
            return each(n, a, b, out, [=](double x, double y) { return moduloFloat(x, y, fmod); });
        }
        default: return;
    }
}

void Program::intStep(const Step& s, uint32_t to, Registers& r, int64_t n) const {
    using U = uint64_t;
    const DType t = s.type;
    const int64_t* a = r.ints(s.args[0]);
    int64_t* out = r.ints(to);
    if (s.op == Op::Clip) {
        const int64_t *lo = r.ints(s.args[1]), *hi = r.ints(s.args[2]);
        for (int64_t i = 0; i < n; ++i) {
            const int64_t x = lessInt(t, a[i], lo[i]) ? lo[i] : a[i];
            out[i] = lessInt(t, hi[i], x) ? hi[i] : x;
        }
        return;
    }
    const bool isUnsigned = t == DType::U64;
    if (s.args.size() == 1) switch (s.op) {
            case Op::Identity: std::copy_n(a, n, out); return;
            case Op::Abs: return each(n, a, out, [=](int64_t x) { return x < 0 && !isUnsigned ? static_cast<int64_t>(U{0} - static_cast<U>(x)) : x; });
            case Op::Neg: return each(n, a, out, [](int64_t x) { return static_cast<int64_t>(U{0} - static_cast<U>(x)); });
            case Op::Sign: return each(n, a, out, [=](int64_t x) -> int64_t { return isUnsigned ? x != 0 : (x > 0) - (x < 0); });
            case Op::Relu: return each(n, a, out, [=](int64_t x) { return x < 0 && !isUnsigned ? 0 : x; });
            case Op::Not: return each(n, a, out, [](int64_t x) -> int64_t { return x == 0; });
            case Op::BitwiseNot: return each(n, a, out, [](int64_t x) { return ~x; });
            case Op::Shrink: {
                const double lambd = s.param(0, 0.5), bias = s.param(1, 0);
                return each(n, a, out, [=](int64_t v) {
                    const auto x = static_cast<double>(v);
                    return x < -lambd ? saturate(x + bias) : x > lambd ? saturate(x - bias) : 0;
                });
            }
            default: return;
        }
    const int64_t* b = r.ints(s.args[1]);
    switch (s.op) {
        case Op::Add: return each(n, a, b, out, [](int64_t x, int64_t y) { return static_cast<int64_t>(static_cast<U>(x) + static_cast<U>(y)); });
        case Op::Sub: return each(n, a, b, out, [](int64_t x, int64_t y) { return static_cast<int64_t>(static_cast<U>(x) - static_cast<U>(y)); });
        case Op::Mul: return each(n, a, b, out, [](int64_t x, int64_t y) { return static_cast<int64_t>(static_cast<U>(x) * static_cast<U>(y)); });
        case Op::Div: return each(n, a, b, out, [=](int64_t x, int64_t y) { return divideInt(t, x, y); });
        case Op::Mod: {
            const bool fmod = s.param(0, 0) != 0;
            return each(n, a, b, out, [=](int64_t x, int64_t y) { return moduloInt(t, x, y, fmod); });
        }
        case Op::Min: return each(n, a, b, out, [=](int64_t x, int64_t y) { return lessInt(t, y, x) ? y : x; });
        case Op::Max: return each(n, a, b, out, [=](int64_t x, int64_t y) { return lessInt(t, x, y) ? y : x; });
        case Op::PRelu:
            return each(n, a, b, out, [=](int64_t x, int64_t y) {
                return x < 0 && !isUnsigned ? static_cast<int64_t>(static_cast<U>(x) * static_cast<U>(y)) : x;
            });
        case Op::And: return each(n, a, b, out, [](int64_t x, int64_t y) -> int64_t { return x && y; });
        case Op::Or: return each(n, a, b, out, [](int64_t x, int64_t y) -> int64_t { return x || y; });
        case Op::Xor: return each(n, a, b, out, [](int64_t x, int64_t y) -> int64_t { return (x != 0) != (y != 0); });
        case Op::BitwiseAnd: return each(n, a, b, out, [](int64_t x, int64_t y) { return x & y; });
        case Op::BitwiseOr: return each(n, a, b, out, [](int64_t x, int64_t y) { return x | y; });
        case Op::BitwiseXor: return each(n, a, b, out, [](int64_t x, int64_t y) { return x ^ y; });
        case Op::BitShift: {
            const bool left = s.param(0, 0) != 0;
            const int bits = storedBits(t);
            return each(n, a, b, out, [=](int64_t x, int64_t y) -> int64_t {
                const bool extends = !left && !isUnsigned;  // a signed number keeps its sign on the way to the right
                if (static_cast<U>(y) >= static_cast<U>(bits)) return extends && x < 0 ? -1 : 0;
                if (extends) return x >> y;
                return static_cast<int64_t>(left ? static_cast<U>(x) << y : static_cast<U>(x) >> y);
            });
        }
        default: return;
    }
}

void Program::compareStep(const Step& s, uint32_t to, Registers& r, int64_t n) const {
    int64_t* out = r.ints(to);
    const DType t = types_[s.args[0]];
    if (isFloatType(t)) {
        const double *a = r.floats(s.args[0]), *b = r.floats(s.args[1]);
        switch (s.op) {
            case Op::Equal: return each(n, a, b, out, [](double x, double y) -> int64_t { return x == y; });
            case Op::Less: return each(n, a, b, out, [](double x, double y) -> int64_t { return x < y; });
            case Op::LessOrEqual: return each(n, a, b, out, [](double x, double y) -> int64_t { return x <= y; });
            case Op::Greater: return each(n, a, b, out, [](double x, double y) -> int64_t { return x > y; });
            default: return each(n, a, b, out, [](double x, double y) -> int64_t { return x >= y; });
        }
    }
    const int64_t *a = r.ints(s.args[0]), *b = r.ints(s.args[1]);
    switch (s.op) {
        case Op::Equal: return each(n, a, b, out, [](int64_t x, int64_t y) -> int64_t { return x == y; });
        case Op::Less: return each(n, a, b, out, [=](int64_t x, int64_t y) -> int64_t { return lessInt(t, x, y); });
        case Op::LessOrEqual: return each(n, a, b, out, [=](int64_t x, int64_t y) -> int64_t { return !lessInt(t, y, x); });
        case Op::Greater: return each(n, a, b, out, [=](int64_t x, int64_t y) -> int64_t { return lessInt(t, y, x); });
        default: return each(n, a, b, out, [=](int64_t x, int64_t y) -> int64_t { return !lessInt(t, x, y); });
    }
}

double Program::castFloat(const Step& s, double x) {
    // ONNX Cast: 8-bit floats saturate unless told not to; a power of two is found as round_mode says.
    if (s.param(0, 1) != 0) x = saturateFloat(s.type, x);
    if (s.type != DType::F8E8M0) return roundTo(s.type, x);
    return decodeFloat(s.type, encodeFloat(s.type, x, static_cast<PowerRounding>(s.param(1, 0))));
}

void Program::castStep(const Step& s, uint32_t to, Registers& r, int64_t n) const {
    const DType from = types_[s.args[0]], type = s.type;
    if (isFloatType(from)) {
        const double* a = r.floats(s.args[0]);
        if (isFloatType(type)) {
            if (from == type) std::copy_n(a, n, r.floats(to));
            else each(n, a, r.floats(to), [&](double x) { return castFloat(s, x); });
        } else {
            each(n, a, r.ints(to), [=](double x) { return floatToInt(type, x); });
        }
        return;
    }
    const int64_t* a = r.ints(s.args[0]);
    if (isIntType(type)) return each(n, a, r.ints(to), [=](int64_t x) { return wrapTo(type, x); });
    // Straight to the target's precision: through float64 a large int64 would be rounded twice.
    const bool isUnsigned = from == DType::U64;
    each(n, a, r.floats(to), [=](int64_t x) -> double {
        if (type == DType::F32) return isUnsigned ? static_cast<float>(static_cast<uint64_t>(x)) : static_cast<float>(x);
        return castFloat(s, isUnsigned ? static_cast<double>(static_cast<uint64_t>(x)) : static_cast<double>(x));
    });
}

void Program::powStep(const Step& s, uint32_t to, Registers& r, int64_t n) const {
    const DType base = types_[s.args[0]], exponent = types_[s.args[1]];
    std::array<double, kTile> e;
    for (int64_t i = 0; i < n; ++i)
        e[static_cast<size_t>(i)] = isFloatType(exponent) ? r.floats(s.args[1])[i] : static_cast<double>(r.ints(s.args[1])[i]);
    if (isFloatType(base)) {
        const double* a = r.floats(s.args[0]);
        double* out = r.floats(to);
        for (int64_t i = 0; i < n; ++i) out[i] = std::pow(a[i], e[static_cast<size_t>(i)]);
        if (s.type != DType::F64)
            for (int64_t i = 0; i < n; ++i) out[i] = static_cast<double>(static_cast<float>(out[i]));
        return;
    }
    const int64_t* a = r.ints(s.args[0]);
    int64_t* out = r.ints(to);
    for (int64_t i = 0; i < n; ++i) {
        if (isIntType(exponent)) out[i] = wrapTo(s.type, powerInt(a[i], r.ints(s.args[1])[i]));
        else out[i] = floatToInt(s.type, std::pow(static_cast<double>(a[i]), e[static_cast<size_t>(i)]));
    }
}

}  // namespace sinter::ref
