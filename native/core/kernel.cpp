#include "core/kernel.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace sinter {

KernelRegistry& KernelRegistry::instance() {
    static KernelRegistry registry;
    return registry;
}

void KernelRegistry::add(KernelRow row) {
    // Kept in name order: nothing may depend on the order in which the linker placed the kernel files.
    const auto at = std::lower_bound(rows_.begin(), rows_.end(), row.name,
                                     [](const KernelRow& r, const std::string& name) { return r.name < name; });
    if (at != rows_.end() && at->name == row.name) {
        std::fprintf(stderr, "Two kernels are named %s\n", row.name.c_str());
        std::abort();  // during static initialization: a programming error that nothing could catch
    }
    rows_.insert(at, std::move(row));
}

std::vector<const KernelRow*> KernelRegistry::find(std::string_view op) const {
    const Isa isa = detectIsa();
    std::vector<const KernelRow*> found;
    for (const KernelRow& row : rows_) {
        if (row.op == op && row.isa <= isa) found.push_back(&row);
    }
    return found;
}

const KernelRow* KernelRegistry::byName(std::string_view name) const {
    const auto at = std::lower_bound(rows_.begin(), rows_.end(), name,
                                     [](const KernelRow& r, std::string_view n) { return r.name < n; });
    return at != rows_.end() && at->name == name ? &*at : nullptr;
}

}  // namespace sinter
