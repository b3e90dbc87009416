#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/schema.h"

namespace sinter {

/// Values of the symbols by index; empty = not known.
using SymbolValues = std::vector<std::optional<int64_t>>;

/// Value of an expression. Throws Error(Shape) on an unbound symbol, a division by zero or an overflow.
int64_t evaluateDim(const schema::DimExpr& d, const SymbolValues& values, std::span<const std::string> names);

/// Whether the values bind every symbol of the expression.
bool evaluable(const schema::DimExpr& d, const SymbolValues& values);

/// Evaluates a shape; every dimension must lie in 0 … 2^40 and the element count in 2^48, or Error(Shape).
std::vector<int64_t> evaluateShape(std::span<const schema::DimExpr> shape, const SymbolValues& values,
                                   std::span<const std::string> names);

std::string dimText(const schema::DimExpr& d, std::span<const std::string> names);
std::string shapeText(std::span<const schema::DimExpr> shape, std::span<const std::string> names);
std::string shapeText(std::span<const int64_t> shape);

/// Binds symbols from the shapes of the engine's inputs, in binding order, and checks them against the declared shapes.
/// Throws Error(Shape) that names the input, what it got and what it takes. Whether a profile allows the sizes is for
/// chooseProfile() to say.
SymbolValues bindSymbols(const schema::Engine& engine, std::span<const std::vector<int64_t>> inputShapes);

}  // namespace sinter
