#include "core/layer.h"

namespace sinter {
namespace {

template <typename T>
const T* find(const LayerDesc& layer, std::string_view key) {
    const AttrValue* v = layer.attr(key);
    return v ? std::get_if<T>(v) : nullptr;
}

}  // namespace

const AttrValue* LayerDesc::attr(std::string_view key) const {
    for (const auto& [name, value] : attrs) {
        if (name == key) return &value;
    }
    return nullptr;
}

int64_t LayerDesc::intAttr(std::string_view key, int64_t fallback) const {
    if (const auto* i = find<int64_t>(*this, key)) return *i;
    return fallback;
}

double LayerDesc::floatAttr(std::string_view key, double fallback) const {
    if (const auto* f = find<double>(*this, key)) return *f;
    if (const auto* i = find<int64_t>(*this, key)) return static_cast<double>(*i);
    return fallback;
}

std::string LayerDesc::stringAttr(std::string_view key, std::string_view fallback) const {
    if (const auto* s = find<std::string>(*this, key)) return *s;
    return std::string(fallback);
}

std::vector<int64_t> LayerDesc::intsAttr(std::string_view key) const {
    if (const auto* v = find<std::vector<int64_t>>(*this, key)) return *v;
    return {};
}

std::vector<double> LayerDesc::floatsAttr(std::string_view key) const {
    if (const auto* v = find<std::vector<double>>(*this, key)) return *v;
    if (const auto* v = find<std::vector<int64_t>>(*this, key)) return {v->begin(), v->end()};
    return {};
}

}  // namespace sinter
