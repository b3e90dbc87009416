#pragma once
// What resolvers read from the inputs of a layer that is decided when it runs.
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "core/resolver.h"
#include "cpu/reference/convert.h"
#include "cpu/reference/strided.h"

namespace sinter::resolve {

using Inputs = std::span<const TensorView>;
using Dims = std::vector<int64_t>;

inline bool given(Inputs in, size_t i) { return i < in.size() && in[i].present(); }

/// Elements of an integer (or whole-valued floating) input.
inline Dims ints(Inputs in, size_t i) {
    if (!given(in, i)) throw std::runtime_error("input " + std::to_string(i) + ", which decides its shape, is missing");
    Dims out(static_cast<size_t>(in[i].count()));
    if (!ref::isFloatType(in[i].dtype)) {
        ref::loadDense(in[i], out.data());
        return out;
    }
    std::vector<double> wide(out.size());
    ref::loadDense(in[i], wide.data());
    std::transform(wide.begin(), wide.end(), out.begin(), [](double v) { return static_cast<int64_t>(v); });
    return out;
}

inline std::vector<double> floats(Inputs in, size_t i) {
    if (!given(in, i)) throw std::runtime_error("input " + std::to_string(i) + ", which decides its shape, is missing");
    std::vector<double> out(static_cast<size_t>(in[i].count()));
    if (ref::isFloatType(in[i].dtype)) {
        ref::loadDense(in[i], out.data());
        return out;
    }
    const Dims whole = ints(in, i);
    std::transform(whole.begin(), whole.end(), out.begin(), [](int64_t v) { return static_cast<double>(v); });
    return out;
}

/// The one element of a scalar input.
inline int64_t one(Inputs in, size_t i) {
    if (given(in, i) && in[i].count() != 1) throw std::runtime_error("input " + std::to_string(i) + " has " + std::to_string(in[i].count()) + " elements instead of one");
    return ints(in, i)[0];
}

/// The same as a real number.
inline double oneFloat(Inputs in, size_t i) {
    if (given(in, i) && in[i].count() != 1) throw std::runtime_error("input " + std::to_string(i) + " has " + std::to_string(in[i].count()) + " elements instead of one");
    return floats(in, i)[0];
}

inline size_t axisAt(int64_t axis, size_t rank) {
    const int64_t a = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
    if (a < 0 || a >= static_cast<int64_t>(rank)) throw std::runtime_error("axis " + std::to_string(axis) + " is outside a tensor of rank " + std::to_string(rank));
    return static_cast<size_t>(a);
}

inline Dims dimsOf(const TensorView& v) { return {v.dims.begin(), v.dims.begin() + v.rank}; }

inline void setAttr(LayerDesc& d, std::string key, AttrValue value) {
    std::erase_if(d.attrs, [&](const auto& a) { return a.first == key; });
    d.attrs.emplace_back(std::move(key), std::move(value));
}

/// The layer with only the first `count` of its own inputs; what its program reads stays.
inline ResolvedLayer keeping(LayerDesc d, size_t count) {
    ResolvedLayer r;
    for (size_t i = 0; i < d.inputs.size(); ++i) {
        if (i < count || i >= d.opInputs) r.inputs.push_back(i);
    }
    std::vector<TensorInfo> kept;
    for (const size_t i : r.inputs) kept.push_back(d.inputs[i]);
    d.inputs = std::move(kept);
    d.opInputs = static_cast<uint32_t>(std::min<size_t>(count, d.opInputs));
    r.layer = std::move(d);
    return r;
}

}  // namespace sinter::resolve
