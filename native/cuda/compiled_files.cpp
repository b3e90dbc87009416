#include "cuda/compiled_files.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/crc32.h"
#include "cuda/driver.h"

namespace sinter::cuda {
namespace {

namespace fs = std::filesystem;

struct Head {
    char magic[8] = {'S', 'I', 'N', 'T', 'K', 'R', 'N', '1'};
    uint64_t cubin = 0, ptx = 0;
    uint32_t crc = 0, unused = 0;
};

fs::path folder() {
    if (const char* given = std::getenv("SINTER_KERNEL_CACHE")) return std::string(given) == "none" ? fs::path() : fs::path(given);
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache) return fs::path(cache) / "sinter-studio/kernels";
    if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache/sinter-studio/kernels";
    return {};
}

fs::path fileOf(const std::string& key) {
    const fs::path at = folder();
    const Compiler* c = Compiler::get();
    if (at.empty() || !c) return {};
    int major = 0, minor = 0;
    c->version(&major, &minor);
    std::string name = key + "-nvrtc" + std::to_string(major) + "." + std::to_string(minor);
    for (char& ch : name) {
        if (ch == ':') ch = '-';
    }
    return at / name;
}

}  // namespace

std::optional<KernelBinary> readCompiled(const std::string& key) {
    const fs::path path = fileOf(key);
    if (path.empty()) return std::nullopt;
    std::ifstream in(path, std::ios::binary);
    Head head;
    if (!in.read(reinterpret_cast<char*>(&head), sizeof head) || std::memcmp(head.magic, Head{}.magic, sizeof head.magic) != 0) return std::nullopt;
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (bytes.size() != head.cubin + head.ptx || crc32(std::as_bytes(std::span(bytes))) != head.crc) return std::nullopt;
    return KernelBinary{key, bytes.substr(0, head.cubin), bytes.substr(head.cubin)};
}

void writeCompiled(const KernelBinary& binary) {
    const fs::path path = fileOf(binary.key);
    if (path.empty()) return;
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
    const std::string bytes = binary.cubin + binary.ptx;
    Head head;
    head.cubin = binary.cubin.size();
    head.ptx = binary.ptx.size();
    head.crc = crc32(std::as_bytes(std::span(bytes)));
    const fs::path staged = path.string() + "." + std::to_string(getpid()) + ".part";
    {
        std::ofstream out(staged, std::ios::binary);
        out.write(reinterpret_cast<const char*>(&head), sizeof head);
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        if (!out) {
            out.close();
            fs::remove(staged, ignored);
            return;
        }
    }
    fs::rename(staged, path, ignored);
}

}  // namespace sinter::cuda
