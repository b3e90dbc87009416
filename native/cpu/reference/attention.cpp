// Attention: softmax(q·kᵀ·scale + mask)·v, one query row at a time. Rank 3 ([B,S,D]) is rank 4 with one head.
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

class Attention final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || !hasInput(d, 2) || d.outputs.size() != 1) return std::nullopt;
        const auto &q = d.inputs[0].dims, &k = d.inputs[1].dims, &v = d.inputs[2].dims, &y = d.outputs[0].dims;
        for (size_t i = 0; i < 3; ++i)
            if (!isFloatType(d.inputs[i].dtype)) return std::nullopt;
        const size_t r = q.size();
        if (r < 2 || r > 4 || k.size() != r || v.size() != r || y.size() != r || !isFloatType(d.outputs[0].dtype)) return std::nullopt;
        for (size_t a = 0; a + 2 < r; ++a)
            if (y[a] != q[a] || (k[a] != q[a] && k[a] != 1) || (v[a] != q[a] && v[a] != 1)) return std::nullopt;
        if (q[r - 1] != k[r - 1] || k[r - 2] != v[r - 2] || y[r - 2] != q[r - 2] || y[r - 1] != v[r - 1]) return std::nullopt;
        if (hasInput(d, 3)) {
            std::vector<int64_t> scores(q);
            scores[r - 1] = k[r - 2];
            if (!broadcastsTo(d.inputs[3].dims, scores) || !(isFloatType(d.inputs[3].dtype) || d.inputs[3].dtype == DType::Bool)) return std::nullopt;
        }
        return static_cast<double>(d.inputs[0].count()) * static_cast<double>(k[r - 2]) * 2 * kMultiplyAddNs;
    }

    explicit Attention(const LayerDesc& d) : scale_(d.floatAttr("scale", 1)), own_{d.opInputs} {}

    void run(const KernelArgs& args) override {
        const TensorView &q = args.inputs[0], &k = args.inputs[1], &v = args.inputs[2], &y = args.outputs[0];
        const auto r = static_cast<size_t>(q.rank);
        const auto outer = dimsOf(q).first(r - 2);
        const int64_t queries = q.dims[r - 2], depth = q.dims[r - 1], keys = k.dims[r - 2], width = v.dims[r - 1];
        std::vector<int64_t> headDims(outer.begin(), outer.end());
        headDims.insert(headDims.end(), {1, 1});
        const Dims ks = batchStrides(k, headDims), vs = batchStrides(v, headDims);
        parallel(args.pool, countOf(outer), 1, [&](int64_t begin, int64_t end, int) {
            std::vector<double> key(static_cast<size_t>(keys * depth)), value(static_cast<size_t>(keys * width)), query(static_cast<size_t>(depth)),
                score(static_cast<size_t>(keys)), result(static_cast<size_t>(width)), mask(static_cast<size_t>(keys));
            Odometer at(outer, begin);
            for (int64_t h = begin; h < end; ++h, at.next()) {
                loadMatrix(k, offsetOf(at.at(), ks), key.data());
                loadMatrix(v, offsetOf(at.at(), vs), value.data());
                for (int64_t s = 0; s < queries; ++s) {
                    load(q.dtype, q.data, offsetOf(at.at(), q.strides) + s * q.strides[r - 2], q.strides[r - 1], depth, query.data());
                    for (int64_t t = 0; t < keys; ++t) {
                        double dot = 0;
                        for (int64_t i = 0; i < depth; ++i) dot += query[static_cast<size_t>(i)] * key[static_cast<size_t>(t * depth + i)];
                        score[static_cast<size_t>(t)] = dot * scale_;
                    }
                    if (own_(args, 3)) addMask(args.inputs[3], at.at(), s, mask, score);
                    softmax(score);
                    std::fill(result.begin(), result.end(), 0.0);
                    for (int64_t t = 0; t < keys; ++t)
                        for (int64_t i = 0; i < width; ++i)
                            result[static_cast<size_t>(i)] += score[static_cast<size_t>(t)] * value[static_cast<size_t>(t * width + i)];
                    store(y.dtype, y.data, offsetOf(at.at(), y.strides) + s * y.strides[r - 2], y.strides[r - 1], width, result.data());
                }
            }
        });
    }

private:
    static Dims batchStrides(const TensorView& v, std::span<const int64_t> headDims) {
        TensorView heads = v;
        heads.dims[static_cast<size_t>(v.rank - 1)] = heads.dims[static_cast<size_t>(v.rank - 2)] = 1;
        return broadcastStrides(heads, headDims);
    }

    static void loadMatrix(const TensorView& v, int64_t offset, double* out) {
        const auto r = static_cast<size_t>(v.rank);
        for (int64_t i = 0; i < v.dims[r - 2]; ++i) load(v.dtype, v.data, offset + i * v.strides[r - 2], v.strides[r - 1], v.dims[r - 1], out + i * v.dims[r - 1]);
    }

    static void addMask(const TensorView& m, std::span<const int64_t> at, int64_t s, std::vector<double>& line, std::vector<double>& score) {
        const auto keys = static_cast<int64_t>(score.size());
        std::vector<int64_t> coords(at.begin(), at.end());
        coords.insert(coords.end(), {s, 0});
        std::vector<int64_t> full(coords.size(), std::numeric_limits<int64_t>::max());
        const Dims strides = broadcastStrides(m, full);
        load(m.dtype, m.data, offsetOf(coords, strides), strides[coords.size() - 1], keys, line.data());
        for (size_t t = 0; t < score.size(); ++t) {
            if (m.dtype == DType::Bool) score[t] = line[t] != 0 ? score[t] : -std::numeric_limits<double>::infinity();
            else score[t] += line[t];
        }
    }

    static void softmax(std::vector<double>& x) {
        double top = -std::numeric_limits<double>::infinity(), sum = 0;
        for (double v : x) top = std::max(top, v);
        for (double& v : x) sum += v = std::exp(v - top);
        for (double& v : x) v /= sum;
    }

    double scale_;
    OwnInputs own_;
};

SINTER_KERNEL(any_attention){row<Attention>("any_attention__scalar", "Attention")};

}  // namespace
}  // namespace sinter::ref
