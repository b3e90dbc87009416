#include "core/weight_evaluator.h"

#include <algorithm>
#include <cstring>

#include "core/dim.h"
#include "core/error.h"
#include "core/evaluate.h"
#include "core/number_formats.h"
#include "core/strided_copy.h"

namespace sinter {
namespace {

using schema::WeightExpr;
using Kind = WeightExpr::Kind;

[[noreturn]] void bad(const std::string& message) { throw Error(ErrorCode::Corrupt, "a weight expression is wrong: " + message); }

int64_t countOf(const WeightExpr& e) {
    if (dtypeSize(e.dtype) == 0) bad("element type " + std::string(dtypeName(e.dtype)) + " has no numbers");
    if (e.shape.size() > static_cast<size_t>(kMaxRank)) bad("more than 8 dimensions");
    int64_t n = 1;
    for (const int64_t d : e.shape) {
        if (d < 0 || d > (int64_t{1} << 40) || (d != 0 && n > (int64_t{1} << 46) / d)) bad("shape " + shapeText(e.shape));
        n *= d;
    }
    return n;
}

WeightData allocate(const WeightExpr& e) {
    WeightData d;
    d.dtype = e.dtype;
    d.shape = e.shape;
    d.owner = std::make_shared<HostMemory>(static_cast<uint64_t>(countOf(e)) * dtypeSize(e.dtype));
    d.bytes = d.owner->span();
    return d;
}

WeightData fromStored(const WeightExpr& e, std::span<const std::byte> stored) {
    const int64_t n = countOf(e);
    if (stored.size() != storedBytes(e.dtype, n)) {
        bad(std::to_string(stored.size()) + " bytes for " + std::string(dtypeName(e.dtype)) + " " + shapeText(e.shape));
    }
    if (storedBits(e.dtype) >= 8) return {e.dtype, e.shape, stored, nullptr};
    WeightData d = allocate(e);
    unpackStored(e.dtype, stored.data(), d.owner->data(), n);
    return d;
}

/// A view for kernels and copies; data that lies unaligned in a file is moved to `aligned` first.
TensorView viewOf(const WeightData& d, std::shared_ptr<HostMemory>& aligned) {
    TensorInfo info;
    info.dtype = d.dtype;
    info.dims = d.shape;
    const std::byte* data = d.bytes.data();
    if (reinterpret_cast<uintptr_t>(data) % dtypeSize(d.dtype) != 0) {
        aligned = std::make_shared<HostMemory>(d.bytes.size());
        std::memcpy(aligned->data(), data, d.bytes.size());
        data = aligned->data();
    }
    return makeView(info, const_cast<std::byte*>(data));  // inputs are only read
}

void requireType(const WeightExpr& e, const WeightData& input) {
    if (input.dtype != e.dtype) bad(std::string(dtypeName(input.dtype)) + " where " + std::string(dtypeName(e.dtype)) + " is declared");
}

/// Elements outside and inside an axis.
struct Around {
    int64_t outer = 1, inner = 1;
    Around(const std::vector<int64_t>& shape, size_t axis) {
        for (size_t i = 0; i < axis; ++i) outer *= shape[i];
        for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
    }
};

void checkAxis(const WeightExpr& e) {
    if (e.axis >= e.shape.size()) bad("axis " + std::to_string(e.axis) + " of " + shapeText(e.shape));
}

bool sameBut(const std::vector<int64_t>& a, const std::vector<int64_t>& b, size_t axis) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
        if (i != axis && a[i] != b[i]) return false;
    }
    return true;
}

/// Shapes and types of all outputs of an evaluated layer, of which the expression declares one.
std::vector<TensorInfo> outputsOf(const WeightExpr& e, const LayerDesc& layer) {
    TensorInfo own;
    own.dtype = e.dtype;
    own.dims = e.shape;
    if (layer.op == "Split") {
        const std::vector<int64_t> splits = layer.intsAttr("splits");
        const int64_t axis = layer.intAttr("axis", 0);
        if (axis < 0 || static_cast<size_t>(axis) >= own.dims.size() || e.output >= splits.size()) bad("a Split without that output");
        std::vector<TensorInfo> outputs(splits.size(), own);
        for (size_t i = 0; i < splits.size(); ++i) outputs[i].dims[static_cast<size_t>(axis)] = splits[i];
        return outputs;
    }
    if (layer.op == "Pointwise") {
        if (e.output >= layer.program.outputs.size()) bad("a Pointwise layer without that output");
        std::vector<TensorInfo> outputs(layer.program.outputs.size(), own);
        for (size_t i = 0; i < outputs.size(); ++i) {
            const uint32_t id = layer.program.outputs[i];
            if (id >= layer.program.inputCount) outputs[i].dtype = layer.program.code[id - layer.program.inputCount].dtype;
            else if (id < layer.inputs.size()) outputs[i].dtype = layer.inputs[id].dtype;
        }
        return outputs;
    }
    if (e.output != 0) bad("output " + std::to_string(e.output) + " of a " + layer.op + " layer");
    return {own};
}

}  // namespace

WeightEvaluator::WeightEvaluator(std::vector<std::string> files, std::shared_ptr<Device> device, const StopToken* stop)
    : paths_(std::move(files)), device_(std::move(device)), stop_(stop) {}

void WeightEvaluator::announce(const WeightExpr& e) {
    if (e.kind == Kind::Evaluate && ++kept_[e.bytes].uses > 1) return;  // its parts are evaluated once
    for (const auto& i : e.inputs) {
        if (i) announce(*i);
    }
}

WeightData WeightEvaluator::evaluate(const WeightExpr& e) {
    throwIfStopped(stop_);
    countOf(e);
    switch (e.kind) {
        case Kind::File: return file(e);
        case Kind::Literal: return fromStored(e, std::as_bytes(std::span(e.literal)));
        case Kind::Cast: return cast(e);
        case Kind::Reshape: return reshape(e);
        case Kind::Transpose: return transpose(e);
        case Kind::Concat: return concat(e);
        case Kind::Slice: return slice(e);
        case Kind::Scale: return scale(e);
        case Kind::Evaluate: return layer(e);
        case Kind::None: break;
    }
    bad("it has no kind");
}

WeightData WeightEvaluator::file(const WeightExpr& e) {
    if (e.file >= paths_.size()) bad("file " + std::to_string(e.file) + " of " + std::to_string(paths_.size()));
    auto at = files_.find(e.file);
    if (at == files_.end()) at = files_.try_emplace(e.file, paths_[e.file]).first;
    const auto bytes = at->second.bytes();
    if (e.offset > bytes.size() || e.length > bytes.size() - e.offset) {
        throw Error(ErrorCode::Truncated, paths_[e.file] + " is cut off: a weight lies at bytes " + std::to_string(e.offset) + " to " +
                                              std::to_string(e.offset + e.length) + ", the file has " + std::to_string(bytes.size()));
    }
    return fromStored(e, bytes.subspan(e.offset, e.length));
}

WeightData WeightEvaluator::cast(const WeightExpr& e) {
    const WeightData in = evaluate(*e.inputs[0]);
    if (in.shape != e.shape) bad("a cast changes the shape");
    WeightData out = allocate(e);
    castElements(in.dtype, in.bytes.data(), e.dtype, out.owner->data(), static_cast<size_t>(in.count()));
    return out;
}

WeightData WeightEvaluator::reshape(const WeightExpr& e) {
    WeightData in = evaluate(*e.inputs[0]);
    requireType(e, in);
    if (in.count() != countOf(e)) bad("reshape of " + shapeText(in.shape) + " to " + shapeText(e.shape));
    in.shape = e.shape;
    return in;
}

WeightData WeightEvaluator::transpose(const WeightExpr& e) {
    const WeightData in = evaluate(*e.inputs[0]);
    requireType(e, in);
    const size_t rank = in.shape.size();
    std::vector<bool> used(rank, false);
    bool ok = e.perm.size() == rank && e.shape.size() == rank;
    for (size_t i = 0; ok && i < rank; ++i) {
        ok = e.perm[i] < rank && !used[e.perm[i]] && e.shape[i] == in.shape[e.perm[i]];
        if (ok) used[e.perm[i]] = true;
    }
    if (!ok) bad("transpose of " + shapeText(in.shape) + " to " + shapeText(e.shape));
    WeightData out = allocate(e);
    std::shared_ptr<HostMemory> aligned;
    const TensorView from = viewOf(in, aligned);
    TensorView permuted = from;
    for (size_t i = 0; i < rank; ++i) {
        permuted.dims[i] = from.dims[e.perm[i]];
        permuted.strides[i] = from.strides[e.perm[i]];
    }
    std::shared_ptr<HostMemory> unused;
    copyStrided(viewOf(out, unused), permuted);
    return out;
}

WeightData WeightEvaluator::concat(const WeightExpr& e) {
    checkAxis(e);
    WeightData out = allocate(e);
    const Around around(e.shape, e.axis);
    const size_t unit = static_cast<size_t>(around.inner) * dtypeSize(e.dtype);
    int64_t at = 0;
    for (const auto& part : e.inputs) {
        const WeightData in = evaluate(*part);
        requireType(e, in);
        if (!sameBut(in.shape, e.shape, e.axis) || at + in.shape[e.axis] > e.shape[e.axis]) {
            bad("concatenation of " + shapeText(in.shape) + " into " + shapeText(e.shape));
        }
        const size_t run = static_cast<size_t>(in.shape[e.axis]) * unit;
        const size_t row = static_cast<size_t>(e.shape[e.axis]) * unit;
        for (size_t o = 0; run > 0 && o < static_cast<size_t>(around.outer); ++o) {
            std::memcpy(out.owner->data() + o * row + static_cast<size_t>(at) * unit, in.bytes.data() + o * run, run);
        }
        at += in.shape[e.axis];
    }
    if (at != e.shape[e.axis]) bad("concatenated parts do not fill " + shapeText(e.shape));
    return out;
}

WeightData WeightEvaluator::slice(const WeightExpr& e) {
    checkAxis(e);
    const WeightData in = evaluate(*e.inputs[0]);
    requireType(e, in);
    if (!sameBut(in.shape, e.shape, e.axis) || e.start < 0 || e.start > in.shape[e.axis] - e.shape[e.axis]) {
        bad("slice of " + shapeText(in.shape) + " to " + shapeText(e.shape) + " from " + std::to_string(e.start));
    }
    const Around around(e.shape, e.axis);
    const size_t unit = static_cast<size_t>(around.inner) * dtypeSize(e.dtype);
    const size_t run = static_cast<size_t>(e.shape[e.axis]) * unit;
    const size_t row = static_cast<size_t>(in.shape[e.axis]) * unit;
    const size_t first = static_cast<size_t>(e.start) * unit;
    if (around.outer == 1) {  // contiguous: still no copy
        WeightData out = in;
        out.shape = e.shape;
        out.bytes = in.bytes.subspan(first, run);
        return out;
    }
    WeightData out = allocate(e);
    for (size_t o = 0; run > 0 && o < static_cast<size_t>(around.outer); ++o) {
        std::memcpy(out.owner->data() + o * run, in.bytes.data() + o * row + first, run);
    }
    return out;
}

WeightData WeightEvaluator::scale(const WeightExpr& e) {
    checkAxis(e);
    const WeightData in = evaluate(*e.inputs[0]);
    requireType(e, in);
    if (in.shape != e.shape) bad("a scale changes the shape");
    const auto vector = [&](size_t i) {
        const WeightData d = evaluate(*e.inputs[i]);
        if (d.count() != e.shape[e.axis]) bad("a scale of " + std::to_string(d.count()) + " factors along " + shapeText(e.shape));
        std::vector<double> v(static_cast<size_t>(d.count()));
        for (size_t k = 0; k < v.size(); ++k) v[k] = loadElement(d.dtype, d.bytes.data(), k);
        return v;
    };
    const std::vector<double> factor = vector(1);
    const std::vector<double> shift = e.inputs.size() > 2 ? vector(2) : std::vector<double>(factor.size(), 0.0);
    WeightData out = allocate(e);
    const Around around(e.shape, e.axis);
    std::byte* to = out.owner->data();
    size_t i = 0;
    for (int64_t o = 0; o < around.outer; ++o) {
        for (size_t c = 0; c < factor.size(); ++c) {
            const double f = factor[c];
            const double s = shift[c];
            const auto end = i + static_cast<size_t>(around.inner);
            if (e.dtype == DType::F32) {  // the common case, without a branch per element
                for (; i < end; ++i) {
                    float v = 0;
                    std::memcpy(&v, in.bytes.data() + i * sizeof v, sizeof v);
                    v = static_cast<float>(static_cast<double>(v) * f + s);
                    std::memcpy(to + i * sizeof v, &v, sizeof v);
                }
            } else {
                for (; i < end; ++i) storeElement(e.dtype, to, i, loadElement(in.dtype, in.bytes.data(), i) * f + s);
            }
        }
    }
    return out;
}

WeightData WeightEvaluator::layer(const WeightExpr& e) {
    const auto known = kept_.find(e.bytes);
    if (known != kept_.end() && known->second.data.dtype != DType::Undefined) {
        WeightData d = known->second.data;
        if (--known->second.uses <= 0) kept_.erase(known);
        return d;
    }
    LayerDesc desc;
    desc.name = e.layer->name.empty() ? e.layer->op : e.layer->name;
    desc.op = e.layer->op;
    desc.attrs = e.layer->attrs;
    desc.program = e.layer->program;
    desc.opInputs = e.layer->opInputs;
    std::vector<WeightData> data(e.inputs.size());
    std::vector<std::shared_ptr<HostMemory>> aligned(e.inputs.size());
    std::vector<TensorView> views(e.inputs.size());
    for (size_t i = 0; i < e.inputs.size(); ++i) {
        TensorInfo info;
        if (e.inputs[i]) {
            data[i] = evaluate(*e.inputs[i]);
            info.dtype = data[i].dtype;
            info.dims = data[i].shape;
            views[i] = viewOf(data[i], aligned[i]);
        }
        desc.inputs.push_back(std::move(info));
    }
    if (desc.opInputs > desc.inputs.size()) bad("a layer with too few operands");
    desc.outputs = outputsOf(e, desc);
    if (!stream_) stream_ = device_->createStream(1);
    std::vector<HostTensor> results = evaluateLayer(*device_, *stream_, desc, views, "", 1);
    HostTensor& r = results[e.output];
    WeightData out{r.info.dtype, r.info.dims, {}, std::make_shared<HostMemory>(std::move(r.memory))};
    out.bytes = out.owner->span();
    const auto entry = kept_.find(e.bytes);
    if (entry != kept_.end()) {
        if (--entry->second.uses > 0) entry->second.data = out;
        else kept_.erase(entry);
    }
    return out;
}

}  // namespace sinter
