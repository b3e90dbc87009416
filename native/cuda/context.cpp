#include "cuda/context.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace sinter::cuda {
namespace {

/// Results after which a context answers nothing else: kernels that went wrong on the device, and a device that is gone.
constexpr std::array kFatal{4, 201, 214, 220, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719};

thread_local Context* current = nullptr;

}  // namespace

Context::~Context() {
    if (current == this) current = nullptr;
}

void Context::open(CuDevice device, std::string name) {
    device_ = device;
    name_ = std::move(name);
}

CuContext Context::retained() const {
    if (const CuContext there = context_) return there;
    CuContext made = nullptr;
    check(Driver::get()->retainContext(&made, device_), "creating its context");  // the same one each time
    context_ = made;
    return made;
}

void Context::enter() const {
    if (lost_) throw Error(ErrorCode::Device, lossText());
    const CuContext context = retained();
    current = const_cast<Context*>(this);  // only to note a loss
    check(Driver::get()->setContext(context), "entering its context");
}

void Context::enter(uint64_t epoch) const {
    if (epoch != epoch_) throw Error(ErrorCode::Device, lossText());
    enter();
}

bool Context::tryEnter(uint64_t epoch) const noexcept {
    if (lost_ || epoch != epoch_) return false;
    return Driver::get()->setContext(context_) == 0;
}

std::string Context::lossText() const {
    const std::lock_guard lock(mutex_);
    return "the GPU " + name_ + " was lost (" + reason_ + "), and with it what ran there: load the engine again";
}

std::pair<const void*, uint64_t> Context::identity() { return {current, current ? current->epoch() : 0}; }

bool Context::noteLoss(CuResult result, const char* reason) {
    if (!current || std::find(kFatal.begin(), kFatal.end(), result) == kFatal.end()) return false;
    const std::lock_guard lock(current->mutex_);
    if (!current->lost_) current->reason_ = reason;
    current->lost_ = true;
    return true;
}

void Context::reopen() {
    const std::lock_guard lock(mutex_);
    if (!lost_) return;
    const Driver& d = *Driver::get();
    CuAddress probe = 0;
    CuContext made = nullptr;
    const bool back = d.resetContext(device_) == 0 && d.retainContext(&made, device_) == 0 && d.setContext(made) == 0 &&
                      d.allocate(&probe, 256) == 0 && d.fill(probe, 0, 256, nullptr) == 0 && d.synchronizeStream(nullptr) == 0;
    if (!back) {
        throw Error(ErrorCode::Device, "the GPU " + name_ + " was lost (" + reason_ + ") and does not come back to this process: start the program again");
    }
    d.free(probe);
    context_ = made;
    ++epoch_;
    lost_ = false;
}

}  // namespace sinter::cuda
