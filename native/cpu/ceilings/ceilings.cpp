#include "cpu/ceilings/ceilings.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include "core/host_memory.h"
#include "core/thread_pool.h"
#include "cpu/ceilings/peaks.h"

namespace sinter {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBudget{150};
constexpr int64_t kRoundsPerChunk = 1 << 14;
constexpr uint64_t kCopyBytes = uint64_t{96} << 20;
constexpr uint64_t kCopyPiece = uint64_t{4} << 20;
constexpr uint64_t kCopyChunk = uint64_t{1} << 18;

/// Most of `work`'s units a second over repeated calls within the budget; the first call warms up and does not count.
template <typename Work>
double bestRate(const StopToken* stop, Work work) {
    work();
    double best = 0;
    const auto until = Clock::now() + kBudget;
    do {
        throwIfStopped(stop);
        const auto start = Clock::now();
        const double units = work();
        best = std::max(best, units / std::chrono::duration<double>(Clock::now() - start).count());
    } while (Clock::now() < until);
    return best;
}

double operations(ThreadPool& pool, double (*peak)(int64_t), const StopToken* stop) {
    return bestRate(stop, [&] {
        std::atomic<double> sum{0};
        pool.parallelFor(pool.threads() * 8, 1, [&](int64_t begin, int64_t end, int) { sum.fetch_add(peak((end - begin) * kRoundsPerChunk)); });
        return sum.load();
    });
}

/// Piece by piece through blocks that no cache holds: a piece is long enough for the clock, and short enough to find a
/// moment in which a busy machine leaves the threads alone.
double copy(ThreadPool& pool, const StopToken* stop) {
    HostMemory from(kCopyBytes);
    HostMemory to(kCopyBytes);
    std::memset(from.data(), 1, kCopyBytes);
    std::memset(to.data(), 2, kCopyBytes);
    const uint64_t piece = std::min(kCopyBytes, kCopyPiece * static_cast<uint64_t>(pool.threads()));
    uint64_t at = 0;
    return bestRate(stop, [&] {
        if (at + piece > kCopyBytes) at = 0;
        pool.parallelFor(static_cast<int64_t>(piece / kCopyChunk), 1, [&](int64_t begin, int64_t end, int) {
            const uint64_t offset = at + static_cast<uint64_t>(begin) * kCopyChunk;
            std::memcpy(to.data() + offset, from.data() + offset, static_cast<uint64_t>(end - begin) * kCopyChunk);
        });
        at += piece;
        return 2.0 * static_cast<double>(piece);
    });
}

}  // namespace

Ceilings measureCpuCeilings(int threads, const StopToken* stop) {
    ThreadPool pool(threads);
    Ceilings c;
    const Isa isa = detectIsa();
    if (isa >= Isa::Avx2) {
        const bool wide = isa >= Isa::Avx512;
        c.flops.emplace_back("float32", operations(pool, wide ? ceilings::floatsAvx512 : ceilings::floatsAvx2, stop));
        // The kernels take bytes by AVX2's instruction where VNNI is missing: twice what pairs of 16 bits give there.
        double (*const narrow)(int64_t) = wide ? ceilings::bytesAvx512 : ceilings::bytesAvx2;
        double ints = operations(pool, isa >= Isa::Avx512Vnni ? ceilings::bytesVnni : narrow, stop);
        if (isa == Isa::Avx512) ints = std::max(ints, operations(pool, ceilings::bytesAvx2, stop));
        c.flops.emplace_back("int8", ints);
    }
    c.bandwidth = copy(pool, stop);
    return c;
}

}  // namespace sinter
