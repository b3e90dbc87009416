// QuantizeLinear: saturate(round half to even(x / scale) + zero point). DequantizeLinear: (x − zero point) · scale.
// A float type of 8 bits or less takes x / scale + zero point, saturated unless `saturate` is 0.
// Scale and zero point are scalars, one per index of `axis`, or of x's rank: one per `block_size` elements along `axis`.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/number_formats.h"
#include "cpu/reference/convert.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

std::optional<std::pair<double, double>> limitsOf(DType t) {
    switch (t) {
        case DType::U8: return {{0, 255}};
        case DType::I8: return {{-128, 127}};
        case DType::U16: return {{0, 65535}};
        case DType::I16: return {{-32768, 32767}};
        case DType::U4: return {{0, 15}};
        case DType::I4: return {{-8, 7}};
        case DType::U2: return {{0, 3}};
        case DType::I2: return {{-2, 1}};
        default: return std::nullopt;
    }
}

bool isNarrowFloat(DType t) { return isFloatType(t) && storedBits(t) <= 8; }

template <bool kQuantize>
class Quantize final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &scale = d.inputs[1], &y = d.outputs[0];
        const DType whole = kQuantize ? y.dtype : x.dtype, real = kQuantize ? x.dtype : y.dtype;
        if (!limitsOf(whole) && !isNarrowFloat(whole) && !(whole == DType::I32 && !kQuantize)) return std::nullopt;
        if (x.dims != y.dims || !isFloatType(scale.dtype) || !(isFloatType(real) || (kQuantize && real == DType::I32))) return std::nullopt;
        if (hasInput(d, 2) && (d.inputs[2].dtype != whole || d.inputs[2].count() != scale.count())) return std::nullopt;
        if (const int64_t block = d.intAttr("block_size", 0); block != 0) {
            const auto axis = axisOf(d.intAttr("axis", 1), x.dims.size());
            if (block < 0 || !axis || scale.dims.size() != x.dims.size()) return std::nullopt;
            for (size_t a = 0; a < x.dims.size(); ++a) {
                if (scale.dims[a] != (a == *axis ? (x.dims[a] + block - 1) / block : x.dims[a])) return std::nullopt;
            }
        } else if (scale.count() != 1 || scale.dims.size() > 1) {
            const auto axis = axisOf(d.intAttr("axis", 1), x.dims.size());
            if (!axis || scale.dims.size() != 1 || scale.dims[0] != x.dims[*axis]) return std::nullopt;
        }
        return static_cast<double>(x.count()) * kOperationNs;
    }
    explicit Quantize(const LayerDesc& d) : axis_(axisOf(d.intAttr("axis", 1), std::max<size_t>(d.inputs[0].dims.size(), 1)).value_or(0)), own_{d.opInputs}, block_(d.intAttr("block_size", 0)), saturates_(d.intAttr("saturate", 1) != 0) {}

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        std::vector<double> scale(static_cast<size_t>(args.inputs[1].count())), zero(scale.size(), 0.0);
        loadDense(args.inputs[1], scale.data());
        if (own_(args, 2)) {
            loadDense(args.inputs[2], zero.data());
        }
        for (size_t c = 0; c < scale.size(); ++c) {
            TensorView from = x, to = y;
            if (block_ > 0) {
                from = blockOf(x, args.inputs[1], static_cast<int64_t>(c));
                to = blockOf(y, args.inputs[1], static_cast<int64_t>(c));
            } else if (scale.size() > 1) {
                from = narrowed(x, axis_, static_cast<int64_t>(c), 1);
                to = narrowed(y, axis_, static_cast<int64_t>(c), 1);
            }
            const std::array<Dims, 2> strides{to.strides, from.strides};
            const LoopNest nest(dimsOf(to), strides);
            const int last = nest.rank() - 1;
            const int64_t n = nest.inner();
            parallel(args.pool, nest.rows(), 4096 / std::max<int64_t>(n, 1) + 1, [&](int64_t begin, int64_t end, int) {
                std::vector<double> line(static_cast<size_t>(n));
                std::vector<int64_t> whole(static_cast<size_t>(n));
                nest.forRows(begin, end, [&](const int64_t* o) { convert(from, o[1], nest.stride(1, last), to, o[0], nest.stride(0, last), n, scale[c], zero[c], line, whole); });
            });
        }
    }

private:
    /// The elements that scale `c` is for.
    TensorView blockOf(TensorView v, const TensorView& scales, int64_t c) const {
        for (int a = scales.rank; a-- > 0;) {
            const auto at = static_cast<size_t>(a);
            const int64_t i = c % scales.dims[at];
            c /= scales.dims[at];
            v = at == axis_ ? narrowed(v, at, i * block_, std::min(block_, v.dims[at] - i * block_)) : narrowed(v, at, i, 1);
        }
        return v;
    }
    void convert(const TensorView& from, int64_t fo, int64_t fs, const TensorView& to, int64_t o, int64_t s, int64_t n, double scale, double zero,
                        std::vector<double>& line, std::vector<int64_t>& whole) const {
        load(from.dtype, from.data, fo, fs, n, line.data());
        if (kQuantize && isNarrowFloat(to.dtype)) {
            for (double& v : line) {
                v = static_cast<double>(static_cast<float>(v / scale)) + zero;
                if (saturates_) v = saturateFloat(to.dtype, v);
            }
            store(to.dtype, to.data, o, s, n, line.data());
        } else if constexpr (kQuantize) {
            const auto [low, high] = *limitsOf(to.dtype);
            for (size_t i = 0; i < line.size(); ++i) {
                const double q = std::nearbyint(static_cast<double>(static_cast<float>(line[i] / scale))) + zero;
                whole[i] = std::isnan(q) ? static_cast<int64_t>(zero) : static_cast<int64_t>(std::clamp(q, low, high));
            }
            store(to.dtype, to.data, o, s, n, whole.data());
        } else {
            for (double& v : line) v = (v - zero) * scale;
            store(to.dtype, to.data, o, s, n, line.data());
        }
    }

    size_t axis_;
    OwnInputs own_;
    int64_t block_;
    bool saturates_;
};

SINTER_KERNEL(any_quantizelinear){row<Quantize<true>>("any_quantizelinear__scalar", "QuantizeLinear")};
SINTER_KERNEL(any_dequantizelinear){row<Quantize<false>>("any_dequantizelinear__scalar", "DequantizeLinear")};

}  // namespace
}  // namespace sinter::ref
