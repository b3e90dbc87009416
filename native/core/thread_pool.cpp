#include "core/thread_pool.h"

#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace sinter {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kSpin = std::chrono::microseconds(80);
constexpr uint64_t kOpen = 1ULL << 31;
constexpr uint64_t kInside = kOpen - 1;

/// Which worker of which pool this thread is while it runs a loop body: nested calls run inline under that index.
thread_local const void* currentPool = nullptr;
thread_local int currentWorker = 0;

}  // namespace

/// One job at a time. `state` is (epoch << 32) | open | number of workers inside: a worker joins by a compare-exchange
/// that succeeds only while the job is open, so the caller waits for those who joined, never for those still asleep.
struct ThreadPool::Impl {
    explicit Impl(int n) : threads(n) {
        const unsigned hardware = std::thread::hardware_concurrency();
        spin = hardware == 0 || static_cast<unsigned>(n) <= hardware;
        workers.reserve(static_cast<size_t>(n - 1));
        for (int i = 1; i < n; ++i) workers.emplace_back([this, i] { work(i); });
    }

    ~Impl() {
        stop.store(true);
        epoch.fetch_add(1);
        epoch.notify_all();
        for (std::thread& t : workers) t.join();
    }

    void work(int worker) {
        uint32_t seen = 0;
        for (;;) {
            const uint32_t now = awaitJob(seen);
            if (stop.load(std::memory_order_relaxed)) return;
            seen = now;
            uint64_t s = state.load(std::memory_order_relaxed);
            bool joined = false;
            while (!joined && (s & kOpen)) {
                joined = state.compare_exchange_weak(s, s + 1, std::memory_order_acquire, std::memory_order_relaxed);
            }
            if (!joined) continue;
            seen = static_cast<uint32_t>(s >> 32);
            runChunks(worker);
            state.fetch_sub(1, std::memory_order_release);
        }
    }

    uint32_t awaitJob(uint32_t seen) {
        uint32_t now = epoch.load(std::memory_order_acquire);
        if (now != seen) return now;
        if (spin) {
            const auto until = Clock::now() + kSpin;
            do {
                for (int i = 0; i < 32; ++i) {
                    _mm_pause();
                    now = epoch.load(std::memory_order_acquire);
                    if (now != seen) return now;
                }
            } while (Clock::now() < until);
        }
        sleepers.fetch_add(1);
        epoch.wait(seen);
        sleepers.fetch_sub(1);
        return epoch.load(std::memory_order_acquire);
    }

    void runChunks(int worker) {
        const void* outerPool = currentPool;
        const int outerWorker = currentWorker;
        currentPool = this;
        currentWorker = worker;
        try {
            for (;;) {
                const int64_t begin = next.fetch_add(chunk, std::memory_order_relaxed);
                if (begin >= count) break;
                (*body)(begin, std::min(begin + chunk, count), worker);
            }
        } catch (...) {
            next.store(count, std::memory_order_relaxed);  // the others stop at their next chunk
            const std::lock_guard<std::mutex> lock(errorMutex);
            if (!error) error = std::current_exception();
        }
        currentPool = outerPool;
        currentWorker = outerWorker;
    }

    void run(int64_t n, int64_t grain, const std::function<void(int64_t, int64_t, int)>& f) {
        const std::lock_guard<std::mutex> lock(jobMutex);
        body = &f;
        count = n;
        // About four chunks a thread: enough to even out, few enough to keep the counter quiet. Whole grains.
        const int64_t even = (n + threads * 4 - 1) / (threads * 4);
        chunk = std::max<int64_t>(1, (even + grain - 1) / grain) * grain;
        next.store(0, std::memory_order_relaxed);
        error = nullptr;
        const uint32_t number = epoch.load(std::memory_order_relaxed) + 1;
        state.store((static_cast<uint64_t>(number) << 32) | kOpen, std::memory_order_release);
        epoch.store(number);
        if (sleepers.load() > 0) epoch.notify_all();
        runChunks(0);
        state.fetch_and(~kOpen, std::memory_order_relaxed);
        for (int turns = 0; (state.load(std::memory_order_acquire) & kInside) != 0; ++turns) {
            if (spin && turns < 2000) {
                _mm_pause();
            } else {
                std::this_thread::yield();
            }
        }
        body = nullptr;
        if (error) std::rethrow_exception(std::exchange(error, nullptr));
    }

    const int threads;
    bool spin = true;
    std::vector<std::thread> workers;
    std::mutex jobMutex;
    std::mutex errorMutex;
    std::exception_ptr error;
    const std::function<void(int64_t, int64_t, int)>* body = nullptr;
    int64_t count = 0;
    int64_t chunk = 1;
    std::atomic<bool> stop{false};
    std::atomic<int> sleepers{0};
    alignas(64) std::atomic<uint64_t> state{0};
    alignas(64) std::atomic<uint32_t> epoch{0};
    alignas(64) std::atomic<int64_t> next{0};
};

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>(std::max(1, threads))) {}
ThreadPool::~ThreadPool() = default;

int ThreadPool::threads() const { return impl_->threads; }

void ThreadPool::parallelFor(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t, int)>& body) {
    if (count <= 0) return;
    grain = std::max<int64_t>(1, grain);
    if (currentPool == impl_.get()) {
        body(0, count, currentWorker);
    } else if (impl_->threads == 1 || count <= grain) {
        body(0, count, 0);
    } else {
        impl_->run(count, grain, body);
    }
}

}  // namespace sinter
