// A stand-in for libcupti on the emulated GPU: kernel records in buffers that the caller gives, fields where the runtime looks
// for them.
#include <cstdint>
#include <cstring>

#include "numbers.h"

namespace {

constexpr size_t kRecord = 160;
void (*request)(uint8_t**, size_t*, size_t*) = nullptr;
void (*complete)(void*, uint32_t, uint8_t*, size_t, size_t) = nullptr;
bool enabled = false;

struct Buffer {
    uint8_t* bytes = nullptr;
    size_t size = 0, used = 0;
};

void add(void* with, const char* name, uint64_t start, uint64_t end, uint64_t node) {
    auto& b = *static_cast<Buffer*>(with);
    if (b.used + kRecord > b.size) {
        if (b.bytes) complete(nullptr, 0, b.bytes, b.size, b.used);
        size_t most = 0;
        b = {};
        request(&b.bytes, &b.size, &most);
        if (!b.bytes) return;
    }
    uint8_t* record = b.bytes + b.used;
    std::memset(record, 0, kRecord);
    const int kind = 10;
    std::memcpy(record, &kind, sizeof kind);
    std::memcpy(record + 16, &start, 8);
    std::memcpy(record + 24, &end, 8);
    std::memcpy(record + 104, &name, sizeof name);
    std::memcpy(record + 144, &node, 8);
    b.used += kRecord;
}

void flush() {
    using Trace = int (*)(bool, void (*)(void*, const char*, uint64_t, uint64_t, uint64_t), void*);
    static const auto trace = emulated::ofDriver<Trace>("sinter_emulated_trace");
    Buffer b;
    trace(enabled, add, &b);
    if (b.bytes) complete(nullptr, 0, b.bytes, b.size, b.used);
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int cuptiGetVersion(uint32_t* v) { *v = 130000; return 0; }
EXPORT int cuptiActivityRegisterCallbacks(decltype(request) r, decltype(complete) c) {
    request = r;
    complete = c;
    return 0;
}
EXPORT int cuptiActivityEnable(int kind) {
    enabled = kind == 10;
    flush();
    return enabled ? 0 : 1;
}
EXPORT int cuptiActivityDisable(int) {
    enabled = false;
    flush();
    return 0;
}
EXPORT int cuptiActivityFlushAll(uint32_t) {
    flush();
    return 0;
}
EXPORT int cuptiActivityGetNextRecord(uint8_t* buffer, size_t valid, void** record) {
    auto* next = *record ? static_cast<uint8_t*>(*record) + kRecord : buffer;
    if (next + kRecord > buffer + valid) return 12;
    *record = next;
    return 0;
}
