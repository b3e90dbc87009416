// LayerNorm, InstanceNorm and GroupNorm: (x − mean) / √(variance + ε) over a block of trailing elements, then scale and bias.
#include <array>
#include <cmath>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/result.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

void normalize(double* x, int64_t n, double epsilon) {
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < n; ++i) mean += x[i];
    mean /= static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) variance += (x[i] - mean) * (x[i] - mean);
    const double factor = 1 / std::sqrt(variance / static_cast<double>(n) + epsilon);
    for (int64_t i = 0; i < n; ++i) x[i] = (x[i] - mean) * factor;
}

bool floatsThroughout(const LayerDesc& d) {
    for (size_t i = 0; i < d.opInputs; ++i)
        if (d.inputs[i].present() && !isFloatType(d.inputs[i].dtype)) return false;
    return true;
}

class LayerNorm final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.empty() || !floatsThroughout(d)) return std::nullopt;
        const auto& x = d.inputs[0];
        const auto axis = axisOf(d.intAttr("axis", -1), x.dims.size());
        if (!axis || d.outputs[0].dims != x.dims || !ResultWriter::supports(d, x.dtype, 0, 1) || d.outputs.size() > 3) return std::nullopt;
        const std::vector<int64_t> block(x.dims.begin() + static_cast<std::ptrdiff_t>(*axis), x.dims.end());
        for (size_t i = 1; i < 3; ++i)
            if (hasInput(d, i) && !broadcastsTo(d.inputs[i].dims, block)) return std::nullopt;
        for (size_t i = 1; i < d.outputs.size(); ++i)  // mean and reciprocal deviation
            if (d.outputs[i].present() && (!isFloatType(d.outputs[i].dtype) || d.outputs[i].dims.size() != x.dims.size())) return std::nullopt;
        return static_cast<double>(x.count()) * 4 * kOperationNs;
    }

    explicit LayerNorm(const LayerDesc& d)
        : writer_(d, d.inputs[0].dtype, 0, 1), axis_(*axisOf(d.intAttr("axis", -1), d.inputs[0].dims.size())), epsilon_(d.floatAttr("epsilon", 1e-5)), own_{d.opInputs} {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const auto outer = dimsOf(x).first(axis_), block = dimsOf(x).subspan(axis_);
        const int64_t n = countOf(block);
        std::vector<double> scale(static_cast<size_t>(n), 1.0), bias(static_cast<size_t>(n), 0.0);
        if (own_(args, 1)) loadBroadcast(args.inputs[1], block, scale.data());
        if (own_(args, 2)) loadBroadcast(args.inputs[2], block, bias.data());
        if (n == 0) return;
        parallel(args.pool, countOf(outer), 1024 / n + 1, [&](int64_t begin, int64_t end, int) {
            ResultWriter::State state(writer_, args);
            std::vector<double> values(static_cast<size_t>(n));
            Odometer at(outer, begin);
            for (int64_t r = begin; r < end; ++r, at.next()) {
                loadDense(inner(x, at.at()), values.data());
                statistics(args, at.at(), values);
                normalize(values.data(), n, epsilon_);
                for (size_t i = 0; i < values.size(); ++i) values[i] = values[i] * scale[i] + bias[i];
                writer_.putBlock(state, at.at(), values.data());
            }
        });
    }

private:
    static void loadBroadcast(const TensorView& v, std::span<const int64_t> dims, double* out) {
        const Dims strides = broadcastStrides(v, dims);
        loadDense(reshaped(v, v.data, dims, std::span(strides).first(dims.size())), out);
    }

    /// The optional outputs Mean and InvStdDev.
    void statistics(const KernelArgs& args, std::span<const int64_t> at, const std::vector<double>& x) const {
        if (args.outputs.size() < 2) return;
        double mean = 0, variance = 0;
        for (double v : x) mean += v / static_cast<double>(x.size());
        for (double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
        const double found[2] = {mean, 1 / std::sqrt(variance + epsilon_)};
        for (size_t i = 1; i < args.outputs.size(); ++i)
            if (args.outputs[i].present()) store(args.outputs[i].dtype, args.outputs[i].data, offsetOf(at, args.outputs[i].strides), 1, 1, &found[i - 1]);
    }

    ResultWriter writer_;
    size_t axis_;
    double epsilon_;
    OwnInputs own_;
};

/// InstanceNorm normalizes each channel, GroupNorm each run of channels; scale and bias are per channel
/// (or, as GroupNormalization had it before opset 21, per group).
template <bool kGroups>
class ChannelNorm final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || !hasInput(d, 1) || !hasInput(d, 2) || d.outputs.size() != 1 || !floatsThroughout(d)) return std::nullopt;
        const auto& x = d.inputs[0];
        if (x.dims.size() < 2 || d.outputs[0].dims != x.dims || !ResultWriter::supports(d, x.dtype, 0, 1)) return std::nullopt;
        const int64_t groups = kGroups ? d.intAttr("num_groups", 0) : x.dims[1];
        if (groups <= 0 || x.dims[1] % groups != 0) return std::nullopt;
        for (size_t i = 1; i < 3; ++i)
            if (d.inputs[i].count() != x.dims[1] && d.inputs[i].count() != groups) return std::nullopt;
        return static_cast<double>(x.count()) * 4 * kOperationNs;
    }

    explicit ChannelNorm(const LayerDesc& d)
        : writer_(d, d.inputs[0].dtype, 0, 1), groups_(kGroups ? d.intAttr("num_groups", 1) : d.inputs[0].dims[1]), epsilon_(d.floatAttr("epsilon", 1e-5)) {}

    void run(const KernelArgs& args) override {
        const TensorView& x = args.inputs[0];
        const int64_t channels = x.dims[1], perGroup = channels / groups_, plane = countOf(dimsOf(x).subspan(2));
        const std::vector<double> scale = perChannel(args.inputs[1], channels), bias = perChannel(args.inputs[2], channels);
        parallel(args.pool, x.dims[0] * groups_, 1, [&](int64_t begin, int64_t end, int) {
            ResultWriter::State state(writer_, args);
            std::vector<double> values(static_cast<size_t>(perGroup * plane));
            for (int64_t t = begin; t < end; ++t) {
                const int64_t n = t / groups_, first = t % groups_ * perGroup;
                for (int64_t c = 0; c < perGroup; ++c) loadDense(inner(x, std::array{n, first + c}), values.data() + c * plane);
                normalize(values.data(), perGroup * plane, epsilon_);
                for (int64_t c = 0; c < perGroup; ++c) {
                    double* p = values.data() + c * plane;
                    const auto k = static_cast<size_t>(first + c);
                    for (int64_t i = 0; i < plane; ++i) p[i] = p[i] * scale[k] + bias[k];
                    if (x.rank > 2) writer_.putBlock(state, std::array{n, first + c}, p);
                    else writer_.put(state, std::array{n, first + c}, 1, 1, p);
                }
            }
        });
    }

private:
    static std::vector<double> perChannel(const TensorView& v, int64_t channels) {
        std::vector<double> raw(static_cast<size_t>(v.count())), out(static_cast<size_t>(channels));
        loadDense(v, raw.data());
        const int64_t repeat = channels / v.count();
        for (int64_t c = 0; c < channels; ++c) out[static_cast<size_t>(c)] = raw[static_cast<size_t>(c / repeat)];
        return out;
    }

    ResultWriter writer_;
    int64_t groups_;
    double epsilon_;
};

SINTER_KERNEL(any_layernorm){row<LayerNorm>("any_layernorm__scalar", "LayerNorm")};
SINTER_KERNEL(any_instancenorm){row<ChannelNorm<false>>("any_instancenorm__scalar", "InstanceNorm")};
SINTER_KERNEL(any_groupnorm){row<ChannelNorm<true>>("any_groupnorm__scalar", "GroupNorm")};

}  // namespace
}  // namespace sinter::ref
