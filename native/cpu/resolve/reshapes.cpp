// Shapes that other layers compute: Reshape, Squeeze, Unsqueeze, Expand, ConstantOfShape, Tile, Range, OneHot.
#include <cmath>

#include "cpu/resolve/contents.h"

namespace sinter::resolve {
namespace {

int64_t product(const Dims& dims) {
    int64_t n = 1;
    for (const int64_t d : dims) n *= d;
    return n;
}

ResolvedLayer copy(LayerDesc d, Dims dims) {
    d.op = "Copy";
    d.attrs.clear();
    d.outputs[0].dims = std::move(dims);
    return keeping(std::move(d), 1);
}

ResolvedLayer reshape(const LayerDesc& d, Inputs in) {
    const Dims x = dimsOf(in[0]);
    Dims dims = ints(in, 1);
    const bool zeroIsZero = d.intAttr("allowzero", 0) != 0;
    int open = -1;
    for (size_t i = 0; i < dims.size(); ++i) {
        if (dims[i] == 0 && !zeroIsZero) {
            if (i >= x.size()) throw std::runtime_error("the shape copies dimension " + std::to_string(i) + ", which the input does not have");
            dims[i] = x[i];
        } else if (dims[i] == -1) {
            if (open >= 0) throw std::runtime_error("the shape leaves two dimensions open");
            open = static_cast<int>(i);
        }
    }
    if (open >= 0) {
        dims[static_cast<size_t>(open)] = 1;
        const int64_t rest = product(dims), all = product(x);
        if (rest == 0 ? all != 0 : all % rest != 0) throw std::runtime_error("the shape does not divide the input's elements");
        dims[static_cast<size_t>(open)] = rest == 0 ? 0 : all / rest;
    }
    if (product(dims) != product(x)) throw std::runtime_error("the shape has another number of elements than the input");
    return copy(d, std::move(dims));
}

ResolvedLayer squeeze(const LayerDesc& d, Inputs in) {
    Dims dims = dimsOf(in[0]);
    std::vector<bool> drop(dims.size(), false);
    if (given(in, 1)) {
        for (const int64_t a : ints(in, 1)) drop[axisAt(a, dims.size())] = true;
    } else {
        for (size_t i = 0; i < dims.size(); ++i) drop[i] = dims[i] == 1;
    }
    Dims left;
    for (size_t i = 0; i < dims.size(); ++i) {
        if (!drop[i]) left.push_back(dims[i]);
    }
    if (product(left) != product(dims)) throw std::runtime_error("it squeezes a dimension that is not 1");
    return copy(d, std::move(left));
}

ResolvedLayer unsqueeze(const LayerDesc& d, Inputs in) {
    const Dims axes = ints(in, 1), x = dimsOf(in[0]);
    Dims dims(x.size() + axes.size(), 0);
    for (const int64_t a : axes) dims[axisAt(a, dims.size())] = 1;
    size_t at = 0;
    for (int64_t& dim : dims) {
        if (dim == 1) continue;
        if (at >= x.size()) throw std::runtime_error("it inserts one axis twice");
        dim = x[at++];
    }
    return copy(d, std::move(dims));
}

/// A program of one instruction.
void program(LayerDesc& d, uint32_t inputs, std::string op, std::vector<uint32_t> args, std::vector<double> params) {
    d.op = "Pointwise";
    d.attrs.clear();
    d.program = {};
    d.program.inputCount = inputs;
    d.program.code.push_back({std::move(op), std::move(args), d.outputs[0].dtype, std::move(params)});
    d.program.outputs = {inputs};
}

ResolvedLayer expand(LayerDesc d, Inputs in) {
    Dims a = dimsOf(in[0]), b = ints(in, 1);
    const size_t rank = std::max(a.size(), b.size());
    a.insert(a.begin(), rank - a.size(), 1);
    b.insert(b.begin(), rank - b.size(), 1);
    for (size_t i = 0; i < rank; ++i) {
        if (a[i] != b[i] && a[i] != 1 && b[i] != 1) throw std::runtime_error("the input cannot be spread over the shape");
        if (a[i] == 1) a[i] = b[i];
    }
    program(d, 1, "Identity", {0}, {});
    d.outputs[0].dims = std::move(a);
    return keeping(std::move(d), 1);
}

ResolvedLayer constantOfShape(LayerDesc d, Inputs in) {
    const double fill = d.floatAttr("fill", 0);
    program(d, 0, "Const", {}, {fill});
    d.outputs[0].dims = ints(in, 0);
    return keeping(std::move(d), 0);
}

ResolvedLayer tile(LayerDesc d, Inputs in) {
    Dims dims = dimsOf(in[0]);
    const Dims repeats = ints(in, 1);
    if (repeats.size() != dims.size()) throw std::runtime_error("it has repeats for " + std::to_string(repeats.size()) + " of " + std::to_string(dims.size()) + " dimensions");
    for (size_t i = 0; i < dims.size(); ++i) dims[i] *= repeats[i];
    d.outputs[0].dims = std::move(dims);
    return keeping(std::move(d), 1);
}

ResolvedLayer range(LayerDesc d, Inputs in) {
    double n = 0;
    if (ref::isFloatType(in[0].dtype)) {
        n = std::ceil((oneFloat(in, 1) - oneFloat(in, 0)) / oneFloat(in, 2));
    } else {
        const int64_t span = one(in, 1) - one(in, 0), step = one(in, 2);
        if (step == 0) throw std::runtime_error("its step is 0");
        n = static_cast<double>(span / step + ((span % step != 0 && (span < 0) == (step < 0)) ? 1 : 0));
    }
    if (!(n < 1e12)) throw std::runtime_error("it would have too many elements");
    d.outputs[0].dims = {static_cast<int64_t>(std::max(n, 0.0))};
    return keeping(std::move(d), d.opInputs);
}

ResolvedLayer oneHot(LayerDesc d, Inputs in) {
    Dims dims = dimsOf(in[0]);
    const size_t axis = axisAt(d.intAttr("axis", -1), dims.size() + 1);
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), one(in, 1));
    setAttr(d, "axis", static_cast<int64_t>(axis));
    d.outputs[0].dims = std::move(dims);
    return keeping(std::move(d), d.opInputs);
}

SINTER_RESOLVER(reshape){"Reshape", reshape};
SINTER_RESOLVER(squeeze){"Squeeze", squeeze};
SINTER_RESOLVER(unsqueeze){"Unsqueeze", unsqueeze};
SINTER_RESOLVER(expand){"Expand", expand};
SINTER_RESOLVER(constantOfShape){"ConstantOfShape", constantOfShape};
SINTER_RESOLVER(tile){"Tile", tile};
SINTER_RESOLVER(range){"Range", range};
SINTER_RESOLVER(oneHot){"OneHot", oneHot};

}  // namespace
}  // namespace sinter::resolve
