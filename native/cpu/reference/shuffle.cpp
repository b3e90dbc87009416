// Shuffle: Reshape → Transpose → Reshape in one move, in whatever layout both sides have. Channel shuffles, patch
// embeddings and head splits are of this form.
#include <vector>

#include "cpu/reference/row.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {
namespace {

/// How many axes of `parts`, from `at` on, multiply to `whole`; nothing when they do not come out even.
std::optional<size_t> splitLength(const std::vector<int64_t>& parts, size_t at, int64_t whole) {
    int64_t product = 1;
    for (size_t n = at; n < parts.size(); ++n) {
        product *= parts[n];
        if (product == whole) return n - at + 1;
        if (product > whole) return std::nullopt;
    }
    return std::nullopt;
}

/// Lengths of the runs of `parts` that make up each axis of `dims`; empty when an axis does not consist of whole parts.
std::vector<size_t> splitOf(const std::vector<int64_t>& dims, const std::vector<int64_t>& parts) {
    std::vector<size_t> runs;
    size_t at = 0;
    for (const int64_t d : dims) {
        const auto n = splitLength(parts, at, d);
        if (!n) return {};
        runs.push_back(*n);
        at += *n;
    }
    while (!runs.empty() && at < parts.size() && parts[at] == 1) ++at, ++runs.back();
    return at == parts.size() ? runs : std::vector<size_t>{};
}

/// `v` with every axis split into its parts: the same storage.
TensorView splitView(const TensorView& v, const std::vector<int64_t>& parts, const std::vector<size_t>& runs) {
    TensorView s = v;
    s.rank = static_cast<int>(parts.size());
    size_t at = 0;
    for (size_t axis = 0; axis < runs.size(); ++axis) {
        int64_t stride = v.strides[axis];
        for (size_t k = runs[axis]; k-- > 0;) {
            s.dims[at + k] = parts[at + k];
            s.strides[at + k] = stride;
            stride *= parts[at + k];
        }
        at += runs[axis];
    }
    return s;
}

class Shuffle final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || d.outputs.size() != 1 || !d.program.empty()) return std::nullopt;
        const Shuffle plan(d);
        if (plan.from_.empty() || plan.to_.empty() || dtypeSize(d.inputs[0].dtype) == 0 || d.outputs[0].dtype != d.inputs[0].dtype) return std::nullopt;
        return static_cast<double>(d.outputs[0].count()) * kMoveNs;
    }

    explicit Shuffle(const LayerDesc& d) : parts_(d.intsAttr("dims")), perm_(d.intsAttr("perm")) {
        if (parts_.empty() || parts_.size() > kMaxRank || perm_.size() != parts_.size()) return;
        std::vector<bool> seen(parts_.size(), false);
        for (const int64_t p : perm_) {
            if (p < 0 || p >= static_cast<int64_t>(parts_.size()) || seen[static_cast<size_t>(p)]) return;
            seen[static_cast<size_t>(p)] = true;
            moved_.push_back(parts_[static_cast<size_t>(p)]);
        }
        from_ = splitOf(d.inputs[0].dims, parts_);
        to_ = splitOf(d.outputs[0].dims, moved_);
    }

    void run(const KernelArgs& args) override {
        const TensorView source = splitView(args.inputs[0], parts_, from_);
        TensorView turned = source;
        for (size_t i = 0; i < perm_.size(); ++i) {
            turned.dims[i] = source.dims[static_cast<size_t>(perm_[i])];
            turned.strides[i] = source.strides[static_cast<size_t>(perm_[i])];
        }
        copyStrided(args.pool, splitView(args.outputs[0], moved_, to_), turned);
    }

private:
    std::vector<int64_t> parts_, perm_, moved_;
    std::vector<size_t> from_, to_;
};

SINTER_KERNEL(any_shuffle){row<Shuffle>("any_shuffle__scalar", "Shuffle")};

}  // namespace
}  // namespace sinter::ref
