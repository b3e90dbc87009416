// A stand-in for NVRTC: compiles kernel sources with the host's C++ compiler into libraries for the emulated driver. The
// "cubin" is such a library with its size in front. For tests on machines without a GPU.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Program {
    std::string source, name, log, library;
    std::vector<std::pair<std::string, std::string>> headers;
};

std::string read(const fs::path& p) {
    std::ifstream in(p, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& p, const std::string& text) { std::ofstream(p, std::ios::binary) << text; }

std::string shellQuoted(const std::string& s) {
    std::string q = "'";
    for (const char c : s) q += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return q + "'";
}

/// One caller per entry point, which unpacks its parameters.
std::string thunks(const std::string& source) {
    static const std::regex entry(R"(__global__[^;{]*?\bvoid\b[^;{(]*?(?:__launch_bounds__\([^)]*\)\s*)?(\w+)\s*\()");
    std::string out = "\n";
    for (std::sregex_iterator it(source.begin(), source.end(), entry), end; it != end; ++it) {
        const std::string name = (*it)[1];
        out += "extern \"C\" __attribute__((visibility(\"default\"))) void emulated_" + name + "(void** p) { emulated::call(&" + name + ", p); }\n";
        out += "extern \"C\" __attribute__((visibility(\"default\"))) size_t emulated_size_" + name + "(size_t i) { return emulated::size_of_parameter(&" + name + ", i); }\n";
    }
    return out;
}

}  // namespace

extern "C" {

int nvrtcVersion(int* major, int* minor) {
    *major = 0;
    *minor = 1;
    return 0;
}

int nvrtcCreateProgram(void** p, const char* source, const char* name, int count, const char* const* texts, const char* const* names) {
    auto* program = new Program{source, name, {}, {}, {}};
    for (int i = 0; i < count; ++i) program->headers.emplace_back(names[i], texts[i]);
    *p = program;
    return 0;
}

int nvrtcDestroyProgram(void** p) {
    delete static_cast<Program*>(*p);
    *p = nullptr;
    return 0;
}

int nvrtcCompileProgram(void* p, int count, const char* const* options) {
    auto& program = *static_cast<Program*>(p);
    // SINTER_EMULATED_BAD_KERNEL: text in the name of a source or in one of its macros that then does not compile.
    if (const char* bad = std::getenv("SINTER_EMULATED_BAD_KERNEL")) {
        std::string all = program.name;
        for (int i = 0; i < count; ++i) all += std::string("\n") + options[i];
        program.log = program.name + "(1): error: a kernel that does not compile, for a test\n";
        if (all.find(bad) != std::string::npos) return 6;
    }
    std::string folder = (fs::temp_directory_path() / "sinter-emulator-XXXXXX").string();
    if (!mkdtemp(folder.data())) return 1;
    const fs::path at = folder;
    for (const auto& [name, text] : program.headers) write(at / name, text);
    write(at / "kernel.cpp", "#include \"" SINTER_EMULATED_HEADER "\"\n#line 1 \"" + program.name + "\"\n" + program.source + thunks(program.source));
    const char* compiler = std::getenv("SINTER_EMULATOR_CXX");
    std::string command = std::string("cd ") + shellQuoted(folder) + " && " + (compiler ? compiler : "c++") +
                          " -std=c++17 -O1 -w -c -fPIC -fvisibility=hidden -ffp-contract=off -DSINTER_EMULATED";
    for (int i = 0; i < count; ++i) {
        if (std::strncmp(options[i], "-D", 2) == 0) command += " " + shellQuoted(options[i]);
    }
    command += " kernel.cpp -o kernel.o > log 2>&1 && c++ -shared kernel.o -o kernel.so >> log 2>&1";
    const int code = std::system(command.c_str());
    program.log = read(at / "log");
    if (code == 0) {
        const std::string bytes = read(at / "kernel.so");
        const uint64_t size = bytes.size();
        program.library.assign(reinterpret_cast<const char*>(&size), sizeof size);
        program.library += bytes;
    }
    fs::remove_all(at);
    return code == 0 ? 0 : 6;
}

int nvrtcGetCUBINSize(void* p, size_t* size) {
    *size = static_cast<Program*>(p)->library.size();
    return 0;
}
int nvrtcGetCUBIN(void* p, char* out) {
    const std::string& l = static_cast<Program*>(p)->library;
    std::memcpy(out, l.data(), l.size());
    return 0;
}
// The "PTX" of a library is the library again, as far as a test asks for it.
int nvrtcGetPTXSize(void* p, size_t* size) {
    *size = std::getenv("SINTER_EMULATED_PTX") ? static_cast<Program*>(p)->library.size() : 0;
    return 0;
}
int nvrtcGetPTX(void* p, char* out) { return nvrtcGetCUBIN(p, out); }
int nvrtcGetProgramLogSize(void* p, size_t* size) {
    *size = static_cast<Program*>(p)->log.size() + 1;
    return 0;
}
int nvrtcGetProgramLog(void* p, char* out) {
    const std::string& l = static_cast<Program*>(p)->log;
    std::memcpy(out, l.c_str(), l.size() + 1);
    return 0;
}
const char* nvrtcGetErrorString(int) { return "emulated compiler error"; }
}
