#pragma once
#include <optional>
#include <string>

#include "core/device.h"
#include "cuda/library.h"

namespace sinter::cuda {

/// Fills a table of entry points; remembers the first that is missing.
struct Symbols {
    const Library& library;
    std::string missing;
    template <typename F>
    void operator()(F& target, const char* name) {
        target = reinterpret_cast<F>(library.symbol(name));
        if (!target && missing.empty()) missing = name;
    }
};

/// A library that is opened once; its interface is empty where it is missing or lacks an entry point, which `info.problem`
/// then says.
template <typename Api>
struct OpenedLibrary {
    std::optional<Api> api;
    SupportLibrary info;

    /// With a table that was filled by `symbols`; true where it is whole.
    bool complete(const Api& table, const Symbols& symbols) {
        if (!symbols.missing.empty()) {
            info.problem = symbols.library.path + " cannot be used: it lacks " + symbols.missing;
            return false;
        }
        info.path = symbols.library.path;
        api = table;
        return true;
    }
};

/// "9.19.0" of 91900.
inline std::string versionText(size_t v) {
    return std::to_string(v / 10000) + "." + std::to_string(v / 100 % 100) + "." + std::to_string(v % 100);
}

}  // namespace sinter::cuda
