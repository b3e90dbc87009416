#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/layer.h"
#include "sinter/plugin.h"

namespace sinter {

/// A loaded plugin. Libraries stay loaded until the process ends: kernels may still point into them.
struct Plugin {
    std::string name;
    std::string version;
    const sinter_plugin* entry = nullptr;
};

/// Loads a plugin's library and asks it who it is. Throws Error(Feature) with one sentence.
Plugin loadPlugin(const std::string& library);

/// The folder where plugins are registered: SINTER_PLUGINS, else the user's data folder of this product.
std::string pluginFolder();

/// The plugin's source for GPUs (native/cuda/kernels/plugin.cu says what it defines); empty where it has none.
std::string pluginCudaSource(const std::string& name);

/// Whether a layer of kind Plugin has the element types of its operator in the model: plugins never meet other storage.
bool pluginTypesFit(const LayerDesc& layer);

/// The plugins that are registered on this machine, loaded when first asked for.
class PluginRegistry {
public:
    static PluginRegistry& instance();
    /// Throws Error(Feature), naming the plugin and how to add it, when it is not registered or its library does not load.
    std::shared_ptr<const Plugin> find(std::string_view name);
    /// As find(), and the version must be this one.
    std::shared_ptr<const Plugin> find(std::string_view name, std::string_view version);

private:
    struct Entry {
        std::string identity;  ///< of the library file: one that was replaced is loaded anew
        std::shared_ptr<const Plugin> plugin;
    };
    std::mutex mutex_;
    std::map<std::string, Entry, std::less<>> loaded_;
};

}  // namespace sinter
