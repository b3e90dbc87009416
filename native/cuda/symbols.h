#pragma once
#include <string>

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

}  // namespace sinter::cuda
