// DFT and STFT.
#include "cpu/reference/fourier.h"

#include <cmath>
#include <numbers>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"
#include "cpu/resolve/contents.h"

namespace sinter::ref {
namespace {

using Complex = std::complex<double>;

/// Cooley and Tukey, mixed radix: splits n = p·m by its smallest prime factor p. `step` strides through the roots of unity.
void transform(const Complex* in, Complex* out, int64_t n, int64_t stride, const std::vector<Complex>& roots, int64_t step) {
    if (n == 1) {
        out[0] = in[0];
        return;
    }
    int64_t p = 2;
    while (n % p != 0) p = p * p > n ? n : p + 1;
    const int64_t m = n / p, total = static_cast<int64_t>(roots.size());
    for (int64_t r = 0; r < p; ++r) transform(in + r * stride, out + r * m, m, stride * p, roots, step * p);
    std::vector<Complex> column(static_cast<size_t>(p));
    for (int64_t k = 0; k < m; ++k) {
        for (int64_t r = 0; r < p; ++r) column[static_cast<size_t>(r)] = out[r * m + k];
        for (int64_t q = 0; q < p; ++q) {
            Complex sum = 0;
            for (int64_t r = 0; r < p; ++r) sum += column[static_cast<size_t>(r)] * roots[static_cast<size_t>((r * (k + q * m) % n) * step % total)];
            out[q * m + k] = sum;
        }
    }
}

}  // namespace

void fourier(std::vector<Complex>& line, bool inverse) {
    const auto n = static_cast<int64_t>(line.size());
    if (n == 0) return;
    std::vector<Complex> roots(line.size()), out(line.size());
    const double turn = (inverse ? 2 : -2) * std::numbers::pi / static_cast<double>(n);
    for (int64_t k = 0; k < n; ++k) roots[static_cast<size_t>(k)] = std::polar(1.0, turn * static_cast<double>(k));
    transform(line.data(), out.data(), n, 1, roots, 1);
    if (inverse)
        for (Complex& c : out) c /= static_cast<double>(n);
    line = std::move(out);
}

namespace {

/// Inputs: x[…, 1 or 2] (real, or real and imaginary), length?, axis?.
class Dft final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        if (x.dims.size() < 2 || y.dims.size() != x.dims.size() || !isFloatType(x.dtype) || y.dtype != x.dtype) return std::nullopt;
        if (x.dims.back() < 1 || x.dims.back() > 2 || y.dims.back() < 1 || y.dims.back() > 2) return std::nullopt;
        return static_cast<double>(y.count()) * 40 * kMultiplyAddNs;
    }
    explicit Dft(const LayerDesc& d) : inverse_(d.intAttr("inverse", 0) != 0), onesided_(d.intAttr("onesided", 0) != 0), own_{d.opInputs} {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const size_t rank = static_cast<size_t>(x.rank);
        const auto axis = axisOf(own_(args, 2) ? scalarInt(args.inputs[2]) : -2, rank);
        if (!axis || *axis + 1 == rank) throw std::runtime_error("its axis is not one of the signal's");
        for (size_t a = 0; a + 1 < rank; ++a) {
            if (a != *axis && x.dims[a] != y.dims[a]) throw std::runtime_error("its result has another shape than the signal along an axis that stays");
        }
        const auto from = loadAll<double>(x);
        const auto xd = dimsOf(x), yd = dimsOf(y);
        const int64_t parts = xd[rank - 1], results = yd[rank - 1];
        const int64_t outer = countOf(xd.first(*axis)), inner = countOf(xd.subspan(*axis + 1, rank - 2 - *axis));
        const int64_t given = xd[*axis], stored = yd[*axis];
        const int64_t n = own_(args, 1) ? scalarInt(args.inputs[1]) : (onesided_ && inverse_ ? 2 * (given - 1) : given);
        std::vector<double> to(static_cast<size_t>(y.count()));
        parallel(args.pool, outer * inner, 1, [&](int64_t begin, int64_t end, int) {
            for (int64_t l = begin; l < end; ++l) {
                std::vector<Complex> line(static_cast<size_t>(std::max<int64_t>(n, 0)));
                for (int64_t i = 0; i < std::min(n, given); ++i) {
                    const double* v = from.data() + (((l / inner) * given + i) * inner + l % inner) * parts;
                    line[static_cast<size_t>(i)] = {v[0], parts == 2 ? v[1] : 0};
                }
                // A one-sided spectrum is the half of a symmetric one.
                if (onesided_ && inverse_)
                    for (int64_t i = n / 2 + 1; i < n; ++i) line[static_cast<size_t>(i)] = std::conj(line[static_cast<size_t>(n - i)]);
                fourier(line, inverse_);
                for (int64_t i = 0; i < std::min<int64_t>(stored, n); ++i) {
                    double* v = to.data() + (((l / inner) * stored + i) * inner + l % inner) * results;
                    v[0] = line[static_cast<size_t>(i)].real();
                    if (results == 2) v[1] = line[static_cast<size_t>(i)].imag();
                }
            }
        });
        storeAll(y, to);
    }

private:
    bool inverse_, onesided_;
    OwnInputs own_;
};

/// Inputs: signal[B,N,1?], step, window?, length?. Result [B, frames, bins, 2].
class Stft final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        if (x.dims.size() < 2 || x.dims.size() > 3 || y.dims.size() != 4 || y.dims[0] != x.dims[0] || y.dims[3] != 2 || (x.dims.size() == 3 && (x.dims[2] < 1 || x.dims[2] > 2)) || !isFloatType(x.dtype) || y.dtype != x.dtype) return std::nullopt;
        return static_cast<double>(y.count()) * 40 * kMultiplyAddNs;
    }
    explicit Stft(const LayerDesc& d) : own_{d.opInputs} {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const auto signal = loadAll<double>(x);
        const auto window = own_(args, 2) ? loadAll<double>(args.inputs[2]) : std::vector<double>{};
        const int64_t step = scalarInt(args.inputs[1]), parts = x.rank == 3 ? x.dims[2] : 1, length = x.dims[1];
        const int64_t frame = own_(args, 3) ? scalarInt(args.inputs[3]) : static_cast<int64_t>(window.size());
        const int64_t frames = y.dims[1], bins = y.dims[2];
        if (step < 1 || frame < 1 || frame > length || (!window.empty() && static_cast<int64_t>(window.size()) != frame)) throw std::runtime_error("its step, frame length and window do not fit each other");
        std::vector<double> to(static_cast<size_t>(y.count()));
        parallel(args.pool, y.dims[0] * frames, 1, [&](int64_t begin, int64_t end, int) {
            for (int64_t f = begin; f < end; ++f) {
                std::vector<Complex> line(static_cast<size_t>(frame));
                // A step may be any number: what begins behind the signal is not multiplied out.
                const int64_t first = f % frames <= length / step ? (f % frames) * step : length;
                for (int64_t i = 0; i < frame; ++i) {
                    const int64_t at = first + i;
                    if (at >= length) break;
                    const double* v = signal.data() + ((f / frames) * length + at) * parts;
                    line[static_cast<size_t>(i)] = Complex(v[0], parts == 2 ? v[1] : 0) * (window.empty() ? 1 : window[static_cast<size_t>(i)]);
                }
                fourier(line, false);
                for (int64_t i = 0; i < std::min(bins, frame); ++i) {
                    to[static_cast<size_t>((f * bins + i) * 2)] = line[static_cast<size_t>(i)].real();
                    to[static_cast<size_t>((f * bins + i) * 2 + 1)] = line[static_cast<size_t>(i)].imag();
                }
            }
        });
        storeAll(y, to);
    }

private:
    OwnInputs own_;
};

ResolvedLayer resolveDft(LayerDesc d, resolve::Inputs in) {
    auto dims = resolve::dimsOf(in[0]);
    const size_t axis = resolve::axisAt(resolve::given(in, 2) ? resolve::one(in, 2) : -2, dims.size());
    const bool inverse = d.intAttr("inverse", 0) != 0, onesided = d.intAttr("onesided", 0) != 0;
    const int64_t n = resolve::given(in, 1) ? resolve::one(in, 1) : (onesided && inverse ? 2 * (dims[axis] - 1) : dims[axis]);
    dims[axis] = onesided && !inverse ? n / 2 + 1 : n;
    dims.back() = onesided && inverse ? 1 : 2;
    d.outputs[0].dims = std::move(dims);
    const size_t count = d.opInputs;
    return resolve::keeping(std::move(d), count);
}

ResolvedLayer resolveStft(LayerDesc d, resolve::Inputs in) {
    const auto dims = resolve::dimsOf(in[0]);
    if (dims.size() < 2) throw std::runtime_error("its signal has no length");
    const int64_t step = resolve::one(in, 1), frame = resolve::given(in, 3) ? resolve::one(in, 3) : in[2].count();
    if (step < 1 || frame < 1) throw std::runtime_error("its step and frame length must be positive");
    d.outputs[0].dims = {dims[0], std::max<int64_t>((dims[1] - frame) / step + 1, 0), d.intAttr("onesided", 1) != 0 ? frame / 2 + 1 : frame, 2};
    const size_t count = d.opInputs;
    return resolve::keeping(std::move(d), count);
}

SINTER_KERNEL(any_dft){row<Dft>("any_dft__scalar", "DFT")};
SINTER_KERNEL(any_stft){row<Stft>("any_stft__scalar", "STFT")};
SINTER_RESOLVER(dft){"DFT", resolveDft};
SINTER_RESOLVER(stft){"STFT", resolveStft};

}  // namespace
}  // namespace sinter::ref
