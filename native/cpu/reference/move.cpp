// Layers that only move elements and are one strided copy each: Transpose, Concat, Split, Slice, DepthToSpace, SpaceToDepth.
#include <numeric>
#include <vector>

#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

/// One input, no program, all tensors of one element type with a size.
bool plainMove(const LayerDesc& d, size_t inputs, size_t outputs) {
    if (!d.program.empty() || d.opInputs < 1 || (inputs != 0 && d.opInputs != inputs) || d.outputs.empty() || (outputs != 0 && d.outputs.size() != outputs))
        return false;
    const DType t = d.outputs[0].dtype;
    if (dtypeSize(t) == 0) return false;
    for (const auto& i : d.inputs)
        if (i.dtype != t) return false;
    for (const auto& o : d.outputs)
        if (o.dtype != t) return false;
    return true;
}

double moved(const LayerDesc& d) {
    double n = 0;
    for (const auto& o : d.outputs) n += static_cast<double>(o.count());
    return n * kMoveNs;
}

class Transpose final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!plainMove(d, 1, 1)) return std::nullopt;
        const auto &x = d.inputs[0].dims, &y = d.outputs[0].dims;
        const auto perm = d.intsAttr("perm");
        if (perm.size() != x.size() || y.size() != x.size()) return std::nullopt;
        std::vector<bool> seen(x.size(), false);
        for (size_t a = 0; a < perm.size(); ++a) {
            const auto p = static_cast<size_t>(perm[a]);
            if (perm[a] < 0 || p >= x.size() || seen[p] || y[a] != x[p]) return std::nullopt;
            seen[p] = true;
        }
        return moved(d);
    }
    explicit Transpose(const LayerDesc& d) : perm_(d.intsAttr("perm")) {}
    void run(const KernelArgs& args) override {
        TensorView from = args.inputs[0];
        for (size_t a = 0; a < perm_.size(); ++a) {
            from.dims[a] = args.inputs[0].dims[static_cast<size_t>(perm_[a])];
            from.strides[a] = args.inputs[0].strides[static_cast<size_t>(perm_[a])];
        }
        copyStrided(args.pool, args.outputs[0], from);
    }

private:
    std::vector<int64_t> perm_;
};

/// Concat joins its inputs, Split parts its input, along one axis.
template <bool kSplit>
class Joint final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!plainMove(d, kSplit ? 1 : 0, kSplit ? 0 : 1)) return std::nullopt;
        const auto& whole = kSplit ? d.inputs[0] : d.outputs[0];
        const auto& parts = kSplit ? d.outputs : d.inputs;
        const auto axis = axisOf(d.intAttr("axis", 0), whole.dims.size());
        if (!axis) return std::nullopt;
        int64_t sum = 0;
        for (const auto& p : parts) {
            if (p.dims.size() != whole.dims.size()) return std::nullopt;
            for (size_t a = 0; a < p.dims.size(); ++a)
                if (a != *axis && p.dims[a] != whole.dims[a]) return std::nullopt;
            sum += p.dims[*axis];
        }
        if (sum != whole.dims[*axis]) return std::nullopt;
        return moved(d);
    }
    explicit Joint(const LayerDesc& d) : axis_(*axisOf(d.intAttr("axis", 0), (kSplit ? d.inputs : d.outputs)[0].dims.size())) {}
    void run(const KernelArgs& args) override {
        const TensorView& whole = kSplit ? args.inputs[0] : args.outputs[0];
        int64_t start = 0;
        for (const TensorView& part : kSplit ? args.outputs : args.inputs) {
            const TensorView run = narrowed(whole, axis_, start, part.dims[axis_]);
            if (kSplit) copyStrided(args.pool, part, run);
            else copyStrided(args.pool, run, part);
            start += part.dims[axis_];
        }
    }

private:
    size_t axis_;
};

class Slice final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!plainMove(d, 1, 1)) return std::nullopt;
        const auto &x = d.inputs[0].dims, &y = d.outputs[0].dims;
        const auto starts = d.intsAttr("starts"), steps = d.intsAttr("steps");
        if (y.size() != x.size() || starts.size() != x.size() || steps.size() != x.size()) return std::nullopt;
        for (size_t a = 0; a < x.size(); ++a) {
            if (steps[a] == 0) return std::nullopt;
            const int64_t last = starts[a] + (y[a] - 1) * steps[a];
            if (y[a] > 0 && (starts[a] < 0 || starts[a] >= x[a] || last < 0 || last >= x[a])) return std::nullopt;
        }
        return moved(d);
    }
    explicit Slice(const LayerDesc& d) : starts_(d.intsAttr("starts")), steps_(d.intsAttr("steps")) {}
    void run(const KernelArgs& args) override {
        if (args.outputs[0].count() == 0) return;
        TensorView from = args.inputs[0];
        from.data = elementAt(from, offsetOf(starts_, from.strides));
        for (size_t a = 0; a < steps_.size(); ++a) {
            from.dims[a] = args.outputs[0].dims[a];
            from.strides[a] *= steps_[a];
        }
        copyStrided(args.pool, args.outputs[0], from);
    }

private:
    std::vector<int64_t> starts_, steps_;
};

/// Both directions between [N, C·b·b, H, W] (deep) and [N, C, H·b, W·b] (wide), as a copy over [N, C, H, b, W, b].
template <bool kToSpace>
class DepthSpace final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!plainMove(d, 1, 1) || d.inputs[0].dims.size() != 4 || d.outputs[0].dims.size() != 4) return std::nullopt;
        const auto &deep = (kToSpace ? d.inputs : d.outputs)[0].dims, &wide = (kToSpace ? d.outputs : d.inputs)[0].dims;
        const int64_t b = d.intAttr("blocksize", 0);
        // Divided, not multiplied: a block size may be any number.
        const auto times = [b](int64_t small, int64_t large) { return large % b == 0 && large / b == small; };
        if (b <= 0 || deep[0] != wide[0] || deep[1] % b != 0 || !times(wide[1], deep[1] / b) || !times(deep[2], wide[2]) || !times(deep[3], wide[3])) return std::nullopt;
        const std::string mode = d.stringAttr("mode", "DCR");
        if (mode != "DCR" && mode != "CRD") return std::nullopt;
        return moved(d);
    }
    explicit DepthSpace(const LayerDesc& d) : block_(d.intAttr("blocksize", 1)), crd_(d.stringAttr("mode", "DCR") == "CRD") {}
    void run(const KernelArgs& args) override {
        const TensorView &deep = kToSpace ? args.inputs[0] : args.outputs[0], &wide = kToSpace ? args.outputs[0] : args.inputs[0];
        const int64_t b = block_, c = wide.dims[1];
        const int64_t dims[] = {deep.dims[0], c, deep.dims[2], b, deep.dims[3], b};
        const auto& ws = wide.strides;
        const auto& ds = deep.strides;
        const int64_t wideStrides[] = {ws[0], ws[1], ws[2] * b, ws[2], ws[3] * b, ws[3]};
        const int64_t row = crd_ ? b * ds[1] : b * c * ds[1], col = crd_ ? ds[1] : c * ds[1], channel = crd_ ? b * b * ds[1] : ds[1];
        const int64_t deepStrides[] = {ds[0], channel, ds[2], row, ds[3], col};
        const TensorView w = reshaped(wide, wide.data, dims, wideStrides), e = reshaped(deep, deep.data, dims, deepStrides);
        if (kToSpace) copyStrided(args.pool, w, e);
        else copyStrided(args.pool, e, w);
    }

private:
    int64_t block_;
    bool crd_;
};

SINTER_KERNEL(any_transpose){row<Transpose>("any_transpose__scalar", "Transpose")};
SINTER_KERNEL(any_concat){row<Joint<false>>("any_concat__scalar", "Concat")};
SINTER_KERNEL(any_split){row<Joint<true>>("any_split__scalar", "Split")};
SINTER_KERNEL(any_slice){row<Slice>("any_slice__scalar", "Slice")};
SINTER_KERNEL(any_depthtospace){row<DepthSpace<true>>("any_depthtospace__scalar", "DepthToSpace")};
SINTER_KERNEL(any_spacetodepth){row<DepthSpace<false>>("any_spacetodepth__scalar", "SpaceToDepth")};

}  // namespace
}  // namespace sinter::ref
