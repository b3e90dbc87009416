#include <algorithm>

#include "core/error.h"
#include "core/region_state.h"
#include "core/strided_copy.h"

namespace sinter {
namespace {

/// A bool or an integer of one element.
int64_t scalar(RegionExecutor& executor, const RegionTensor& t, const char* what) {
    executor.reachHost();
    if (t.items) throw Error(ErrorCode::Type, std::string(what) + " is a sequence");
    if (t.info.count() != 1) throw Error(ErrorCode::Shape, std::string(what) + " has " + std::to_string(t.info.count()) + " elements instead of one");
    switch (t.info.dtype) {
        case DType::Bool: return *t.view.as<uint8_t>();
        case DType::I32: return *t.view.as<int32_t>();
        case DType::I64: return *t.view.as<int64_t>();
        default: throw Error(ErrorCode::Type, std::string(what) + " is " + std::string(dtypeName(t.info.dtype)));
    }
}

size_t normalized(int64_t axis, size_t rank) {
    const int64_t a = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
    if (a < 0 || a >= static_cast<int64_t>(rank)) throw Error(ErrorCode::Shape, "axis " + std::to_string(axis) + " is missing");
    return static_cast<size_t>(a);
}

/// The part of `t` at `index` along `axis`, without that axis.
TensorView element(const TensorView& t, size_t axis, int64_t index) {
    TensorView v = t;
    v.data = t.as<std::byte>() + index * t.strides[axis] * static_cast<int64_t>(dtypeSize(t.dtype));
    v.rank = t.rank - 1;
    for (size_t i = axis; i + 1 < static_cast<size_t>(t.rank); ++i) {
        v.dims[i] = t.dims[i + 1];
        v.strides[i] = t.strides[i + 1];
    }
    return v;
}

std::vector<int64_t> attrInts(const schema::Layer& l, std::string_view key, size_t n) {
    for (const auto& [name, value] : l.attrs) {
        if (name != key) continue;
        if (const auto* v = std::get_if<std::vector<int64_t>>(&value); v && v->size() == n) return *v;
    }
    return std::vector<int64_t>(n, 0);
}

size_t attrCount(const schema::Layer& l, std::string_view key) {
    for (const auto& [name, value] : l.attrs) {
        const auto* v = std::get_if<int64_t>(&value);
        if (name == key && v && *v >= 0) return static_cast<size_t>(*v);
    }
    throw Error(ErrorCode::Corrupt, "it does not say its \"" + std::string(key) + "\"", l.name);
}

/// Results of the turns, one after the other along a new axis.
class Stack {
public:
    void add(RegionTensor t) { parts_.push_back(std::move(t)); }
    /// `empty`: what there is when there was no turn.
    RegionTensor join(RegionExecutor& executor, size_t axis, bool backwards, const RegionTensor& empty) const {
        if (parts_.empty()) return empty;
        std::vector<int64_t> dims = parts_.front().info.dims;
        if (parts_.front().items || dims.size() >= static_cast<size_t>(kMaxRank)) throw Error(ErrorCode::Shape, "the turns give results that cannot be stacked");
        dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(normalized(static_cast<int64_t>(axis), dims.size() + 1)), static_cast<int64_t>(parts_.size()));
        RegionTensor all = executor.allocate(parts_.front().info.dtype, dims);
        executor.reachHost();
        for (size_t i = 0; i < parts_.size(); ++i) {
            if (parts_[i].info.dims != parts_.front().info.dims) throw Error(ErrorCode::Shape, "the turns give results of different shapes");
            if (parts_[i].view.count() > 0) copyStrided(element(all.view, axis, static_cast<int64_t>(backwards ? parts_.size() - 1 - i : i)), parts_[i].view);
        }
        return all;
    }

private:
    std::vector<RegionTensor> parts_;
};

}  // namespace

void ControlFlow::run(RegionExecutor& executor, RegionExecutor::State& state, const schema::Layer& l) {
    if (l.op == "If") runIf(executor, state, l);
    else if (l.op == "Loop") runLoop(executor, state, l);
    else runScan(executor, state, l);
}

/// Inputs: the condition, then what the branches are given.
void ControlFlow::runIf(RegionExecutor& executor, RegionExecutor::State& state, const schema::Layer& l) {
    const bool condition = scalar(executor, executor.input(l, 0), "the condition") != 0;
    RegionExecutor& branch = executor.region(state, l, condition ? 0 : 1);
    std::vector<RegionTensor> given;
    for (size_t i = 1; i < l.inputs.size(); ++i) given.push_back(executor.input(l, i));
    branch.run(given);
    for (size_t i = 0; i < l.outputs.size(); ++i) executor.define(l.outputs[i], branch.output(i));
}

/// Inputs: the trip count?, the condition?, `carried` values, then captures. The body takes the turn, the condition, the
/// carried values and the captures; it gives the condition, the carried values and one result per scan output.
void ControlFlow::runLoop(RegionExecutor& executor, RegionExecutor::State& state, const schema::Layer& l) {
    const size_t carried = attrCount(l, "carried");
    const size_t scans = l.outputs.size() - carried;
    const RegionTensor &limit = executor.input(l, 0), &first = executor.input(l, 1);
    const int64_t turns = limit.present() ? scalar(executor, limit, "the trip count") : INT64_MAX;
    bool more = !first.present() || scalar(executor, first, "the condition") != 0;
    RegionExecutor& body = executor.region(state, l, 0);
    std::vector<RegionTensor> given(2);
    for (size_t i = 2; i < l.inputs.size(); ++i) given.push_back(executor.input(l, i));
    std::vector<Stack> stacks(scans);
    for (int64_t turn = 0; turn < turns && more; ++turn) {
        executor.reachHost();
        given[0] = executor.allocate(DType::I64, {});
        *given[0].view.as<int64_t>() = turn;
        given[1] = executor.allocate(DType::Bool, {});
        *given[1].view.as<uint8_t>() = 1;
        body.run(given);
        more = scalar(executor, body.output(0), "the condition") != 0;
        std::vector<RegionTensor> next;
        for (size_t i = 0; i < carried; ++i) next.push_back(body.output(1 + i));
        for (size_t i = 0; i < scans; ++i) stacks[i].add(body.output(1 + carried + i));
        std::move(next.begin(), next.end(), given.begin() + 2);
    }
    for (size_t i = 0; i < carried; ++i) executor.define(l.outputs[i], executor.kept(given[2 + i]));
    for (size_t i = 0; i < scans; ++i) {
        const schema::Value& v = executor.plan_.values[l.outputs[carried + i]];
        std::vector<int64_t> none(v.shape.size(), 0);
        executor.define(l.outputs[carried + i], stacks[i].join(executor, 0, false, executor.allocate(v.dtype, none)));
    }
}

/// Inputs: the state, `scans` sequences, then captures. The body takes the state, one element of each sequence and the
/// captures; it gives the state and one result per scan output.
void ControlFlow::runScan(RegionExecutor& executor, RegionExecutor::State& state, const schema::Layer& l) {
    const size_t scans = attrCount(l, "scans"), states = attrCount(l, "states");
    const size_t results = l.outputs.size() - states;
    const auto axes = attrInts(l, "input_axes", scans), directions = attrInts(l, "input_directions", scans);
    const auto outAxes = attrInts(l, "output_axes", results), outDirections = attrInts(l, "output_directions", results);
    RegionExecutor& body = executor.region(state, l, 0);
    std::vector<RegionTensor> given;
    for (size_t i = 0; i < l.inputs.size(); ++i) given.push_back(executor.input(l, i));
    const std::vector<RegionTensor> sequences(given.begin() + static_cast<std::ptrdiff_t>(states), given.begin() + static_cast<std::ptrdiff_t>(states + scans));
    int64_t turns = -1;
    for (size_t i = 0; i < scans; ++i) {
        const int64_t length = sequences[i].info.dims[normalized(axes[i], sequences[i].info.dims.size())];
        if (turns >= 0 && length != turns) throw Error(ErrorCode::Shape, "its sequences have different lengths");
        turns = length;
    }
    std::vector<Stack> stacks(results);
    for (int64_t turn = 0; turn < turns; ++turn) {
        for (size_t i = 0; i < scans; ++i) {
            const size_t axis = normalized(axes[i], sequences[i].info.dims.size());
            RegionTensor part;
            part.view = element(sequences[i].view, axis, directions[i] == 1 ? turns - 1 - turn : turn);
            part.info.dtype = sequences[i].info.dtype;
            part.info.dims.assign(part.view.dims.begin(), part.view.dims.begin() + part.view.rank);
            given[states + i] = executor.kept(part);
        }
        body.run(given);
        std::vector<RegionTensor> next;
        for (size_t i = 0; i < states; ++i) next.push_back(body.output(i));
        for (size_t i = 0; i < results; ++i) stacks[i].add(body.output(states + i));
        std::move(next.begin(), next.end(), given.begin());
    }
    for (size_t i = 0; i < states; ++i) executor.define(l.outputs[i], executor.kept(given[i]));
    for (size_t i = 0; i < results; ++i) {
        const schema::Value& v = executor.plan_.values[l.outputs[states + i]];
        const size_t axis = normalized(outAxes[i], v.shape.size());
        executor.define(l.outputs[states + i], stacks[i].join(executor, axis, outDirections[i] == 1, executor.allocate(v.dtype, std::vector<int64_t>(v.shape.size(), 0))));
    }
}

}  // namespace sinter
