#include "cuda/library.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace sinter::cuda {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> split(const char* list) {
    std::vector<fs::path> parts;
    for (std::string_view rest = list ? list : ""; !rest.empty();) {
        const size_t end = std::min(rest.find(':'), rest.size());
        if (end > 0) parts.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return parts;
}

std::vector<fs::path> entries(const fs::path& folder, std::string_view prefix) {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
        if (it->path().filename().string().starts_with(prefix)) found.push_back(it->path());
    }
    std::sort(found.rbegin(), found.rend());  // newest version first
    return found;
}

/// nvidia/<package>/lib below a folder of Python packages.
void addWheels(const fs::path& site, std::vector<fs::path>& folders) {
    for (const fs::path& package : entries(site / "nvidia", "")) folders.push_back(package / "lib");
}

void addPython(const fs::path& root, std::vector<fs::path>& folders) {
    for (const char* lib : {"lib", "lib64", "local/lib"}) {
        for (const fs::path& python : entries(root / lib, "python")) {
            addWheels(python / "site-packages", folders);
            addWheels(python / "dist-packages", folders);
        }
    }
}

std::vector<fs::path> laterFolders() {
    std::vector<fs::path> folders;
    for (const char* name : {"CUDA_PATH", "CUDA_HOME"}) {
        for (const fs::path& root : split(std::getenv(name))) {
            folders.push_back(root / "lib64");
            folders.push_back(root / "lib");
        }
    }
    for (const fs::path& root : entries("/usr/local", "cuda")) folders.push_back(root / "lib64");
    folders.emplace_back("/usr/local/nvidia/lib64");
    for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
        for (const fs::path& root : split(std::getenv(name))) addPython(root, folders);
    }
    for (const fs::path& site : split(std::getenv("PYTHONPATH"))) addWheels(site, folders);
    std::error_code ignored;
    for (const fs::path& bin : split(std::getenv("PATH"))) {
        if (fs::exists(bin / "python3", ignored)) addPython(bin.parent_path(), folders);
    }
    return folders;
}

/// NVRTC opens its built-ins by name alone: those beside it are opened first, wherever it was found.
void openBuiltins(const fs::path& library) {
    if (!library.filename().string().starts_with("libnvrtc.")) return;
    for (const fs::path& beside : entries(library.parent_path(), "libnvrtc-builtins.so")) dlopen(beside.c_str(), RTLD_NOW | RTLD_LOCAL);
}

Library open(const fs::path& path) {
    openBuiltins(path);
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    // Where the loader found what was asked for by its name alone.
    link_map* map = nullptr;
    if (handle && dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map->l_name && *map->l_name) return {handle, map->l_name};
    return {handle, path.string()};
}

/// The folders of SINTER_CUDA_PATH; `only`: "none" stands among them, and nothing after it is searched.
struct Given {
    std::vector<fs::path> folders = split(std::getenv("SINTER_CUDA_PATH"));
    bool only = false;
    Given() {
        const auto none = std::find(folders.begin(), folders.end(), "none");
        only = none != folders.end();
        folders.erase(none, folders.end());
    }
};

}  // namespace

void* Library::symbol(const char* name) const { return handle ? dlsym(handle, name) : nullptr; }

Library openLibrary(const std::vector<std::string>& names) {
    const Given given;
    const auto search = [&](const std::vector<fs::path>& folders) -> Library {
        std::error_code ignored;
        for (const fs::path& folder : folders) {
            for (const std::string& name : names) {
                if (!fs::exists(folder / name, ignored)) continue;
                if (Library found = open((folder / name).string()); found.handle) return found;
            }
        }
        return {};
    };
    if (Library found = search(given.folders); found.handle || given.only) return found;
    for (const std::string& name : names) {
        if (Library found = open(name); found.handle) return found;
    }
    return search(laterFolders());
}

std::vector<std::string> searchedPlaces() {
    const Given given;
    std::vector<std::string> places;
    for (const fs::path& folder : given.folders) places.push_back(folder.string());
    if (given.only) {
        places.emplace_back(places.empty() ? "nowhere: SINTER_CUDA_PATH is \"none\"" : "nowhere else: SINTER_CUDA_PATH says \"none\" after it");
        return places;
    }
    const char* loader = std::getenv("LD_LIBRARY_PATH");
    places.push_back(std::string("the system's library folders") + (loader && *loader ? ", LD_LIBRARY_PATH=" + std::string(loader) : ""));
    for (const fs::path& folder : laterFolders()) {
        if (std::find(places.begin(), places.end(), folder.string()) == places.end()) places.push_back(folder.string());
    }
    return places;
}

}  // namespace sinter::cuda
