#include "core/device.h"

#include <algorithm>
#include <iterator>

#include "core/error.h"

namespace sinter {

void throwIfStopped(const StopToken* stop) {
    if (stop && stop->load(std::memory_order_relaxed)) throw Error(ErrorCode::Stopped, "stopped");
}

void Device::requireLibrary(std::string_view source, std::string_view version) const {
    throw Error(ErrorCode::Device, "the engine needs " + std::string(source) + " " + std::string(version) + ", which kernels of " + info().id + " do not use");
}

DeviceRegistry& DeviceRegistry::instance() {
    static DeviceRegistry registry;
    return registry;
}

void DeviceRegistry::add(Factory factory) { factories_.push_back(std::move(factory)); }

std::span<const std::shared_ptr<Device>> DeviceRegistry::all() {
    std::call_once(made_, [this] {
        for (const Factory& f : factories_) {
            Devices found = f();
            std::move(found.devices.begin(), found.devices.end(), std::back_inserter(devices_));
            std::move(found.notes.begin(), found.notes.end(), std::back_inserter(notes_));
        }
        // Nothing may depend on the order in which the linker placed the backends.
        std::stable_sort(devices_.begin(), devices_.end(), [](const auto& a, const auto& b) { return a->info().id < b->info().id; });
    });
    return devices_;
}

std::span<const std::string> DeviceRegistry::notes() {
    all();
    return notes_;
}

std::vector<SupportLibrary> DeviceRegistry::libraries() const {
    std::vector<SupportLibrary> all;
    for (const auto& tell : libraries_) std::ranges::move(tell(), std::back_inserter(all));
    return all;
}

std::shared_ptr<Device> DeviceRegistry::find(std::string_view id) {
    if (id.empty()) id = "cpu";
    std::string known;
    for (const auto& device : all()) {
        if (device->info().id == id) return device;
        known += (known.empty() ? "" : ", ") + device->info().id;
    }
    if (id.starts_with("cuda") && !notes().empty()) {
        throw Error(ErrorCode::Device, "there is no device \"" + std::string(id) + "\" here: " + notes().front());
    }
    throw Error(ErrorCode::Device, "there is no device \"" + std::string(id) + "\" here; there is " + known);
}

}  // namespace sinter
