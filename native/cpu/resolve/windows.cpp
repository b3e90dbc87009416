// Parts and sizes that other layers compute: Slice, Split, Pad, Resize, TopK, CumSum, CumProd and the reductions.
#include <cmath>

#include "cpu/resolve/contents.h"

namespace sinter::resolve {
namespace {

ResolvedLayer slice(LayerDesc d, Inputs in) {
    const Dims x = dimsOf(in[0]), starts = ints(in, 1), ends = ints(in, 2);
    Dims axes, steps;
    if (given(in, 3)) axes = ints(in, 3);
    else
        for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
    if (given(in, 4)) steps = ints(in, 4);
    else steps.assign(starts.size(), 1);
    if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) throw std::runtime_error("its starts, ends, axes and steps differ in length");
    Dims from(x.size(), 0), by(x.size(), 1), dims = x;
    for (size_t i = 0; i < starts.size(); ++i) {
        const size_t a = axisAt(axes[i], x.size());
        const int64_t n = x[a], step = steps[i];
        if (step == 0) throw std::runtime_error("it has a step of 0");
        const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
        const auto place = [&](int64_t p) { return std::clamp(p < 0 ? p + n : p, low, high); };
        // "To the end" markers lie beyond any tensor; counted from the end they would overflow.
        const int64_t start = place(std::max(starts[i], -(n + 1) - n)), end = place(std::max(ends[i], -(n + 1) - n));
        const int64_t span = end - start;
        dims[a] = span == 0 || (span < 0) != (step < 0) ? 0 : (span + step - (step > 0 ? 1 : -1)) / step;
        from[a] = dims[a] == 0 ? 0 : start;
        by[a] = step;
    }
    d.attrs.clear();
    setAttr(d, "starts", std::move(from));
    setAttr(d, "steps", std::move(by));
    d.outputs[0].dims = std::move(dims);
    return keeping(std::move(d), 1);
}

ResolvedLayer split(LayerDesc d, Inputs in) {
    const Dims x = dimsOf(in[0]), parts = ints(in, 1);
    const size_t axis = axisAt(d.intAttr("axis", 0), x.size());
    if (parts.size() != d.outputs.size()) throw std::runtime_error("it has sizes for " + std::to_string(parts.size()) + " of " + std::to_string(d.outputs.size()) + " parts");
    int64_t sum = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
        d.outputs[i].dims = x;
        d.outputs[i].dims[axis] = parts[i];
        sum += parts[i];
    }
    if (sum != x[axis]) throw std::runtime_error("its parts are not the whole");
    d.attrs.clear();
    setAttr(d, "axis", static_cast<int64_t>(axis));
    setAttr(d, "splits", parts);
    return keeping(std::move(d), 1);
}

ResolvedLayer pad(LayerDesc d, Inputs in) {
    Dims dims = dimsOf(in[0]);
    const size_t rank = dims.size();
    const Dims values = ints(in, 1);
    Dims axes;
    if (given(in, 3)) axes = ints(in, 3);
    else
        for (size_t i = 0; i < rank; ++i) axes.push_back(static_cast<int64_t>(i));
    if (values.size() != 2 * axes.size()) throw std::runtime_error("it has " + std::to_string(values.size()) + " pads for " + std::to_string(axes.size()) + " axes");
    // Sums of them stay within 64 bits.
    for (const int64_t v : values) {
        if (v < -(int64_t{1} << 40) || v > int64_t{1} << 40) throw std::runtime_error("it pads by " + std::to_string(v));
    }
    Dims pads(2 * rank, 0);
    for (size_t i = 0; i < axes.size(); ++i) {
        const size_t a = axisAt(axes[i], rank);
        pads[a] = values[i];
        pads[a + rank] = values[i + axes.size()];
    }
    for (size_t a = 0; a < rank; ++a) dims[a] += pads[a] + pads[a + rank];
    const double fill = given(in, 2) ? oneFloat(in, 2) : 0;
    const std::string mode = d.stringAttr("mode", "constant");
    d.attrs.clear();
    setAttr(d, "pads", std::move(pads));
    setAttr(d, "mode", mode);
    setAttr(d, "value", fill);
    d.outputs[0].dims = std::move(dims);
    return keeping(std::move(d), 1);
}

/// The middle of each axis, cut or padded: Pad with negative pads where it cuts.
ResolvedLayer centre(LayerDesc d, Inputs in) {
    Dims dims = dimsOf(in[0]);
    const size_t rank = dims.size();
    Dims axes = d.intsAttr("axes");
    if (axes.empty())
        for (size_t i = 0; i < rank; ++i) axes.push_back(static_cast<int64_t>(i));
    const Dims wanted = ints(in, 1);
    if (wanted.size() != axes.size()) throw std::runtime_error("it has lengths for " + std::to_string(wanted.size()) + " of " + std::to_string(axes.size()) + " axes");
    Dims pads(2 * rank, 0);
    for (size_t i = 0; i < axes.size(); ++i) {
        const size_t a = axisAt(axes[i], rank);
        const int64_t more = wanted[i] - dims[a];
        pads[a] = more / 2;
        pads[a + rank] = more - more / 2;
        dims[a] = wanted[i];
    }
    d.op = "Pad";
    d.attrs.clear();
    setAttr(d, "pads", std::move(pads));
    setAttr(d, "mode", std::string("constant"));
    setAttr(d, "value", 0.0);
    d.outputs[0].dims = std::move(dims);
    return keeping(std::move(d), 1);
}

/// A length that was computed; what is no length, or longer than any tensor, is an error.
int64_t lengthOf(double n) {
    if (!(n >= 0 && n < 1e12)) throw std::runtime_error("its result would be " + std::to_string(n) + " long");
    return static_cast<int64_t>(n);
}

/// Inputs: x, roi?, scales?, sizes?; attributes as ONNX names them.
ResolvedLayer resize(LayerDesc d, Inputs in) {
    const Dims x = dimsOf(in[0]);
    const size_t rank = x.size();
    Dims axes = d.intsAttr("axes");
    if (axes.empty())
        for (size_t i = 0; i < rank; ++i) axes.push_back(static_cast<int64_t>(i));
    const std::string mode = d.stringAttr("coordinate_transformation_mode", "half_pixel");
    const bool crop = mode == "tf_crop_and_resize";
    std::vector<double> roi;
    if (crop && given(in, 1)) roi = floats(in, 1);
    if (!roi.empty() && roi.size() != 2 * axes.size()) throw std::runtime_error("its region has " + std::to_string(roi.size()) + " ends for " + std::to_string(axes.size()) + " axes");
    Dims dims = x;
    std::vector<double> scales(rank, 0);
    if (given(in, 2) && in[2].count() > 0) {
        const auto values = floats(in, 2);
        if (values.size() != axes.size()) throw std::runtime_error("it has scales for " + std::to_string(values.size()) + " of " + std::to_string(axes.size()) + " axes");
        for (size_t i = 0; i < axes.size(); ++i) {
            const size_t a = axisAt(axes[i], rank);
            const double cut = roi.empty() ? 1 : roi[i + axes.size()] - roi[i];
            dims[a] = lengthOf(std::floor(static_cast<double>(x[a]) * cut * values[i]));
            scales[a] = values[i];
        }
    } else {
        const Dims sizes = ints(in, 3);
        if (sizes.size() != axes.size()) throw std::runtime_error("it has sizes for " + std::to_string(sizes.size()) + " of " + std::to_string(axes.size()) + " axes");
        const std::string policy = d.stringAttr("keep_aspect_ratio_policy", "stretch");
        double ratio = 0;
        for (size_t i = 0; i < axes.size(); ++i) {
            const size_t a = axisAt(axes[i], rank);
            dims[a] = sizes[i];
            const double r = static_cast<double>(sizes[i]) / static_cast<double>(x[a]);
            ratio = i == 0 ? r : policy == "not_larger" ? std::min(ratio, r) : std::max(ratio, r);
        }
        if (policy != "stretch") {
            for (const int64_t axis : axes) {
                const size_t a = axisAt(axis, rank);
                dims[a] = lengthOf(std::round(static_cast<double>(x[a]) * ratio));
                scales[a] = ratio;
            }
        }
    }
    LayerDesc made = d;
    made.attrs.clear();
    setAttr(made, "mode", d.stringAttr("mode", "nearest"));
    setAttr(made, "coordinate_mode", mode);
    setAttr(made, "nearest_mode", d.stringAttr("nearest_mode", "round_prefer_floor"));
    setAttr(made, "cubic_coeff", d.floatAttr("cubic_coeff_a", -0.75));
    setAttr(made, "exclude_outside", d.intAttr("exclude_outside", 0));
    setAttr(made, "extrapolation_value", d.floatAttr("extrapolation_value", 0));
    setAttr(made, "scales", std::move(scales));
    if (!roi.empty()) {
        std::vector<double> whole(2 * rank, 0);
        std::fill(whole.begin() + static_cast<std::ptrdiff_t>(rank), whole.end(), 1.0);
        for (size_t i = 0; i < axes.size(); ++i) {
            const size_t a = axisAt(axes[i], rank);
            whole[a] = roi[i];
            whole[a + rank] = roi[i + axes.size()];
        }
        setAttr(made, "roi", std::move(whole));
    }
    if (d.intAttr("antialias", 0) == 1) setAttr(made, "antialias", int64_t{1});
    made.outputs[0].dims = std::move(dims);
    return keeping(std::move(made), 1);
}

ResolvedLayer topK(LayerDesc d, Inputs in) {
    Dims dims = dimsOf(in[0]);
    const size_t axis = axisAt(d.intAttr("axis", -1), dims.size());
    dims[axis] = one(in, 1);
    setAttr(d, "axis", static_cast<int64_t>(axis));
    for (TensorInfo& o : d.outputs) o.dims = dims;
    return keeping(std::move(d), d.opInputs);
}

ResolvedLayer cumulative(LayerDesc d, Inputs in) {
    setAttr(d, "axis", static_cast<int64_t>(axisAt(one(in, 1), static_cast<size_t>(in[0].rank))));
    d.outputs[0].dims = dimsOf(in[0]);
    return keeping(std::move(d), 1);
}

ResolvedLayer reduce(LayerDesc d, Inputs in) {
    const Dims x = dimsOf(in[0]);
    Dims axes = given(in, 1) ? ints(in, 1) : Dims{};
    for (int64_t& a : axes) a = static_cast<int64_t>(axisAt(a, x.size()));
    std::sort(axes.begin(), axes.end());
    if (axes.empty() && d.intAttr("noop_with_empty_axes", 0) == 0)
        for (size_t i = 0; i < x.size(); ++i) axes.push_back(static_cast<int64_t>(i));
    const int64_t keep = d.intAttr("keepdims", 1);
    Dims dims;
    for (size_t i = 0; i < x.size(); ++i) {
        const bool gone = std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i));
        if (!gone) dims.push_back(x[i]);
        else if (keep) dims.push_back(1);
    }
    const std::string kind = d.op.substr(6);
    d.op = "Reduce";
    d.attrs.clear();
    setAttr(d, "kind", kind);
    setAttr(d, "axes", std::move(axes));
    setAttr(d, "keepdims", keep);
    d.outputs[0].dims = std::move(dims);
    return keeping(std::move(d), 1);
}

SINTER_RESOLVER(slice){"Slice", slice};
SINTER_RESOLVER(split){"Split", split};
SINTER_RESOLVER(pad){"Pad", pad};
SINTER_RESOLVER(resize){"Resize", resize};
SINTER_RESOLVER(centre){"CenterCropPad", centre};
SINTER_RESOLVER(topK){"TopK", topK};
SINTER_RESOLVER(cumSum){"CumSum", cumulative};
SINTER_RESOLVER(cumProd){"CumProd", cumulative};
SINTER_RESOLVER(reduceMean){"ReduceMean", reduce};
SINTER_RESOLVER(reduceSum){"ReduceSum", reduce};
SINTER_RESOLVER(reduceMax){"ReduceMax", reduce};
SINTER_RESOLVER(reduceMin){"ReduceMin", reduce};
SINTER_RESOLVER(reduceProd){"ReduceProd", reduce};
SINTER_RESOLVER(reduceL1){"ReduceL1", reduce};
SINTER_RESOLVER(reduceL2){"ReduceL2", reduce};
SINTER_RESOLVER(reduceLogSum){"ReduceLogSum", reduce};
SINTER_RESOLVER(reduceLogSumExp){"ReduceLogSumExp", reduce};
SINTER_RESOLVER(reduceSumSquare){"ReduceSumSquare", reduce};

}  // namespace
}  // namespace sinter::resolve
