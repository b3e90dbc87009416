#include "core/profile_choice.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace sinter {
namespace {

bool inRange(const schema::Profile& p, size_t symbol, int64_t v) {
    return symbol >= p.ranges.size() || (v >= p.ranges[symbol].min && v <= p.ranges[symbol].max);
}

bool fits(const schema::Profile& p, const SymbolValues& values) {
    for (size_t i = 0; i < values.size(); ++i) {
        if (values[i] && !inRange(p, i, *values[i])) return false;
    }
    return true;
}

double distance(const schema::Profile& p, const SymbolValues& values) {
    double sum = 0;
    for (size_t i = 0; i < values.size() && i < p.ranges.size(); ++i) {
        if (!values[i]) continue;
        const auto at = [](int64_t v) { return std::log(static_cast<double>(std::max<int64_t>(v, 1))); };
        sum += std::abs(at(*values[i]) - at(p.ranges[i].opt));
    }
    return sum;
}

std::string rangeText(const schema::Range& r) {
    return r.min == r.max ? std::to_string(r.min) : std::to_string(r.min) + " to " + std::to_string(r.max);
}

/// "4 to 64", or "4 to 64 in profile 0, 65 to 128 in profile 1".
std::string allowedText(const schema::Engine& e, size_t symbol, size_t from, size_t to) {
    std::string text;
    for (size_t p = from; p < to; ++p) {
        if (symbol >= e.profiles[p].ranges.size()) continue;
        if (!text.empty()) text += ", ";
        text += rangeText(e.profiles[p].ranges[symbol]);
        if (e.profiles.size() > 1) text += " in profile " + std::to_string(p);
    }
    return text;
}

/// Names the first dimension that none of the profiles from … to-1 allows.
[[noreturn]] void refuse(const schema::Engine& e, std::span<const std::vector<int64_t>> shapes, const SymbolValues& values, size_t from, size_t to) {
    for (size_t i = 0; i < e.inputs.size(); ++i) {
        const auto& declared = e.values[e.inputs[i].value].shape;
        for (size_t k = 0; k < declared.size(); ++k) {
            if (declared[k].kind != schema::DimExpr::Kind::Symbol) continue;
            const auto symbol = static_cast<size_t>(declared[k].value);
            if (symbol >= values.size() || !values[symbol]) continue;
            bool allowed = false;
            for (size_t p = from; p < to; ++p) allowed = allowed || inRange(e.profiles[p], symbol, *values[symbol]);
            if (allowed) continue;
            throw Error(ErrorCode::Shape, "input \"" + e.inputs[i].name + "\" is " + shapeText(shapes[i]) + ": its dimension " + std::to_string(k) + " (\"" +
                                              e.symbols[symbol] + "\") is " + std::to_string(*values[symbol]) + ", the engine was built for " +
                                              allowedText(e, symbol, from, to));
        }
    }
    std::string given;
    for (size_t i = 0; i < shapes.size(); ++i) given += (i ? ", \"" : "\"") + e.inputs[i].name + "\" " + shapeText(shapes[i]);
    throw Error(ErrorCode::Shape, "no optimization profile of the engine takes these sizes together: " + given);
}

}  // namespace

size_t chooseProfile(const schema::Engine& e, std::span<const std::vector<int64_t>> shapes, const SymbolValues& values, int wanted) {
    const size_t count = std::max<size_t>(1, e.profiles.size());
    if (wanted != kAnyProfile) {
        const auto at = static_cast<size_t>(wanted);
        if (wanted < 0 || at >= count) {
            throw Error(ErrorCode::Argument, "there is no optimization profile " + std::to_string(wanted) + ", the engine has " + std::to_string(count));
        }
        if (at < e.profiles.size() && !fits(e.profiles[at], values)) refuse(e, shapes, values, at, at + 1);
        return at;
    }
    if (e.profiles.empty()) return 0;
    size_t best = count;
    for (size_t p = 0; p < count; ++p) {
        if (fits(e.profiles[p], values) && (best == count || distance(e.profiles[p], values) < distance(e.profiles[best], values))) best = p;
    }
    if (best == count) refuse(e, shapes, values, 0, count);
    return best;
}

SymbolValues symbolsAtOpt(const schema::Engine& e, size_t profile) {
    SymbolValues values(e.symbols.size(), 1);
    if (profile >= e.profiles.size()) return values;
    const auto& ranges = e.profiles[profile].ranges;
    for (size_t i = 0; i < values.size() && i < ranges.size(); ++i) values[i] = ranges[i].opt;
    return values;
}

std::vector<SymbolValues> profileCorners(const schema::Engine& e, size_t profile) {
    std::vector<SymbolValues> corners{symbolsAtOpt(e, profile)};
    if (profile >= e.profiles.size()) return corners;
    const auto& ranges = e.profiles[profile].ranges;
    // A dimension that the run decides has no end: its assumed size stands for all.
    constexpr int64_t kEndless = int64_t{1} << 40;
    for (const bool least : {true, false}) {
        SymbolValues at = corners.front();
        for (size_t i = 0; i < at.size() && i < ranges.size(); ++i) {
            if (ranges[i].max < kEndless) at[i] = least ? ranges[i].min : ranges[i].max;
        }
        if (std::find(corners.begin(), corners.end(), at) == corners.end()) corners.push_back(std::move(at));
    }
    return corners;
}

}  // namespace sinter
