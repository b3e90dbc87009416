// MelWeightMatrix: weights that gather spectrogram bins into mel bands.
#include <algorithm>
#include <cmath>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"
#include "cpu/resolve/contents.h"

namespace sinter::ref {
namespace {

double melOf(double hertz) { return 2595 * std::log10(1 + hertz / 700); }
double hertzOf(double mel) { return 700 * (std::pow(10, mel / 2595) - 1); }

/// Inputs (scalars): bands, DFT length, sample rate, lower and upper edge in hertz. Result [DFT length / 2 + 1, bands].
class MelWeightMatrix final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (d.opInputs != 5 || d.inputs.size() != 5 || d.outputs.size() != 1 || d.outputs[0].dims.size() != 2 || !isNumeric(d.outputs[0].dtype)) return std::nullopt;
        return static_cast<double>(d.outputs[0].count()) * kOperationNs;
    }
    explicit MelWeightMatrix(const LayerDesc&) {}

    void run(const KernelArgs& args) override {
        const TensorView& y = args.outputs[0];
        const int64_t bands = y.dims[1], rows = y.dims[0], length = scalarInt(args.inputs[1]);
        const double rate = scalarFloat(args.inputs[2]), low = melOf(scalarFloat(args.inputs[3])), high = melOf(scalarFloat(args.inputs[4]));
        if (bands < 0 || rows < 0 || !std::isfinite(low) || !std::isfinite(high)) throw std::runtime_error("its edges are no frequencies");
        if (!(rate > 0)) throw std::runtime_error("its sample rate is not positive");
        std::vector<int64_t> edges;
        const double step = (high - low) / static_cast<double>(bands + 2);
        for (int64_t i = 0; i < bands + 2; ++i)
            edges.push_back(static_cast<int64_t>(std::clamp(std::floor(static_cast<double>(length + 1) * hertzOf(low + static_cast<double>(i) * step) / rate), -1e6, 1e9)));
        std::vector<double> w(static_cast<size_t>(y.count()), 0.0);
        const auto at = [&](int64_t r, int64_t c) -> double* { return r >= 0 && r < rows ? &w[static_cast<size_t>(r * bands + c)] : nullptr; };
        for (int64_t i = 0; i < bands; ++i) {
            const int64_t a = edges[static_cast<size_t>(i)], b = edges[static_cast<size_t>(i + 1)], c = edges[static_cast<size_t>(i + 2)];
            if (a == b) {
                if (double* v = at(b, i)) *v = 1;
            } else {
                for (int64_t j = a; j <= b; ++j)
                    if (double* v = at(j, i)) *v = static_cast<double>(j - a) / static_cast<double>(b - a);
            }
            for (int64_t j = b; j < c; ++j)
                if (double* v = at(j, i)) *v = static_cast<double>(c - j) / static_cast<double>(c - b);
        }
        if (isFloatType(y.dtype)) return storeAll(y, w);
        storeAll(y, std::vector<int64_t>(w.begin(), w.end()));
    }
};

ResolvedLayer resolveMel(LayerDesc d, resolve::Inputs in) {
    d.outputs[0].dims = {resolve::one(in, 1) / 2 + 1, resolve::one(in, 0)};
    return resolve::keeping(std::move(d), 5);
}

SINTER_KERNEL(any_mel){row<MelWeightMatrix>("any_melweightmatrix__scalar", "MelWeightMatrix")};
SINTER_RESOLVER(mel){"MelWeightMatrix", resolveMel};

}  // namespace
}  // namespace sinter::ref
