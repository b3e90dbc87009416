// GridSample of float32 images: where a place reads, and with what weights, is worked out once for all channels.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "core/kernel.h"
#include "core/thread_pool.h"
#include "cpu/sample/planes.h"

namespace sinter {
namespace {

enum class Outside { Zeros, Border, Reflection };

struct Plan {
    bool nearest = false, corners = false;
    Outside outside = Outside::Zeros;
    int64_t batch = 0, channels = 0, height = 0, width = 0, places = 0;
};

std::optional<Plan> planOf(const LayerDesc& d) {
    if (!d.program.empty() || d.opInputs != 2 || d.inputs.size() != 2 || d.outputs.size() != 1) return std::nullopt;
    const TensorInfo &x = d.inputs[0], &g = d.inputs[1], &y = d.outputs[0];
    if (x.dtype != DType::F32 || g.dtype != DType::F32 || y.dtype != DType::F32) return std::nullopt;
    if (x.dims.size() != 4 || g.dims.size() != 4 || y.dims.size() != 4 || g.dims[3] != 2 || x.count() == 0 || y.count() == 0) return std::nullopt;
    if (g.dims[0] != x.dims[0] || y.dims != std::vector<int64_t>{x.dims[0], x.dims[1], g.dims[1], g.dims[2]}) return std::nullopt;
    const std::string mode = d.stringAttr("mode", "linear"), outside = d.stringAttr("padding_mode", "zeros");
    if (mode != "linear" && mode != "nearest") return std::nullopt;
    Plan p;
    p.nearest = mode == "nearest";
    p.corners = d.intAttr("align_corners", 0) != 0;
    p.outside = outside == "border" ? Outside::Border : outside == "reflection" ? Outside::Reflection : Outside::Zeros;
    p.batch = x.dims[0];
    p.channels = x.dims[1];
    p.height = x.dims[2];
    p.width = x.dims[3];
    p.places = g.dims[1] * g.dims[2];
    if (p.height * p.width > INT32_MAX) return std::nullopt;
    return p;
}

/// x folded back into [low, high].
double reflected(double x, double low, double high) {
    const double range = high - low;
    if (range <= 0) return low;
    const double turns = std::floor((x - low) / range);
    const double rest = (x - low) - turns * range;
    return std::fmod(turns, 2.0) == 0 ? low + rest : high - rest;
}

/// Two neighbouring indices of an axis with their weights; what lies outside has index 0 and weight 0.
struct Axis {
    int32_t index[2] = {0, 0};
    float weight[2] = {0, 0};
};

Axis axisOf(double g, int64_t n, const Plan& p) {
    const auto last = static_cast<double>(n - 1);
    double at = p.corners ? (g + 1) / 2 * last : ((g + 1) * static_cast<double>(n) - 1) / 2;
    if (!std::isfinite(at)) at = -1e9;
    if (p.outside == Outside::Border) at = std::clamp(at, 0.0, last);
    if (p.outside == Outside::Reflection) at = std::clamp(p.corners ? reflected(at, 0, last) : reflected(at, -0.5, last + 0.5), 0.0, last);
    Axis a;
    const auto put = [&](int k, double i, double weight) {
        if (i < 0 || i > last) return;
        a.index[k] = static_cast<int32_t>(i);
        a.weight[k] = static_cast<float>(weight);
    };
    if (p.nearest) {
        put(0, std::nearbyint(at), 1);
        return a;
    }
    const double base = std::floor(at);
    put(0, base, 1 - (at - base));
    put(1, base + 1, at - base);
    return a;
}

void tapsOf(const float* grid, int64_t n, const Plan& p, sample::Taps& t) {
    for (int64_t i = 0; i < (n + 7) / 8 * 8; ++i) {
        const auto at = static_cast<size_t>(i);
        const Axis x = i < n ? axisOf(static_cast<double>(grid[2 * i]), p.width, p) : Axis{};
        const Axis y = i < n ? axisOf(static_cast<double>(grid[2 * i + 1]), p.height, p) : Axis{};
        for (size_t k = 0; k < 4; ++k) {
            t.offset[k][at] = y.index[k >> 1] * static_cast<int32_t>(p.width) + x.index[k & 1];
            t.weight[k][at] = y.weight[k >> 1] * x.weight[k & 1];
        }
    }
}

class GridSample final : public Kernel {
public:
    explicit GridSample(const Plan& p) : p_(p) {}

    void run(const KernelArgs& args) override {
        const auto* const x = args.inputs[0].as<const float>();
        const auto* const grid = args.inputs[1].as<const float>();
        auto* const y = args.outputs[0].as<float>();
        const int64_t tiles = (p_.places + sample::kTile - 1) / sample::kTile, plane = p_.height * p_.width;
        const auto body = [&](int64_t begin, int64_t end, int) {
            const auto taps = std::make_unique<sample::Taps>();
            for (int64_t t = begin; t < end; ++t) {
                const int64_t b = t / tiles, first = t % tiles * sample::kTile, n = std::min(sample::kTile, p_.places - first);
                tapsOf(grid + (b * p_.places + first) * 2, n, p_, *taps);
                for (int64_t c = 0; c < p_.channels; ++c) {
                    sample::readPlaneAvx2(x + (b * p_.channels + c) * plane, *taps, p_.nearest ? 1 : 4, n, y + (b * p_.channels + c) * p_.places + first);
                }
            }
        };
        if (args.pool) args.pool->parallelFor(p_.batch * tiles, 1, body);
        else body(0, p_.batch * tiles, 0);
    }

private:
    Plan p_;
};

std::optional<TacticInfo> supports(const LayerDesc& d, int threads) {
    if (!planOf(d)) return std::nullopt;
    TacticInfo info;
    info.inputLayouts.assign(2, "linear");
    info.outputLayouts.assign(1, "linear");
    info.packing.resize(2);
    info.inputViews.assign(2, 0);
    info.outputViews.assign(1, 0);
    info.estimate = (static_cast<double>(d.outputs[0].count()) * 1.5 + static_cast<double>(d.inputs[1].count()) * 20) / threads + 1200;
    return info;
}

SINTER_KERNEL(f32_gridsample_avx2){{.name = "f32_gridsample2d__avx2",
                                    .op = "GridSample",
                                    .isa = Isa::Avx2,
                                    .supports = supports,
                                    .make = [](const LayerDesc& d, int) -> std::unique_ptr<Kernel> { return std::make_unique<GridSample>(*planOf(d)); },
                                    .pack = {}}};

}  // namespace
}  // namespace sinter
