// Pad (all modes, negative pads crop) and Tile: per axis, a table of source indices.
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

/// Source index of position i (which may lie outside [0, n)), or -1 for the constant.
int64_t sourceOf(const std::string& mode, int64_t i, int64_t n) {
    if (i >= 0 && i < n) return i;
    if (mode == "edge") return i < 0 ? 0 : n - 1;
    if (mode == "wrap") return ((i % n) + n) % n;
    if (mode == "reflect") {
        if (n == 1) return 0;
        const int64_t period = 2 * (n - 1), r = ((i % period) + period) % period;
        return r < n ? r : period - r;
    }
    return -1;
}

class Pad final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        const auto pads = d.intsAttr("pads");
        const std::string mode = d.stringAttr("mode", "constant");
        const size_t r = x.dims.size();
        if (x.dtype != y.dtype || !isNumeric(x.dtype) || y.dims.size() != r || pads.size() != 2 * r) return std::nullopt;
        if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") return std::nullopt;
        for (size_t a = 0; a < r; ++a) {
            if (x.dims[a] + pads[a] + pads[a + r] != y.dims[a]) return std::nullopt;
            if (x.dims[a] == 0 && mode != "constant" && y.dims[a] != 0) return std::nullopt;
        }
        return static_cast<double>(y.count()) * kMoveNs;
    }
    explicit Pad(const LayerDesc& d) : pads_(d.intsAttr("pads")), mode_(d.stringAttr("mode", "constant")), value_(d.floatAttr("value", 0)) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        std::vector<std::vector<int64_t>> maps(static_cast<size_t>(y.rank));
        for (size_t a = 0; a < maps.size(); ++a)
            for (int64_t o = 0; o < y.dims[a]; ++o) maps[a].push_back(sourceOf(mode_, o - pads_[a], x.dims[a]));
        uint64_t fill = 0;
        if (isFloatType(y.dtype)) {
            store(y.dtype, &fill, 0, 1, 1, &value_);
        } else {
            const int64_t whole = floatToInt(y.dtype, value_);
            store(y.dtype, &fill, 0, 1, 1, &whole);
        }
        copyMapped(args.pool, y, x, maps, &fill);
    }

private:
    std::vector<int64_t> pads_;
    std::string mode_;
    double value_;
};

class Tile final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        if (x.dtype != y.dtype || dtypeSize(x.dtype) == 0 || x.dims.size() != y.dims.size()) return std::nullopt;
        for (size_t a = 0; a < x.dims.size(); ++a)
            if (y.dims[a] != 0 && (x.dims[a] == 0 || y.dims[a] % x.dims[a] != 0)) return std::nullopt;
        return static_cast<double>(y.count()) * kMoveNs;
    }
    explicit Tile(const LayerDesc&) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        std::vector<std::vector<int64_t>> maps(static_cast<size_t>(y.rank));
        for (size_t a = 0; a < maps.size(); ++a)
            for (int64_t o = 0; o < y.dims[a]; ++o) maps[a].push_back(o % x.dims[a]);
        const uint64_t unused = 0;
        copyMapped(args.pool, y, x, maps, &unused);
    }
};

SINTER_KERNEL(any_pad){row<Pad>("any_pad__scalar", "Pad")};
SINTER_KERNEL(any_tile){row<Tile>("any_tile__scalar", "Tile")};

}  // namespace
}  // namespace sinter::ref
