// MaxPool (with indices on request) and AveragePool; windows are clipped to the input plus its padding.
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/result.h"
#include "cpu/reference/row.h"
#include "cpu/reference/window.h"

namespace sinter::ref {
namespace {

bool better(double x, double best) { return x > best || (std::isnan(x) && !std::isnan(best)); }
bool better(int64_t x, int64_t best) { return x > best; }

template <bool kMax>
class Pool final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.empty() || d.outputs.size() > (kMax ? 2u : 1u)) return std::nullopt;
        const auto& x = d.inputs[0];
        if (kMax ? !isNumeric(x.dtype) || x.dtype == DType::U64 : !isFloatType(x.dtype)) return std::nullopt;
        if (!ResultWriter::supports(d, x.dtype, 1, 1)) return std::nullopt;
        if (d.outputs.size() == 2 && d.outputs[1].dtype != DType::I64) return std::nullopt;
        const auto& y = d.outputs[0].dims;
        const auto window = Window::of(d, x.dims, y);
        if (!window || y[0] != x.dims[0] || y[1] != x.dims[1]) return std::nullopt;
        return static_cast<double>(countOf(y) * window->kernelSize()) * kOperationNs;
    }

    explicit Pool(const LayerDesc& d)
        : writer_(d, d.inputs[0].dtype, 1, 1), window_(*Window::of(d, d.inputs[0].dims, d.outputs[0].dims)),
          countPadding_(d.intAttr("count_include_pad", 0) != 0), columnMajor_(d.intAttr("storage_order", 0) != 0) {}

    void run(const KernelArgs& args) override {
        if (isFloatType(args.inputs[0].dtype)) compute<double>(args);
        else compute<int64_t>(args);
    }

private:
    template <typename C>
    void compute(const KernelArgs& args) const {
        const TensorView& x = args.inputs[0];
        const Window& g = window_;
        const size_t rank = writer_.dims().size();
        parallel(args.pool, x.dims[0] * x.dims[1], 1, [&](int64_t begin, int64_t end, int) {
            ResultWriter::State state(writer_, args);
            std::vector<C> image(static_cast<size_t>(g.inSize())), line(static_cast<size_t>(g.out[2]));
            std::vector<int64_t> index(static_cast<size_t>(g.out[2])), coords(rank, 0);
            for (int64_t t = begin; t < end; ++t) {
                coords[0] = t / x.dims[1];
                coords[1] = t % x.dims[1];
                loadDense(inner(x, std::array{coords[0], coords[1]}), image.data());
                for (int64_t o0 = 0; o0 < g.out[0]; ++o0)
                    for (int64_t o1 = 0; o1 < g.out[1]; ++o1) {
                        for (int64_t o2 = 0; o2 < g.out[2]; ++o2) {
                            const auto i = static_cast<size_t>(o2);
                            if constexpr (kMax) line[i] = maximum(image.data(), o0, o1, o2, index[i]);
                            else line[i] = average(image.data(), o0, o1, o2);
                        }
                        if (rank >= 5) coords[2] = o0;
                        if (rank >= 4) coords[rank - 2] = o1;
                        if (kMax && args.outputs.size() == 2) putIndices(args.outputs[1], coords, t * g.inSize(), index);
                        writer_.put(state, coords, rank - 1, g.out[2], line.data());
                    }
            }
        });
    }

    /// Calls f(value, element) for the input elements of a window.
    template <typename C, typename F>
    void forWindow(const C* x, int64_t o0, int64_t o1, int64_t o2, F f) const {
        const Window& g = window_;
        for (int64_t k0 = 0; k0 < g.kernel[0]; ++k0) {
            const int64_t i0 = g.at(0, o0, k0);
            if (i0 < 0 || i0 >= g.in[0]) continue;
            for (int64_t k1 = 0; k1 < g.kernel[1]; ++k1) {
                const int64_t i1 = g.at(1, o1, k1);
                if (i1 < 0 || i1 >= g.in[1]) continue;
                for (int64_t k2 = 0; k2 < g.kernel[2]; ++k2) {
                    const int64_t i2 = g.at(2, o2, k2);
                    if (i2 < 0 || i2 >= g.in[2]) continue;
                    const int64_t element = (i0 * g.in[1] + i1) * g.in[2] + i2;
                    f(x[element], element);
                }
            }
        }
    }

    template <typename C>
    C maximum(const C* x, int64_t o0, int64_t o1, int64_t o2, int64_t& index) const {
        C best = std::numeric_limits<C>::has_infinity ? -std::numeric_limits<C>::infinity() : std::numeric_limits<C>::lowest();
        index = -1;
        forWindow(x, o0, o1, o2, [&](C v, int64_t element) {
            if (index >= 0 && !better(v, best)) return;
            best = v;
            index = element;
        });
        return best;
    }

    double average(const double* x, int64_t o0, int64_t o1, int64_t o2) const {
        double sum = 0;
        int64_t count = 0;
        forWindow(x, o0, o1, o2, [&](double v, int64_t) {
            sum += v;
            ++count;
        });
        if (countPadding_) {
            const int64_t o[3] = {o0, o1, o2};
            count = 1;
            for (int a = 0; a < 3; ++a) {
                int64_t inside = 0;
                for (int64_t k = 0; k < window_.kernel[a]; ++k) {
                    const int64_t i = window_.at(a, o[a], k);
                    if (i >= -window_.begin[a] && i < window_.in[a] + window_.end[a]) ++inside;
                }
                count *= inside;
            }
        }
        return count == 0 ? 0 : sum / static_cast<double>(count);
    }
    int64_t average(const int64_t*, int64_t, int64_t, int64_t) const { return 0; }  // estimate() refuses integers

    void putIndices(const TensorView& to, std::span<const int64_t> coords, int64_t plane, const std::vector<int64_t>& index) const {
        const Window& g = window_;
        const size_t last = coords.size() - 1;
        const int64_t base = offsetOf(coords, to.strides);
        for (size_t i = 0; i < index.size(); ++i) {
            int64_t e = index[i];
            if (columnMajor_) e = e / (g.in[1] * g.in[2]) + g.in[0] * (e / g.in[2] % g.in[1] + g.in[1] * (e % g.in[2]));
            to.as<int64_t>()[base + static_cast<int64_t>(i) * to.strides[last]] = plane + e;
        }
    }

    ResultWriter writer_;
    Window window_;
    bool countPadding_, columnMajor_;
};

SINTER_KERNEL(any_maxpool){row<Pool<true>>("any_maxpool__scalar", "MaxPool")};
SINTER_KERNEL(any_averagepool){row<Pool<false>>("any_averagepool__scalar", "AveragePool")};

}  // namespace
}  // namespace sinter::ref
