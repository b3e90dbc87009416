// CUPTI's activity interface, declared as far as it is used (docs.nvidia.com/cupti): the places of a kernel record's fields
// have been the same since CUDA 11.
#include "cuda/libraries/cupti.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

#include "cuda/library.h"
#include "cuda/symbols.h"

namespace sinter::cuda {
namespace {

using Result = int;
constexpr int kConcurrentKernel = 10;
constexpr size_t kBufferBytes = 4 << 20;

/// Bytes from the start of a kernel record.
namespace field {
constexpr size_t kKind = 0, kStart = 16, kEnd = 24, kName = 104, kGraphNode = 144;
}

using Requested = void (*)(uint8_t**, size_t*, size_t*);
using Completed = void (*)(void*, uint32_t, uint8_t*, size_t, size_t);
struct Api {
    Result (*version)(uint32_t*);
    Result (*callbacks)(Requested, Completed);
    Result (*enable)(int);
    Result (*disable)(int);
    Result (*flush)(uint32_t);
    Result (*next)(uint8_t*, size_t, void**);
};
using Opened = OpenedLibrary<Api>;

Opened open() {
    Opened result;
    result.info = {.name = "CUPTI", .path = {}, .version = {}, .problem = {}, .searched = searchedPlaces()};
    const Library library = openLibrary({"libcupti.so.13", "libcupti.so.12"});
    if (!library.handle) {
        result.info.problem = "CUPTI (libcupti.so) was not found: layer times come from events around launches, gaps included (`pip install nvidia-cuda-cupti` provides it)";
        return result;
    }
    Api a{};
    Symbols symbol{library, {}};
    symbol(a.version, "cuptiGetVersion");
    symbol(a.callbacks, "cuptiActivityRegisterCallbacks");
    symbol(a.enable, "cuptiActivityEnable");
    symbol(a.disable, "cuptiActivityDisable");
    symbol(a.flush, "cuptiActivityFlushAll");
    symbol(a.next, "cuptiActivityGetNextRecord");
    if (!result.complete(a, symbol)) return result;
    uint32_t v = 0;
    // 130000 since CUDA 13; small running numbers before.
    if (a.version(&v) == 0) result.info.version = v >= 120000 ? std::to_string(v / 10000) + "." + std::to_string(v / 100 % 100) : std::to_string(v);
    return result;
}

const Opened& opened() {
    static const Opened library = open();
    return library;
}

/// What came in, from whatever thread of CUPTI's.
struct Inbox {
    std::mutex mutex;
    std::vector<TracedKernel> kernels;
};
Inbox& inbox() {
    static Inbox box;
    return box;
}

template <typename T>
T read(const void* record, size_t at) {
    T value;
    std::memcpy(&value, static_cast<const char*>(record) + at, sizeof value);
    return value;
}

void onRequest(uint8_t** buffer, size_t* size, size_t* most) {
    *buffer = static_cast<uint8_t*>(std::aligned_alloc(64, kBufferBytes));
    *size = *buffer ? kBufferBytes : 0;
    *most = 0;
}

void onComplete(void*, uint32_t, uint8_t* buffer, size_t, size_t valid) {
    {
        const std::lock_guard lock(inbox().mutex);
        void* record = nullptr;
        while (valid > 0 && opened().api->next(buffer, valid, &record) == 0) {
            if (read<int>(record, field::kKind) != kConcurrentKernel) continue;
            const auto* name = read<const char*>(record, field::kName);
            inbox().kernels.push_back({name ? name : "", static_cast<double>(read<uint64_t>(record, field::kStart)),
                                       static_cast<double>(read<uint64_t>(record, field::kEnd)), read<uint64_t>(record, field::kGraphNode)});
        }
    }
    std::free(buffer);
}

std::atomic<bool> tracing{false};

class CuptiTracer final : public KernelTracer {
public:
    ~CuptiTracer() override {
        opened().api->flush(1);
        opened().api->disable(kConcurrentKernel);
        tracing = false;
    }
    std::vector<TracedKernel> take() override {
        opened().api->flush(0);
        const std::lock_guard lock(inbox().mutex);
        return std::exchange(inbox().kernels, {});
    }
    std::string source() const override { return "CUPTI " + opened().info.version; }
};

}  // namespace

const SupportLibrary& cuptiInfo() { return opened().info; }

std::unique_ptr<KernelTracer> makeCuptiTracer() {
    if (!opened().api || tracing.exchange(true)) return nullptr;
    static const bool registered = opened().api->callbacks(onRequest, onComplete) == 0;
    // Another profiler may have the card's tracing to itself.
    if (!registered || opened().api->enable(kConcurrentKernel) != 0) {
        tracing = false;
        return nullptr;
    }
    auto tracer = std::make_unique<CuptiTracer>();
    tracer->take();
    return tracer;
}

}  // namespace sinter::cuda
