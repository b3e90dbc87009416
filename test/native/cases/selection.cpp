#include "cases/selection.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

namespace sinter::cases {
namespace {

size_t number(const char* variable, size_t otherwise) {
    const char* text = std::getenv(variable);
    return text ? std::strtoul(text, nullptr, 10) : otherwise;
}

}  // namespace

Selection Selection::fromEnvironment() {
    Selection s;
    s.step = std::max<size_t>(1, number("SINTER_CASE_STEP", 1));
    s.from = number("SINTER_CASE_FROM", 0);
    s.tiles = number("SINTER_CASE_TILES", 0);
    const char* given = std::getenv("SINTER_KERNEL");
    for (std::string rest = given ? given : ""; !rest.empty();) {
        const size_t end = std::min(rest.find(','), rest.size());
        if (end > 0) s.words.push_back(rest.substr(0, end));
        rest.erase(0, std::min(end + 1, rest.size()));
    }
    return s;
}

std::vector<size_t> Selection::choose(std::span<const std::string> names, size_t caseIndex) const {
    std::map<std::string_view, std::vector<size_t>> families;
    for (size_t i = 0; i < names.size(); ++i) {
        const auto named = [&](const std::string& word) { return names[i].find(word) != std::string::npos; };
        if (words.empty() || std::any_of(words.begin(), words.end(), named)) families[familyOf(names[i])].push_back(i);
    }
    std::vector<size_t> chosen;
    for (const auto& [family, members] : families) {
        const size_t count = tiles == 0 ? members.size() : std::min(tiles, members.size());
        for (size_t i = 0; i < count; ++i) chosen.push_back(members[(caseIndex * count + i) % members.size()]);
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

std::string_view familyOf(std::string_view name) {
    const auto digit = [&](size_t i) { return i < name.size() && std::isdigit(static_cast<unsigned char>(name[i])) != 0; };
    for (size_t at = name.find("__"); at < name.size(); ++at) {
        if (name[at] != '_' || !digit(at + 1)) continue;
        size_t x = at + 1;
        while (digit(x)) ++x;
        if (x < name.size() && name[x] == 'x' && digit(x + 1)) return name.substr(0, at);
    }
    return name;
}

}  // namespace sinter::cases
