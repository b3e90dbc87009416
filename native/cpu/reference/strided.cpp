#include "cpu/reference/strided.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <stdexcept>

#include "core/thread_pool.h"

namespace sinter::ref {

int64_t countOf(std::span<const int64_t> dims) {
    return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

Dims broadcastStrides(const TensorView& v, std::span<const int64_t> dims) {
    Dims s{};
    const auto shift = dims.size() - static_cast<size_t>(v.rank);
    for (size_t a = 0; a < static_cast<size_t>(v.rank); ++a) s[a + shift] = v.dims[a] == 1 ? 0 : v.strides[a];
    return s;
}

bool broadcastsTo(std::span<const int64_t> from, std::span<const int64_t> to) {
    if (from.size() > to.size()) return false;
    const auto shift = to.size() - from.size();
    for (size_t a = 0; a < from.size(); ++a)
        if (from[a] != 1 && from[a] != to[a + shift]) return false;
    return true;
}

int64_t offsetOf(std::span<const int64_t> coords, const Dims& strides) {
    int64_t o = 0;
    for (size_t a = 0; a < coords.size(); ++a) o += coords[a] * strides[a];
    return o;
}

LoopNest::LoopNest(std::span<const int64_t> dims, std::span<const Dims> strides) : strides_(strides.size()) {
    dims_[0] = 1;
    if (std::find(dims.begin(), dims.end(), 0) != dims.end()) {
        rows_ = 0;
        return;
    }
    std::vector<size_t> order;
    for (size_t a = 0; a < dims.size(); ++a)
        if (dims[a] != 1) order.push_back(a);
    if (order.empty()) return;
    if (!strides.empty())
        std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) {
            return std::llabs(strides[0][x]) > std::llabs(strides[0][y]);
        });
    int n = 0;
    for (size_t a : order) {
        bool merge = n > 0;
        for (size_t k = 0; merge && k < strides.size(); ++k)
            merge = strides_[k][static_cast<size_t>(n - 1)] == strides[k][a] * dims[a];
        const auto to = static_cast<size_t>(merge ? n - 1 : n++);
        dims_[to] = merge ? dims_[to] * dims[a] : dims[a];
        for (size_t k = 0; k < strides.size(); ++k) strides_[k][to] = strides[k][a];
    }
    rank_ = n;
    for (int a = 0; a + 1 < n; ++a) rows_ *= dim(a);
}

void parallel(ThreadPool* pool, int64_t count, int64_t grain, const std::function<void(int64_t, int64_t, int)>& body) {
    if (count <= 0) return;
    if (pool == nullptr)
        body(0, count, 0);
    else
        pool->parallelFor(count, std::max<int64_t>(grain, 1), body);
}

int workers(const ThreadPool* pool) { return pool == nullptr ? 1 : pool->threads(); }

TensorView reshaped(const TensorView& v, void* data, std::span<const int64_t> dims, std::span<const int64_t> strides) {
    if (dims.size() > static_cast<size_t>(kMaxRank)) throw std::runtime_error("tensors of more than 8 dimensions are not supported");
    TensorView r;
    r.data = data;
    r.dtype = v.dtype;
    r.rank = static_cast<int>(dims.size());
    std::copy(dims.begin(), dims.end(), r.dims.begin());
    std::copy(strides.begin(), strides.end(), r.strides.begin());
    return r;
}


void* elementAt(const TensorView& v, int64_t offset) {
    return static_cast<std::byte*>(v.data) + offset * static_cast<int64_t>(dtypeSize(v.dtype));
}

TensorView inner(const TensorView& v, std::span<const int64_t> at) {
    const auto skip = static_cast<int>(at.size());
    const auto rest = static_cast<size_t>(v.rank - skip);
    return reshaped(v, elementAt(v, offsetOf(at, v.strides)), std::span(v.dims).subspan(at.size(), rest),
                    std::span(v.strides).subspan(at.size(), rest));
}

TensorView without(const TensorView& v, size_t axis, int64_t i) {
    TensorView r = v;
    r.data = elementAt(v, i * v.strides[axis]);
    --r.rank;
    for (size_t a = axis; a < static_cast<size_t>(r.rank); ++a) {
        r.dims[a] = v.dims[a + 1];
        r.strides[a] = v.strides[a + 1];
    }
    return r;
}

TensorView narrowed(const TensorView& v, size_t axis, int64_t start, int64_t n) {
    TensorView r = v;
    r.data = elementAt(v, start * v.strides[axis]);
    r.dims[axis] = n;
    return r;
}

}  // namespace sinter::ref
