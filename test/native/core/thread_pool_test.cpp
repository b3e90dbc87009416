#include "core/thread_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

using sinter::ThreadPool;

TEST_CASE("every index is visited exactly once, whatever the grain and thread count") {
    for (int threads : {1, 2, 3, 8}) {
        ThreadPool pool(threads);
        CHECK(pool.threads() == threads);
        for (int64_t count : {0, 1, 7, 1000}) {
            for (int64_t grain : {0, 1, 16, 5000}) {
                std::vector<std::atomic<int>> hits(static_cast<size_t>(count));
                pool.parallelFor(count, grain, [&](int64_t begin, int64_t end, int worker) {
                    REQUIRE(worker < threads);
                    for (int64_t i = begin; i < end; ++i) hits[static_cast<size_t>(i)]++;
                });
                for (auto& h : hits) REQUIRE(h == 1);
            }
        }
    }
}

TEST_CASE("chunks start at whole grains") {
    ThreadPool pool(4);
    std::atomic<bool> aligned{true};
    pool.parallelFor(1003, 16, [&](int64_t begin, int64_t, int) {
        if (begin % 16 != 0) aligned = false;
    });
    CHECK(aligned);
}

TEST_CASE("an exception in a body reaches the caller and the pool stays usable") {
    ThreadPool pool(3);
    for (int round = 0; round < 50; ++round) {
        CHECK_THROWS_WITH_AS(pool.parallelFor(100, 1,
                                              [](int64_t begin, int64_t, int) {
                                                  if (begin >= 40) throw std::runtime_error("at 40");
                                              }),
                             "at 40", std::runtime_error);
        std::atomic<int64_t> sum{0};
        pool.parallelFor(100, 1, [&](int64_t begin, int64_t end, int) { sum += end - begin; });
        CHECK(sum == 100);
    }
}

TEST_CASE("nested loops run inline under the same worker") {
    ThreadPool pool(2);
    std::atomic<int64_t> sum{0};
    std::atomic<bool> same{true};
    pool.parallelFor(8, 1, [&](int64_t begin, int64_t end, int outer) {
        for (int64_t i = begin; i < end; ++i) {
            pool.parallelFor(10, 1, [&](int64_t b, int64_t e, int inner) {
                if (inner != outer) same = false;
                sum += e - b;
            });
        }
    });
    CHECK(sum == 80);
    CHECK(same);
}

TEST_CASE("workers wake after they slept, and callers on several threads take turns") {
    ThreadPool pool(3);
    std::atomic<int64_t> sum{0};
    auto loop = [&] {
        for (int i = 0; i < 20; ++i) {
            pool.parallelFor(64, 1, [&](int64_t b, int64_t e, int) { sum += e - b; });
            if (i % 5 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    };
    std::thread other(loop);
    loop();
    other.join();
    CHECK(sum == 2 * 20 * 64);
}
