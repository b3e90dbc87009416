#include "core/device.h"

#include "core/error.h"

namespace sinter {

void throwIfStopped(const StopToken* stop) {
    if (stop && stop->load(std::memory_order_relaxed)) throw Error(ErrorCode::Stopped, "stopped");
}

DeviceRegistry& DeviceRegistry::instance() {
    static DeviceRegistry registry;
    return registry;
}

void DeviceRegistry::add(Factory factory) { factories_.push_back(std::move(factory)); }

std::span<const std::shared_ptr<Device>> DeviceRegistry::all() {
    std::call_once(made_, [this] {
        for (const Factory& f : factories_) {
            for (auto& device : f()) devices_.push_back(std::move(device));
        }
    });
    return devices_;
}

std::shared_ptr<Device> DeviceRegistry::find(std::string_view id) {
    if (id.empty()) id = "cpu";
    std::string known;
    for (const auto& device : all()) {
        if (device->info().id == id) return device;
        known += (known.empty() ? "" : ", ") + device->info().id;
    }
    throw Error(ErrorCode::Device, "there is no device \"" + std::string(id) + "\" here; there is " + known);
}

}  // namespace sinter
