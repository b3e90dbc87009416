// Einsum: products of two operands are matrix products with strides; everything else is summed as it is written.
#include "core/einsum.h"

#include <algorithm>

#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

/// Steps of an operand along every dimension; a dimension that it names twice adds up (a diagonal).
std::vector<int64_t> stepsOf(const EinsumPlan& p, size_t operand, std::span<const int64_t> dims, std::span<const int64_t> strides) {
    std::vector<int64_t> steps(p.dims.size(), 0);
    for (size_t a = 0; a < p.labels[operand].size(); ++a) {
        if (dims[a] != 1) steps[p.labels[operand][a]] += strides[a];
    }
    return steps;
}

/// The roles of dimensions in a product of two operands: a row of a, a column of b, the summed one; the others are batches.
struct Roles {
    size_t row = 0, column = 0, summed = 0;
    std::vector<size_t> batches;
};

std::optional<Roles> rolesOf(const EinsumPlan& p) {
    if (p.labels.size() != 2 || p.dims.size() > 8 || p.dims.size() != p.kept + 1) return std::nullopt;
    const auto has = [&](size_t operand, size_t label) { return std::count(p.labels[operand].begin(), p.labels[operand].end(), label) > 0; };
    if (!has(0, p.kept) || !has(1, p.kept)) return std::nullopt;
    Roles r;
    r.summed = p.kept;
    int64_t rows = 0, columns = 0;
    for (size_t k = 0; k < p.kept; ++k) {
        if (has(0, k) && !has(1, k) && p.dims[k] > rows) {
            rows = p.dims[k];
            r.row = k;
        }
        if (has(1, k) && !has(0, k) && p.dims[k] > columns) {
            columns = p.dims[k];
            r.column = k;
        }
    }
    if (rows == 0 || columns == 0) return std::nullopt;
    for (size_t k = 0; k < p.kept; ++k) {
        if (k != r.row && k != r.column) r.batches.push_back(k);
    }
    return r;
}

/// The product as a MatMul layer, whose operands are views with these dimensions.
LayerDesc productOf(const LayerDesc& d, const EinsumPlan& p, const Roles& r) {
    LayerDesc m;
    m.name = d.name;
    m.op = "MatMul";
    m.attrs = {{"trans_a", int64_t{0}}, {"trans_b", int64_t{0}}, {"alpha", 1.0}};
    const auto info = [&](size_t last2, size_t last, int operand) {
        TensorInfo t;
        t.dtype = d.outputs[0].dtype;
        for (const size_t b : r.batches) {
            const bool own = operand < 0 || std::count(p.labels[static_cast<size_t>(operand)].begin(), p.labels[static_cast<size_t>(operand)].end(), b) > 0;
            t.dims.push_back(own ? p.dims[b] : 1);
        }
        t.dims.push_back(p.dims[last2]);
        t.dims.push_back(p.dims[last]);
        return t;
    };
    m.inputs = {info(r.row, r.summed, 0), info(r.summed, r.column, 1)};
    m.outputs = {info(r.row, r.column, -1)};
    m.opInputs = 2;
    return m;
}

const KernelRow& matmul() { return *KernelTable::instance().byName("any_matmul__cuda"); }

std::optional<TacticInfo> productSupports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || d.inputs[0].quantized() || !isFloat(d.outputs[0].dtype)) return std::nullopt;
    const auto p = EinsumPlan::of(d);
    const auto r = p ? rolesOf(*p) : std::nullopt;
    if (!r) return std::nullopt;
    const auto product = matmul().supports(productOf(d, *p, *r), device);
    if (!product) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = product->estimate;
    return info;
}

Specialization productMake(const LayerDesc& d, const DeviceProperties& device) {
    const EinsumPlan p = *EinsumPlan::of(d);
    const Roles r = *rolesOf(p);
    const LayerDesc m = productOf(d, p, r);
    Specialization k = matmul().make(m, device);
    k.launches = [inner = std::move(k.launches), p, r, m](const KernelArgs& args) {
        const auto view = [&](const TensorInfo& t, void* data, const std::vector<int64_t>& steps, size_t last2, size_t last) {
            TensorView v;
            v.data = data;
            v.dtype = t.dtype;
            v.rank = static_cast<int>(t.dims.size());
            std::copy(t.dims.begin(), t.dims.end(), v.dims.begin());
            size_t a = 0;
            for (const size_t b : r.batches) v.strides[a++] = steps[b];
            v.strides[a++] = steps[last2];
            v.strides[a] = steps[last];
            return v;
        };
        const auto steps = [&](size_t operand) { return stepsOf(p, operand, args.inputs[operand].dims, args.inputs[operand].strides); };
        const std::vector<int64_t> ySteps(args.outputs[0].strides.begin(), args.outputs[0].strides.begin() + args.outputs[0].rank);
        const std::vector<TensorView> in{view(m.inputs[0], args.inputs[0].data, steps(0), r.row, r.summed), view(m.inputs[1], args.inputs[1].data, steps(1), r.summed, r.column)};
        const std::vector<TensorView> out{view(m.outputs[0], args.outputs[0].data, ySteps, r.row, r.column)};
        KernelArgs own;
        own.inputs = in;
        own.outputs = out;
        return args.outputs[0].count() == 0 ? std::vector<LaunchSpec>{} : inner(own);
    };
    return k;
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!plainLayer(d) || d.inputs.empty() || d.inputs.size() > 8 || d.inputs[0].quantized() || d.outputs[0].dtype == DType::Bool) return std::nullopt;
    const auto p = EinsumPlan::of(d);
    if (!p || p->kept > 8 || p->dims.size() - p->kept > 8) return std::nullopt;
    double terms = static_cast<double>(d.inputs.size());
    for (const int64_t n : p->dims) terms *= static_cast<double>(n);
    if (terms > 1e15) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device) + terms / 200;
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const EinsumPlan p = *EinsumPlan::of(d);
    Source source;
    source.file = "einsum.cu";
    source.defines = {{"X_T", storageType(d.outputs[0].dtype)}, {"ACC", computeType(d.outputs[0].dtype)}};
    source.define("OPERANDS", static_cast<int64_t>(d.inputs.size()));
    source.define("KEPT", std::max<int64_t>(1, static_cast<int64_t>(p.kept)));
    source.define("SUMMED", std::max<int64_t>(1, static_cast<int64_t>(p.dims.size() - p.kept)));
    return {std::move(source), [p, device](const KernelArgs& args) -> std::vector<LaunchSpec> {
                const TensorView& y = args.outputs[0];
                if (y.count() == 0) return {};
                std::vector<int64_t> kept(p.dims.begin(), p.dims.begin() + static_cast<std::ptrdiff_t>(p.kept)), summed(p.dims.begin() + static_cast<std::ptrdiff_t>(p.kept), p.dims.end());
                if (kept.empty()) kept.push_back(1);
                if (summed.empty()) summed.push_back(1);
                const DeviceLoop loop = deviceLoop(kept);
                LaunchSpec spec = launchOver("einsum", loop.total, device);
                ParameterBlock block;
                block.put(loop).put(deviceLoop(summed)).put(deviceView(y));
                for (size_t k = 0; k < args.inputs.size(); ++k) {
                    const auto steps = stepsOf(p, k, args.inputs[k].dims, args.inputs[k].strides);
                    block.put(args.inputs[k].data);
                    for (size_t a = 0; a < kept.size(); ++a) block.put(a < p.kept ? steps[a] : int64_t{0});
                    for (size_t a = 0; a < summed.size(); ++a) block.put(p.kept + a < steps.size() ? steps[p.kept + a] : int64_t{0});
                }
                block.addTo(spec.params);
                return {spec};
            }};
}

SINTER_CUDA_KERNEL(einsum)(std::vector<KernelRow>{
    plainRow("any_einsum__cuda", "Einsum", supports, make),
    plainRow("float_einsum__cuda_product", "Einsum", productSupports, productMake),
});

}  // namespace
}  // namespace sinter::cuda
