#include "cuda/libraries/tactic_library.h"

#include <array>

#include "core/error.h"
#include "cuda/libraries/cublas_lt.h"
#include "cuda/libraries/cudnn.h"

namespace sinter::cuda {

std::span<TacticLibrary* const> tacticLibraries() {
    static const std::array<TacticLibrary*, 2> all{&cublasLtLibrary(), &cudnnLibrary()};
    return all;
}

TacticLibrary* findLibrary(std::string_view source) {
    for (TacticLibrary* l : tacticLibraries()) {
        if (l->source() == source) return l;
    }
    return nullptr;
}

void requireVersion(const TacticLibrary& library, std::string_view version) {
    const SupportLibrary& found = library.info();
    const std::string needs = "the engine needs " + found.name + " " + std::string(version) + ", ";
    const std::string without = "; or build it with --tactic-sources -" + std::string(library.option());
    if (found.path.empty()) throw Error(ErrorCode::Device, needs + "which is not here: " + found.problem + without);
    if (found.version == version) return;
    throw Error(ErrorCode::Device, needs + "this machine has " + found.version + " (" + found.path + "): build the engine again here" + without);
}

TacticLibrary* libraryOf(std::string_view tactic) {
    const size_t end = tactic.find(':');
    if (end == std::string_view::npos) return nullptr;
    TacticLibrary* library = findLibrary(tactic.substr(0, end));
    if (!library) return nullptr;
    const size_t version = tactic.find(':', end + 1);
    if (version == std::string_view::npos) throw Error(ErrorCode::Kernel, "\"" + std::string(tactic) + "\" names no version of its library");
    requireVersion(*library, tactic.substr(end + 1, version - end - 1));
    return library;
}

std::string_view algorithmOf(std::string_view tactic) {
    const size_t at = tactic.rfind("__");
    return at == std::string_view::npos ? std::string_view{} : tactic.substr(at + 2);
}

}  // namespace sinter::cuda
