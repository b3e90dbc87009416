#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "cuda/driver.h"

namespace sinter::cuda {

/// The primary context of a device. A kernel that reads where it must not takes the whole context with it: everything
/// that lived there is then gone, and `reopen` begins a new one, a new epoch.
class Context {
public:
    Context() = default;
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    /// `name` is for messages: "cuda:0". The driver is asked for a context when something first enters it: that takes a good
    /// part of a second, which programs that only list the device are spared.
    void open(CuDevice device, std::string name);

    uint64_t epoch() const { return epoch_.load(); }
    /// Makes it current on this thread. Throws Error(Device) when it is lost or cannot be had.
    void enter() const;
    /// The same for what was made in an epoch: throws also when that one is over.
    void enter(uint64_t epoch) const;
    /// For destructors: false when what was made in that epoch is gone already.
    bool tryEnter(uint64_t epoch) const noexcept;

    bool lost() const { return lost_.load(); }
    /// Begins anew where the context was lost. Throws Error(Device) when the driver does not allow that.
    void reopen();

    /// Names the context that this thread is in, and its epoch: what libraries keep for one means nothing in another.
    static std::pair<const void*, uint64_t> identity();

    /// Notes what a driver call on this thread's current context returned; true when the context is lost by it.
    static bool noteLoss(CuResult result, const char* reason);

private:
    std::string lossText() const;
    CuContext retained() const;

    CuDevice device_ = 0;
    mutable std::atomic<CuContext> context_{nullptr};
    std::string name_;
    std::atomic<uint64_t> epoch_{0};
    std::atomic<bool> lost_{false};
    mutable std::mutex mutex_;
    std::string reason_;
};

}  // namespace sinter::cuda
