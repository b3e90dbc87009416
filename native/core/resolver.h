#pragma once
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/layer.h"

namespace sinter {

/// A layer whose attributes and output shapes are numbers now, and which of the given inputs it still reads.
struct ResolvedLayer {
    LayerDesc layer;
    std::vector<size_t> inputs;
};

/// Makes a layer concrete from the contents of its inputs when it runs (`Layer.resolve`): Slice with computed starts,
/// NonZero, … Output dimensions that nobody knows yet are -1 in the given layer. Inputs lie in host memory.
using Resolve = std::function<ResolvedLayer(const LayerDesc& layer, std::span<const TensorView> inputs)>;

/// Resolvers by layer kind; each registers itself.
class ResolverRegistry {
public:
    static ResolverRegistry& instance();
    void add(std::string op, Resolve resolve);
    /// nullptr where the kind has none.
    const Resolve* find(std::string_view op) const;

private:
    std::map<std::string, Resolve, std::less<>> resolvers_;
};

struct ResolverRegistration {
    ResolverRegistration(std::string op, Resolve resolve) { ResolverRegistry::instance().add(std::move(op), std::move(resolve)); }
};
/// Put one at namespace scope: `SINTER_RESOLVER(slice){"Slice", resolveSlice};`
#define SINTER_RESOLVER(id) static const ::sinter::ResolverRegistration sinterResolver_##id

}  // namespace sinter
