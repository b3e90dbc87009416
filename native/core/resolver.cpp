#include "core/resolver.h"

namespace sinter {

ResolverRegistry& ResolverRegistry::instance() {
    static ResolverRegistry registry;
    return registry;
}

void ResolverRegistry::add(std::string op, Resolve resolve) { resolvers_.emplace(std::move(op), std::move(resolve)); }

const Resolve* ResolverRegistry::find(std::string_view op) const {
    const auto at = resolvers_.find(op);
    return at == resolvers_.end() ? nullptr : &at->second;
}

}  // namespace sinter
