// What tests let go wrong on the emulated GPU, by environment variables that may change while it runs.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

namespace emulated {

/// SINTER_EMULATED_FAULT=cuLaunchKernelEx:3:700 lets the third such call, counted from when the
/// variable was set, return 700; codes of 700 and more end the context: every later call returns them until it is reset.
class Faults {
public:
    int at(const char* function) {
        const std::lock_guard lock(mutex_);
        if (dead_ != 0) return dead_;
        const char* given = std::getenv("SINTER_EMULATED_FAULT");
        const std::string now = given ? given : "";
        if (now != given_) {
            given_ = now;
            calls_ = 0;
        }
        const size_t first = given_.find(':');
        if (first == std::string::npos || given_.compare(0, first, function) != 0) return 0;
        const size_t second = given_.find(':', first + 1);
        if (++calls_ != std::atoi(given_.c_str() + first + 1)) return 0;
        const int code = std::atoi(given_.c_str() + second + 1);
        if (code >= 700) dead_ = code;
        return code;
    }
    /// False where a test says that a dead context stays dead.
    bool revive() {
        const std::lock_guard lock(mutex_);
        if (std::getenv("SINTER_EMULATED_STAYS_DEAD") == nullptr) dead_ = 0;
        return dead_ == 0;
    }

private:
    std::mutex mutex_;
    std::string given_;
    int calls_ = 0, dead_ = 0;
};
inline Faults& faults() {
    static Faults f;
    return f;
}

/// SINTER_EMULATED_MEMORY: bytes that the device has; 4 GiB by default.
class Memory {
public:
    size_t total() const {
        const char* given = std::getenv("SINTER_EMULATED_MEMORY");
        return given ? std::strtoull(given, nullptr, 10) : size_t{4} << 30;
    }
    size_t free() {
        const std::lock_guard lock(mutex_);
        return total() - std::min(total(), used_);
    }
    void* take(size_t n) {
        const std::lock_guard lock(mutex_);
        if (used_ + n > total()) return nullptr;
        void* memory = std::aligned_alloc(256, (n + 255) / 256 * 256);
        std::memset(memory, 0xCB, n);  // what is never written shows
        sizes_[memory] = n;
        used_ += n;
        return memory;
    }
    void give(void* p) {
        const std::lock_guard lock(mutex_);
        used_ -= sizes_[p];
        sizes_.erase(p);
        std::free(p);
    }

private:
    std::mutex mutex_;
    std::map<void*, size_t> sizes_;
    size_t used_ = 0;
};
inline Memory& memory() {
    static Memory m;
    return m;
}

inline int number(const char* variable, int otherwise) {
    const char* given = std::getenv(variable);
    return given ? std::atoi(given) : otherwise;
}

}  // namespace emulated
