#include <algorithm>
#include <functional>
#include <map>

#include "core/dim.h"
#include "core/error.h"
#include "core/region_state.h"
#include "core/strided_copy.h"

namespace sinter {
namespace {

using Items = std::vector<RegionTensor>;

int64_t integer(const RegionTensor& t, const char* what) {
    if (t.items) throw Error(ErrorCode::Type, std::string(what) + " is a sequence");
    if (t.info.count() != 1) throw Error(ErrorCode::Shape, std::string(what) + " has " + std::to_string(t.info.count()) + " elements instead of one");
    if (t.info.dtype == DType::I32) return *t.view.as<int32_t>();
    if (t.info.dtype == DType::I64) return *t.view.as<int64_t>();
    throw Error(ErrorCode::Type, std::string(what) + " is " + std::string(dtypeName(t.info.dtype)));
}

std::vector<int64_t> integers(const RegionTensor& t, const char* what) {
    if (t.items || (t.info.dtype != DType::I32 && t.info.dtype != DType::I64) || t.info.dims.size() > 1) {
        throw Error(ErrorCode::Type, std::string(what) + " are " + std::string(dtypeName(t.info.dtype)) + " " + shapeText(t.info.dims));
    }
    std::vector<int64_t> out;
    for (int64_t i = 0; i < t.info.count(); ++i) {
        const int64_t at = t.view.rank == 0 ? 0 : i * t.view.strides[0];
        out.push_back(t.info.dtype == DType::I32 ? t.view.as<int32_t>()[at] : t.view.as<int64_t>()[at]);
    }
    return out;
}

const Items& itemsOf(const RegionTensor& t) {
    if (!t.items) throw Error(ErrorCode::Type, "its operand is not a sequence");
    return *t.items;
}

RegionTensor sequence(DType dtype, Items items) {
    for (const RegionTensor& t : items) {
        if (t.items || t.info.dtype != dtype) {
            throw Error(ErrorCode::Type, "a sequence of " + std::string(dtypeName(dtype)) + " cannot hold " + (t.items ? "a sequence" : std::string(dtypeName(t.info.dtype))));
        }
    }
    RegionTensor t;
    t.info.dtype = dtype;
    t.items = std::make_shared<const Items>(std::move(items));
    return t;
}

/// A place in a sequence of n, from the end when negative; `end` allows n itself.
size_t place(int64_t position, size_t n, bool end) {
    const auto count = static_cast<int64_t>(n);
    const int64_t at = position < 0 ? position + count : position;
    if (at < 0 || at > count || (at == count && !end)) {
        throw Error(ErrorCode::Argument, "position " + std::to_string(position) + " is outside a sequence of " + std::to_string(n));
    }
    return static_cast<size_t>(at);
}

size_t axisIn(int64_t axis, size_t rank) {
    const int64_t at = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
    if (at < 0 || at >= static_cast<int64_t>(rank)) throw Error(ErrorCode::Shape, "axis " + std::to_string(axis) + " is missing");
    return static_cast<size_t>(at);
}

int64_t intAttr(const schema::Layer& l, std::string_view key, int64_t fallback) {
    for (const auto& [name, value] : l.attrs) {
        const auto* v = std::get_if<int64_t>(&value);
        if (name == key && v) return *v;
    }
    return fallback;
}

/// `n` elements of `t` from `start` on along an axis.
TensorView part(const TensorView& t, size_t axis, int64_t start, int64_t n) {
    TensorView v = t;
    v.data = t.as<std::byte>() + start * t.strides[axis] * static_cast<int64_t>(dtypeSize(t.dtype));
    v.dims[axis] = n;
    return v;
}

RegionTensor joined(RegionExecutor& executor, const schema::Layer& l, const RegionTensor& given) {
    const Items& items = itemsOf(given);
    if (items.empty()) throw Error(ErrorCode::Argument, "the sequence is empty");
    const bool stacked = intAttr(l, "new_axis", 0) != 0;
    std::vector<int64_t> dims = items.front().info.dims;
    if (stacked && dims.size() >= static_cast<size_t>(kMaxRank)) throw Error(ErrorCode::Shape, "the tensors of the sequence have too many dimensions");
    const size_t axis = axisIn(intAttr(l, "axis", 0), dims.size() + (stacked ? 1 : 0));
    if (stacked) dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), 0);
    dims[axis] = 0;
    const auto lengthOf = [&](const RegionTensor& t) { return stacked ? 1 : t.info.dims[axis]; };
    for (const RegionTensor& t : items) {
        if (t.info.dims.size() != items.front().info.dims.size()) throw Error(ErrorCode::Shape, "the tensors of the sequence differ in rank");
        dims[axis] += lengthOf(t);
    }
    RegionTensor all = executor.allocate(items.front().info.dtype, dims);
    int64_t start = 0;
    for (const RegionTensor& t : items) {
        TensorView to = part(all.view, axis, start, lengthOf(t));
        TensorView from = t.view;
        if (stacked) {
            from = to;
            from.data = t.view.data;
            std::vector<int64_t> inserted(t.info.dims);
            inserted.insert(inserted.begin() + static_cast<std::ptrdiff_t>(axis), 1);
            std::copy(inserted.begin(), inserted.end(), from.dims.begin());
            from.strides = linearStrides(inserted);
        }
        for (int i = 0; i < to.rank; ++i) {
            if (to.dims[static_cast<size_t>(i)] != from.dims[static_cast<size_t>(i)]) throw Error(ErrorCode::Shape, "the tensors of the sequence do not fit each other");
        }
        if (from.count() > 0) copyStrided(to, from);
        start += lengthOf(t);
    }
    return all;
}

RegionTensor split(RegionExecutor& executor, const schema::Layer& l, const RegionTensor& x, const RegionTensor& sizes) {
    const size_t axis = axisIn(intAttr(l, "axis", 0), x.info.dims.size());
    const int64_t length = x.info.dims[axis];
    std::vector<int64_t> parts;
    if (!sizes.present()) {
        parts.assign(static_cast<size_t>(length), 1);
    } else if (sizes.info.dims.empty()) {
        const int64_t n = integer(sizes, "the size of the parts");
        if (n < 1) throw Error(ErrorCode::Argument, "its parts have " + std::to_string(n) + " elements");
        for (int64_t at = 0; at < length; at += n) parts.push_back(std::min(n, length - at));
    } else {
        parts = integers(sizes, "the sizes of the parts");
    }
    const bool squeezed = !sizes.present() && intAttr(l, "keepdims", 1) == 0;
    Items items;
    int64_t start = 0;
    for (const int64_t n : parts) {
        if (n < 0 || n > length - start) throw Error(ErrorCode::Shape, "its parts do not fit its input");
        std::vector<int64_t> dims = x.info.dims;
        dims[axis] = n;
        RegionTensor t = executor.allocate(x.info.dtype, dims);
        if (t.view.count() > 0) copyStrided(t.view, part(x.view, axis, start, n));
        if (squeezed) {
            dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
            t.info.dims = dims;
            t.view = makeView(t.info, t.owner->address());
        }
        items.push_back(std::move(t));
        start += n;
    }
    return sequence(x.info.dtype, std::move(items));
}

/// What a layer gets and makes.
struct Call {
    RegionExecutor& executor;
    const schema::Layer& layer;
    const std::vector<const RegionTensor*>& in;
    DType result;
    const RegionTensor& operator[](size_t i) const { return *in[i]; }
    bool has(size_t i) const { return in[i]->present(); }
};

using Run = std::function<RegionTensor(const Call&)>;

/// A tensor that a sequence may hold.
RegionTensor item(RegionExecutor& executor, const RegionTensor& t) {
    if (t.items || !t.present()) throw Error(ErrorCode::Type, "a sequence holds tensors, it was given " + std::string(t.items ? "a sequence" : "an absent value"));
    return executor.kept(t);
}

RegionTensor inserted(const Call& c) {
    Items items = itemsOf(c[0]);
    const size_t at = c.has(2) ? place(integer(c[2], "the position"), items.size(), true) : items.size();
    items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), item(c.executor, c[1]));
    return sequence(c[1].info.dtype, std::move(items));
}

RegionTensor erased(const Call& c) {
    Items items = itemsOf(c[0]);
    const size_t at = place(c.has(1) ? integer(c[1], "the position") : -1, items.size(), false);
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
    return sequence(c[0].info.dtype, std::move(items));
}

RegionTensor constructed(const Call& c) {
    Items items;
    for (size_t i = 0; i < c.layer.inputs.size(); ++i) items.push_back(item(c.executor, c[i]));
    return sequence(c.result, std::move(items));
}

RegionTensor counted(const Call& c) {
    RegionTensor n = c.executor.allocate(DType::I64, {});
    *n.view.as<int64_t>() = static_cast<int64_t>(itemsOf(c[0]).size());
    return n;
}

RegionTensor whether(const Call& c) {
    RegionTensor yes = c.executor.allocate(DType::Bool, {});
    *yes.view.as<uint8_t>() = c.has(0) ? 1 : 0;
    return yes;
}

RegionTensor element(const Call& c) {
    if (!c.has(0)) throw Error(ErrorCode::Argument, "the optional value is absent");
    return c.executor.kept(c[0]);
}

const std::map<std::string, Run, std::less<>>& table() {
    static const std::map<std::string, Run, std::less<>> rows{
        {"SequenceEmpty", [](const Call& c) { return sequence(c.result, {}); }},
        {"SequenceConstruct", constructed},
        {"SequenceInsert", inserted},
        {"SequenceErase", erased},
        {"SequenceAt", [](const Call& c) { return itemsOf(c[0])[place(integer(c[1], "the position"), itemsOf(c[0]).size(), false)]; }},
        {"SequenceLength", counted},
        {"ConcatFromSequence", [](const Call& c) { return joined(c.executor, c.layer, c[0]); }},
        {"SplitToSequence", [](const Call& c) { return split(c.executor, c.layer, c[0], c[1]); }},
        {"Identity", [](const Call& c) { return c.executor.kept(c[0]); }},
        {"Optional", [](const Call& c) { return c.executor.kept(c[0]); }},
        {"OptionalHasElement", whether},
        {"OptionalGetElement", element},
    };
    return rows;
}

}  // namespace

bool SequenceLayers::run(RegionExecutor& executor, const schema::Layer& l) {
    const auto row = table().find(l.op);
    if (row == table().end() || l.outputs.empty()) return false;
    executor.reachHost();
    std::vector<const RegionTensor*> in;
    for (size_t i = 0; i < std::max<size_t>(l.inputs.size(), 3); ++i) in.push_back(&executor.input(l, i));
    executor.define(l.outputs[0], row->second({executor, l, in, executor.plan_.values[l.outputs[0]].dtype}));
    return true;
}

}  // namespace sinter
