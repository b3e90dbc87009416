#pragma once
#include <cstdint>
#include <functional>
#include <memory>

namespace sinter {

/// A fixed set of workers that spin briefly before sleeping, for loops of microseconds. The caller is worker 0.
/// Partition by shape, never by thread count, where the order of a floating-point reduction would depend on it.
class ThreadPool {
public:
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const;
    /// Calls body(begin, end, worker) over [0, count) in chunks of at least `grain`; returns when all are done.
    /// Exceptions in body are rethrown here. Nested calls run inline.
    void parallelFor(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t, int)>& body);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sinter
