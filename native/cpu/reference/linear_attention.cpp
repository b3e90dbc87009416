// LinearAttention: a state of d_k × d_v per head of keys, which every token decays, corrects, adds to and reads.
#include <cmath>

#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

/// Inputs: q[batch, tokens, q heads · d_k], k, v, state before[batch, kv heads, d_k, d_v]?, decay?, beta?.
class LinearAttention final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!d.program.empty() || !hasInput(d, 0) || !hasInput(d, 1) || !hasInput(d, 2) || d.outputs.empty() || d.outputs.size() > 2) return std::nullopt;
        for (const TensorInfo& t : d.inputs)
            if (t.present() && !isFloatType(t.dtype)) return std::nullopt;
        for (const TensorInfo& t : d.outputs)
            if (t.present() && !isFloatType(t.dtype)) return std::nullopt;
        const int64_t qHeads = d.intAttr("q_num_heads", 0), heads = d.intAttr("kv_num_heads", 0);
        const auto &q = d.inputs[0].dims, &k = d.inputs[1].dims, &v = d.inputs[2].dims;
        if (qHeads <= 0 || heads <= 0 || qHeads % heads || q.size() != 3 || k.size() != 3 || v.size() != 3) return std::nullopt;
        if (q[2] % qHeads || k[2] % heads || v[2] % heads || q[2] / qHeads != k[2] / heads) return std::nullopt;
        for (size_t a = 0; a < 2; ++a)
            if (k[a] != q[a] || v[a] != q[a]) return std::nullopt;
        const int64_t dk = k[2] / heads, dv = v[2] / heads;
        const std::vector<int64_t> state{q[0], heads, dk, dv}, result{q[0], q[1], qHeads * dv};
        if (d.outputs[0].dims != result || (d.outputs.size() > 1 && d.outputs[1].present() && d.outputs[1].dims != state)) return std::nullopt;
        if (hasInput(d, 3) && d.inputs[3].dims != state) return std::nullopt;
        const std::string rule = d.stringAttr("update_rule", "gated_delta");
        if (hasInput(d, 4) != (rule == "gated" || rule == "gated_delta") || hasInput(d, 5) != (rule == "delta" || rule == "gated_delta")) return std::nullopt;
        const auto along = [&](size_t i, int64_t a, int64_t b) {
            const auto& dims = d.inputs[i].dims;
            return dims.size() == 3 && dims[0] == q[0] && dims[1] == q[1] && (dims[2] == a || dims[2] == b);
        };
        if ((hasInput(d, 4) && !along(4, heads, heads * dk)) || (hasInput(d, 5) && !along(5, heads, 1))) return std::nullopt;
        return static_cast<double>(q[0] * q[1] * (2 * heads + qHeads) * dk * dv) * kMultiplyAddNs;
    }
    explicit LinearAttention(const LayerDesc& d)
        : qHeads_(d.intAttr("q_num_heads", 1)), heads_(d.intAttr("kv_num_heads", 1)), scale_(d.floatAttr("scale", 0)), own_{d.opInputs} {}

    void run(const KernelArgs& args) override {
        const auto q = loadAll<double>(args.inputs[0]), k = loadAll<double>(args.inputs[1]), v = loadAll<double>(args.inputs[2]);
        const int64_t batch = args.inputs[0].dims[0], tokens = args.inputs[0].dims[1];
        const int64_t dk = args.inputs[1].dims[2] / heads_, dv = args.inputs[2].dims[2] / heads_;
        std::vector<double> state(static_cast<size_t>(batch * heads_ * dk * dv), 0.0);
        if (own_(args, 3)) state = loadAll<double>(args.inputs[3]);
        const Along decay(own_(args, 4) ? &args.inputs[4] : nullptr), beta(own_(args, 5) ? &args.inputs[5] : nullptr);
        std::vector<double> result(static_cast<size_t>(batch * tokens * qHeads_ * dv));
        const double scale = scale_ != 0 ? scale_ : 1 / std::sqrt(static_cast<double>(dk));
        parallel(args.pool, batch * heads_, 1, [&](int64_t begin, int64_t end, int) {
            std::vector<double> added(static_cast<size_t>(dv));
            for (int64_t h = begin; h < end; ++h) {
                double* s = state.data() + h * dk * dv;
                for (int64_t t = 0; t < tokens; ++t) {
                    const int64_t row = h / heads_ * tokens + t, head = h % heads_;
                    const double* key = k.data() + (row * heads_ + head) * dk;
                    if (decay.given()) fade(s, decay.row(row), decay.width() == heads_ ? head : head * dk, decay.width() == heads_ ? 0 : 1, dk, dv);
                    std::copy_n(v.data() + (row * heads_ + head) * dv, dv, added.begin());
                    if (beta.given()) correct(s, key, beta.row(row)[beta.width() == 1 ? 0 : head], dk, dv, added);
                    for (int64_t i = 0; i < dk; ++i)
                        for (int64_t j = 0; j < dv; ++j) s[i * dv + j] += key[i] * added[static_cast<size_t>(j)];
                    const int64_t shared = qHeads_ / heads_;
                    for (int64_t g = head * shared; g < (head + 1) * shared; ++g) read(s, q.data() + (row * qHeads_ + g) * dk, scale, dk, dv, result.data() + (row * qHeads_ + g) * dv);
                }
            }
        });
        storeAll(args.outputs[0], result);
        if (args.outputs.size() > 1 && args.outputs[1].present()) storeAll(args.outputs[1], state);
    }

private:
    /// [batch · tokens, width] of numbers that may be absent.
    class Along {
    public:
        explicit Along(const TensorView* v) : width_(v ? v->dims[2] : 0) {
            if (v) values_ = loadAll<double>(*v);
        }
        bool given() const { return width_ > 0; }
        int64_t width() const { return width_; }
        const double* row(int64_t r) const { return values_.data() + r * width_; }

    private:
        int64_t width_;
        std::vector<double> values_;
    };

    /// The state times e^decay, one decay for all of it or one per row.
    static void fade(double* s, const double* decay, int64_t first, int64_t step, int64_t dk, int64_t dv) {
        for (int64_t i = 0; i < dk; ++i) {
            const double factor = std::exp(decay[first + i * step]);
            for (int64_t j = 0; j < dv; ++j) s[i * dv + j] *= factor;
        }
    }
    /// What is new in v: rate · (v - state^T key).
    static void correct(const double* s, const double* key, double rate, int64_t dk, int64_t dv, std::vector<double>& v) {
        for (int64_t j = 0; j < dv; ++j) {
            double known = 0;
            for (int64_t i = 0; i < dk; ++i) known += s[i * dv + j] * key[i];
            v[static_cast<size_t>(j)] = rate * (v[static_cast<size_t>(j)] - known);
        }
    }
    static void read(const double* s, const double* query, double scale, int64_t dk, int64_t dv, double* out) {
        for (int64_t j = 0; j < dv; ++j) {
            double sum = 0;
            for (int64_t i = 0; i < dk; ++i) sum += query[i] * s[i * dv + j];
            out[j] = scale * sum;
        }
    }

    int64_t qHeads_, heads_;
    double scale_;
    OwnInputs own_;
};

SINTER_KERNEL(any_linearattention){row<LinearAttention>("any_linearattention__scalar", "LinearAttention")};

}  // namespace
}  // namespace sinter::ref
