#include "core/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>

namespace sinter {
namespace {

/// An address inside the object that this file is linked into.
const char anchor = 0;

struct Search {
    uintptr_t address;
    std::string found;
};

std::string digestOf(const std::byte* note, const std::byte* end) {
    const auto padded = [](size_t n) { return (n + 3) / 4 * 4; };
    while (note + sizeof(ElfW(Nhdr)) <= end) {
        ElfW(Nhdr) header;
        std::memcpy(&header, note, sizeof header);
        const std::byte* name = note + sizeof header;
        const std::byte* digest = name + padded(header.n_namesz);
        if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0 && digest + header.n_descsz <= end) {
            std::string text;
            for (size_t i = 0; i < header.n_descsz; ++i) {
                const auto byte = static_cast<unsigned>(digest[i]);
                text += "0123456789abcdef"[byte >> 4];
                text += "0123456789abcdef"[byte & 15];
            }
            return text;
        }
        note = digest + padded(header.n_descsz);
    }
    return "";
}

int visit(dl_phdr_info* object, size_t, void* data) {
    auto& search = *static_cast<Search*>(data);
    bool ours = false;
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const auto& part = object->dlpi_phdr[i];
        const uintptr_t start = object->dlpi_addr + part.p_vaddr;
        ours = ours || (part.p_type == PT_LOAD && search.address >= start && search.address - start < part.p_memsz);
    }
    if (!ours) return 0;
    for (int i = 0; i < object->dlpi_phnum && search.found.empty(); ++i) {
        const auto& part = object->dlpi_phdr[i];
        if (part.p_type != PT_NOTE) continue;
        const auto* note = reinterpret_cast<const std::byte*>(object->dlpi_addr + part.p_vaddr);
        search.found = digestOf(note, note + part.p_memsz);
    }
    return 1;
}

}  // namespace

std::string buildId() {
    Search search{reinterpret_cast<uintptr_t>(&anchor), ""};
    dl_iterate_phdr(visit, &search);
    return search.found;
}

}  // namespace sinter
