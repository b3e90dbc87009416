#include "core/plugin.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "core/error.h"

namespace sinter {
namespace {

/// Device, inode, size and time of change; empty where there is no such file.
std::string identityOf(const std::string& path) {
    struct stat s = {};
    if (::stat(path.c_str(), &s) != 0) return {};
    return std::to_string(s.st_dev) + ":" + std::to_string(s.st_ino) + ":" + std::to_string(s.st_size) + ":" +
           std::to_string(s.st_mtim.tv_sec) + "." + std::to_string(s.st_mtim.tv_nsec);
}

/// Names come from engine files: they must not lead out of the folder.
bool isName(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace

std::string pluginFolder() {
    if (std::string given = environment("SINTER_PLUGINS"); !given.empty()) return given;
    std::string data = environment("XDG_DATA_HOME");
    if (data.empty()) data = environment("HOME") + "/.local/share";
    return data + "/sinter-studio/plugins";
}

std::string pluginCudaSource(const std::string& name) {
    if (!isName(name)) return {};
    std::ifstream file(pluginFolder() + "/" + name + "/plugin.cu");
    return {std::istreambuf_iterator<char>(file), {}};
}

bool pluginTypesFit(const LayerDesc& d) {
    const auto types = d.intsAttr("plugin.dtypes");
    if (!d.program.empty() || types.size() != d.inputs.size() + d.outputs.size()) return false;
    for (size_t i = 0; i < types.size(); ++i) {
        const TensorInfo& t = i < d.inputs.size() ? d.inputs[i] : d.outputs[i - d.inputs.size()];
        if (t.quantized() || static_cast<int64_t>(t.dtype) != types[i] || t.dims.size() > static_cast<size_t>(kMaxRank)) return false;
    }
    return true;
}

Plugin loadPlugin(const std::string& library) {
    void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char* why = ::dlerror();
        throw Error(ErrorCode::Feature, "the plugin library " + library + " does not load: " + (why ? why : "unknown reason"));
    }
    const auto entry = reinterpret_cast<decltype(&sinter_plugin_entry)>(::dlsym(handle, "sinter_plugin_entry"));
    if (!entry) throw Error(ErrorCode::Feature, "the plugin library " + library + " does not export sinter_plugin_entry");
    const sinter_plugin* plugin = entry();
    if (!plugin || plugin->abi != SINTER_PLUGIN_ABI) {
        throw Error(ErrorCode::Feature, "the plugin library " + library + " was compiled against plugin interface " +
                                            std::to_string(plugin ? plugin->abi : 0) + ", this runtime has " + std::to_string(SINTER_PLUGIN_ABI));
    }
    if (!plugin->name || !plugin->version || !plugin->run) {
        throw Error(ErrorCode::Feature, "the plugin library " + library + " leaves out its name, its version or its run function");
    }
    return {plugin->name, plugin->version, plugin};
}

PluginRegistry& PluginRegistry::instance() {
    static PluginRegistry registry;
    return registry;
}

std::shared_ptr<const Plugin> PluginRegistry::find(std::string_view name) {
    const std::string key(name);
    if (!isName(name)) throw Error(ErrorCode::Corrupt, "\"" + key + "\" cannot be the name of a plugin");
    const std::string library = pluginFolder() + "/" + key + "/plugin.so";
    const std::string identity = identityOf(library);
    if (identity.empty()) {
        throw Error(ErrorCode::Feature, "the plugin \"" + key + "\" is not registered on this machine: add it with `sinter plugin add FOLDER`");
    }
    const std::lock_guard lock(mutex_);
    if (const auto at = loaded_.find(name); at != loaded_.end() && at->second.identity == identity) return at->second.plugin;
    auto plugin = std::make_shared<const Plugin>(loadPlugin(library));
    if (plugin->name != key) {
        throw Error(ErrorCode::Feature, "the library of the plugin \"" + key + "\" says that it is \"" + plugin->name + "\": add it again");
    }
    loaded_[key] = {identity, plugin};
    return plugin;
}

std::shared_ptr<const Plugin> PluginRegistry::find(std::string_view name, std::string_view version) {
    auto plugin = find(name);
    if (plugin->version != version) {
        throw Error(ErrorCode::Feature, "the engine was built with version " + std::string(version) + " of the plugin \"" + plugin->name +
                                            "\", this machine has version " + plugin->version +
                                            ": build the engine again, or add that version with `sinter plugin add FOLDER`");
    }
    return plugin;
}

}  // namespace sinter
